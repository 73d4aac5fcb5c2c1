import { createHash } from 'node:crypto';
import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from '../../model/json.js';
import type { LabelRequirement, LabelSelector } from '../../model/selector.js';

/**
 * One requirement of a selector, with its meaning as a text. `matchLabels: {a: b}` and `a In [b]` have the same meaning, and
 * the order of values does not matter.
 */
interface Demand {
  readonly text: string;
  /** The requirement in the selector: a label, or an expression. */
  readonly label: readonly [string, JsonValue] | undefined;
  readonly expression: JsonValue | undefined;
}

const name = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const prefix = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * The same selector in a form that the API server accepts. It refuses keys and values that no label can have, and one of
 * them would keep all other entries from being written.
 * @returns `undefined` if it can select nothing
 */
export function acceptable(selector: LabelSelector): LabelSelector | undefined {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!isLabelKey(key) || !isLabelValue(value)) return undefined;
  }
  const expressions: LabelRequirement[] = [];
  for (const expression of selector.matchExpressions ?? []) {
    const { key, operator } = expression;
    const needsKey = operator === 'In' || operator === 'Exists';
    if (!isLabelKey(key)) {
      if (needsKey) return undefined;
      continue;
    }
    if (operator === 'Exists' || operator === 'DoesNotExist') {
      expressions.push({ key, operator });
      continue;
    }
    const values = (expression.values ?? []).filter(isLabelValue);
    if (values.length > 0) expressions.push({ key, operator, values });
    else if (needsKey) return undefined;
  }
  return {
    ...(Object.keys(selector.matchLabels ?? {}).length === 0 ? {} : { matchLabels: selector.matchLabels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
}

/** Short fingerprints of a selector's requirements, sorted. They are kept to know later what was ours. */
export function fingerprintsOf(selector: JsonObject): readonly string[] {
  return [...new Set(demandsOf(selector).map(fingerprintOf))].sort();
}

/**
 * A selector with our requirements and those that others have added (E40). Requirements in the live selector that we did not
 * last write are theirs, and stay as long as they leave them there.
 *
 * @param own our requirements
 * @param live the selector as it is; absent if there is none yet
 * @param written fingerprints of what we last wrote; absent if that is unknown. Then nothing counts as foreign, because an
 *   expression of an earlier policy would stay forever
 */
export function withForeign(
  own: LabelSelector,
  live: JsonObject | undefined,
  written: ReadonlySet<string> | undefined,
): JsonObject {
  if (live === undefined || written === undefined) return own;
  const ours = new Set(demandsOf(own).map(({ text }) => text));
  const foreign = demandsOf(live).filter((demand) => !ours.has(demand.text) && !written.has(fingerprintOf(demand)));
  if (foreign.length === 0) return own;
  const matchLabels: Record<string, JsonValue> = { ...own.matchLabels };
  const matchExpressions: JsonValue[] = [...(own.matchExpressions ?? [])];
  for (const { label, expression } of foreign) {
    if (expression !== undefined) matchExpressions.push(expression);
    if (label === undefined) continue;
    const [key, value] = label;
    if (Object.hasOwn(matchLabels, key)) matchExpressions.push({ key, operator: 'In', values: [value] });
    else matchLabels[key] = value;
  }
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
}

/** The requirements of a selector that are not ours, for people: `control-plane NotIn [true]`. */
export function foreignTexts(own: LabelSelector, merged: JsonObject): readonly string[] {
  const ours = new Set(demandsOf(own).map(({ text }) => text));
  return demandsOf(merged)
    .map(({ text }) => text)
    .filter((text) => !ours.has(text));
}

/** Whether two selectors have the same requirements, in any order and form. */
export function sameDemands(one: JsonObject, other: JsonObject): boolean {
  const texts = new Set(demandsOf(one).map(({ text }) => text));
  const others = new Set(demandsOf(other).map(({ text }) => text));
  return texts.size === others.size && [...texts].every((text) => others.has(text));
}

function demandsOf(selector: JsonObject): readonly Demand[] {
  return [
    ...Object.entries(objectOf(selector['matchLabels']) ?? {}).flatMap(([key, value]) =>
      typeof value !== 'string'
        ? []
        : [{ text: textOf(key, 'In', [value]), label: [key, value] as const, expression: undefined }],
    ),
    ...listOf(selector['matchExpressions'])
      .filter(isObject)
      .map((expression) => ({
        text: textOf(
          stringOf(expression['key']) ?? '',
          stringOf(expression['operator']) ?? '',
          stringsOf(expression['values']) ?? [],
        ),
        label: undefined,
        expression,
      })),
  ];
}

function textOf(key: string, operator: string, values: readonly string[]): string {
  const sorted = [...new Set(values)].sort();
  return sorted.length === 0 ? `${key} ${operator}` : `${key} ${operator} [${sorted.join(', ')}]`;
}

function fingerprintOf({ text }: Demand): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  const local = parts.pop() ?? '';
  if (local.length > 63 || !name.test(local)) return false;
  const [domain, ...more] = parts;
  return more.length === 0 && (domain === undefined || (domain.length <= 253 && prefix.test(domain)));
}

function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && name.test(value));
}
