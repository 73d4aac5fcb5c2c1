import { isArray, isObject, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken, writePointer } from '../../model/json-pointer.js';
import { hasPlaceholder } from '../../model/loop-placeholders.js';
import type { Unseen } from './objects.js';

/*
 * CloudFormation's language extension Fn::ForEach. Among resources it repeats its body, which is written
 * down as any other resource is, for each item of its collection:
 *
 *     Fn::ForEach::Tasks: [Name, [web, worker], {'Task${Name}': {Type: …, Properties: …}}]
 *
 * Inside of a resource it makes the keys of an object, and so the fields of a task, which are unknown before expansion.
 */

/** A resource of a template. */
export interface FoundResource {
  /** JSON pointer of it in the template. */
  readonly path: string;
  /** Its logical name as it is written, with the placeholders of the loops that it is in. */
  readonly name: string;
  readonly value: JsonValue | undefined;
  /** Identifiers of those loops, the outermost first. */
  readonly loops: readonly string[];
}

const loopKey = /^Fn::ForEach::./;
/** Maps whose keys are a user's or a driver's own words. Whatever a loop makes of them, they are not fields of the task. */
const freeMaps: ReadonlySet<string> = new Set(['DockerLabels', 'Options', 'Metadata']);

/** The resources of a CloudFormation template in their order, those in loops and in loops of loops among them. */
export function resourcesOf(template: JsonObject): readonly FoundResource[] {
  const resources = objectOf(template['Resources']);
  return resources === undefined ? [] : unfold(resources, ['Resources'], []);
}

function unfold(fragment: JsonObject, keys: readonly string[], loops: readonly string[]): readonly FoundResource[] {
  return Object.entries(fragment).flatMap(([name, value]) => {
    const at = [...keys, name];
    const loop = loopKey.test(name) ? loopOf(value) : undefined;
    if (loop === undefined) return [{ path: writePointer(at), name, value, loops }];
    return unfold(loop.body, [...at, '2'], [...loops, loop.identifier]);
  });
}

function loopOf(value: JsonValue | undefined): { readonly identifier: string; readonly body: JsonObject } | undefined {
  if (!isArray(value) || value.length !== 3) return undefined;
  const [identifier, , body] = value;
  return typeof identifier === 'string' && identifier !== '' && isObject(body) ? { identifier, body } : undefined;
}

/**
 * Whether the fields of a resource that holds a task are only known once CloudFormation has expanded its loops.
 *
 * @returns the message about it; `undefined` for one that can be read as it is
 */
export function expandedLater({ path, name, value, loops }: FoundResource): Unseen | undefined {
  if (!isObject(value)) return undefined;
  const about = { kind: 'AWS::ECS::TaskDefinition', name, remedy: expandFirst };
  const field = keyMadeByLoop(value, path, loops);
  if (field !== undefined) {
    const made = `${field} makes fields of the task by Fn::ForEach`;
    return { ...about, path: field, detail: `${made}, which are known only once CloudFormation has expanded it` };
  }
  const list = objectOf(value['Properties'])?.['ContainerDefinitions'];
  if (loops.length === 0 || isArray(list)) return undefined;
  const at = `${path}/Properties/ContainerDefinitions`;
  const detail =
    list === undefined
      ? `${path} stands in Fn::ForEach and has no ContainerDefinitions`
      : `${at} stands in Fn::ForEach and is no list of containers but ${described(list)}, which is known only once CloudFormation has expanded it`;
  return { ...about, path: list === undefined ? path : at, detail };
}

/** The remedy for content that only CloudFormation expands. */
export const expandFirst =
  'Give the expanded template, as `aws cloudformation get-template --stack-name NAME --template-stage Processed` prints it, or write the tasks out.';

function described(value: JsonValue): string {
  if (!isObject(value)) return 'a placeholder';
  return Object.keys(value).join(', ') || 'an empty object';
}

/** Pointer of the first key of a task's own fields that a loop makes, or has its placeholder in. */
function keyMadeByLoop(value: JsonValue | undefined, path: string, loops: readonly string[]): string | undefined {
  const members = isArray(value) ? value.map((item, index) => [`${index}`, item] as const) : entriesOf(value);
  for (const [key, member] of members) {
    const at = `${path}/${pointerToken(key)}`;
    if (loopKey.test(key) || hasPlaceholder(key, loops)) return at;
    const found = freeMaps.has(key) ? undefined : keyMadeByLoop(member, at, loops);
    if (found !== undefined) return found;
  }
  return undefined;
}

function entriesOf(value: JsonValue | undefined): readonly (readonly [string, JsonValue | undefined])[] {
  return isObject(value) ? Object.entries(value) : [];
}
