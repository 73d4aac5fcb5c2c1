import { isArray, type JsonValue } from '../../model/json.js';

/** Functions whose short form is their name after `Fn::` (CloudFormation, "Intrinsic function reference"). */
const functions = new Set([
  'And',
  'Base64',
  'Cidr',
  'Contains',
  'EachMemberEquals',
  'EachMemberIn',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'GetStackOutput',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'RefAll',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
  'ValueOf',
  'ValueOfAll',
]);

/**
 * Key of the long form that a YAML tag stands for: `Ref` for `!Ref`, `Fn::Sub` for `!Sub`.
 *
 * @returns `undefined` for a tag that is not an intrinsic function of CloudFormation
 */
export function intrinsicOf(tag: string | undefined): string | undefined {
  if (tag === undefined || !tag.startsWith('!')) return undefined;
  const name = tag.slice(1);
  if (name === 'Ref' || name === 'Condition') return name;
  return functions.has(name) ? `Fn::${name}` : undefined;
}

/** A value under a short form, in the long form in which JSON templates have it. */
export function longForm(intrinsic: string, value: JsonValue): JsonValue {
  if (intrinsic !== 'Fn::GetAtt' || isArray(value) || typeof value !== 'string') return { [intrinsic]: value };
  const dot = value.indexOf('.');
  return { [intrinsic]: dot === -1 ? [value] : [value.slice(0, dot), value.slice(dot + 1)] };
}
