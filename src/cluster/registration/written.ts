import { isArray, isObject, objectOf, stringOf, stringsOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { WebhookEntry } from './entry.js';
import type { MatchCondition } from './match-conditions.js';
import { fingerprintsOf } from './selectors.js';

/** The selectors of a webhook, to which others may add. */
export const selectorFields = ['namespaceSelector', 'objectSelector'] as const;
export type SelectorField = (typeof selectorFields)[number];

/** What was last written into a configuration, according to its annotation. */
export interface Written {
  /** Fingerprints of the requirements of an entry's selector; absent if unknown. */
  fingerprints(entry: string, field: SelectorField): ReadonlySet<string> | undefined;
  /** The match conditions that the API server has accepted; absent if unknown. */
  readonly matchConditions: readonly MatchCondition[] | undefined;
  /** The resourceVersion that it was written over; absent if unknown. */
  readonly over: string | undefined;
}

/**
 * The annotation's text for these entries, without others' additions.
 * @param over resourceVersion of the object that they are written over, if their hash includes it
 */
export function writtenText(
  entries: readonly WebhookEntry[],
  matchConditions: readonly MatchCondition[],
  over?: string,
): string {
  return JSON.stringify({
    selectors: Object.fromEntries(
      entries.map((entry) => [entry.name, selectorFields.map((field) => fingerprintsOf(entry[field]))]),
    ),
    matchConditions,
    ...(over === undefined ? {} : { over }),
  });
}

/** Reads the annotation. Unreadable parts count as unknown. */
export function readWritten(configuration: JsonObject | undefined): Written {
  const text = stringOf(objectOf(objectOf(configuration?.['metadata'])?.['annotations'])?.[names.written]);
  const value = text === undefined ? undefined : objectOf(parsed(text));
  const selectors = objectOf(value?.['selectors']);
  const conditions = value?.['matchConditions'];
  return {
    fingerprints: (entry, field) => {
      const lists = selectors !== undefined && Object.hasOwn(selectors, entry) ? selectors[entry] : undefined;
      const list = isArray(lists) ? stringsOf(lists[selectorFields.indexOf(field)]) : undefined;
      return list === undefined ? undefined : new Set(list);
    },
    matchConditions: isArray(conditions) ? conditions.flatMap(conditionOf) : undefined,
    over: stringOf(value?.['over']),
  };
}

function conditionOf(value: unknown): readonly MatchCondition[] {
  const name = isObject(value) ? stringOf(value['name']) : undefined;
  const expression = isObject(value) ? stringOf(value['expression']) : undefined;
  return name === undefined || expression === undefined ? [] : [{ name, expression }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
