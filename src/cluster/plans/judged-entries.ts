import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject } from '../../model/json.js';
import { byApiServer } from '../../model/names.js';
import type { LabelSelector } from '../../model/selector.js';
import { entryName } from '../registration/entry-names.js';
import { isCalledForCondition, notClaimed } from '../registration/not-claimed.js';

/** A policy's selectors as one text. A proof only holds for these selectors. */
export function selectorsKey(namespaceSelector: LabelSelector, podSelector: LabelSelector): string {
  return JSON.stringify([namespaceSelector, podSelector]);
}

/** Names of the policies whose entry in the mutating webhook configuration is not called for all pods. */
export function skipping(
  live: JsonObject | undefined,
  policies: readonly string[],
  instance: string,
): readonly string[] {
  const entries = entriesOf(live);
  return policies.filter((policy) =>
    listOf(entries.get(entryName(policy, instance))?.['matchConditions'])
      .filter(isObject)
      .some(({ name }) => isCalledForCondition(name)),
  );
}

/** Names of the policies whose entry in a validating webhook configuration leaves claimed pods out. */
export function leavingOut(
  live: JsonObject | undefined,
  policies: readonly string[],
  instance: string,
): readonly string[] {
  const entries = entriesOf(live);
  return policies.filter((policy) => {
    const selector = objectOf(entries.get(entryName(policy, instance))?.['objectSelector']);
    return listOf(selector?.['matchExpressions'])
      .filter(isObject)
      .some(
        ({ key, operator, values }) =>
          key === notClaimed.key &&
          operator === notClaimed.operator &&
          stringsOf(values)?.includes(byApiServer) === true,
      );
  });
}

function entriesOf(live: JsonObject | undefined): ReadonlyMap<string | undefined, JsonObject> {
  return new Map(
    listOf(live?.['webhooks'])
      .filter(isObject)
      .map((entry) => [stringOf(entry['name']), entry]),
  );
}
