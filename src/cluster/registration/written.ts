import { isArray, isObject, objectOf, stringOf, stringsOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { WebhookEntry } from './entry.js';
import type { MatchCondition } from './match-conditions.js';
import { fingerprintsOf } from './selectors.js';

/** The selectors of a webhook, of which others may add to. */
export const selectorFields = ['namespaceSelector', 'objectSelector'] as const;
export type SelectorField = (typeof selectorFields)[number];

/** What was last written into a configuration, as its annotation tells it. */
export interface Written {
  /** Fingerprints of what was asked for by a selector of an entry; absent when that is not known. */
  fingerprints(entry: string, field: SelectorField): ReadonlySet<string> | undefined;
  /** The match conditions that the API server has taken; absent when that is not known. */
  readonly matchConditions: readonly MatchCondition[] | undefined;
  /** The resourceVersion that it was written over; absent when that is not known. */
  readonly over: string | undefined;
}

/**
 * The annotation's text for these entries, as they are without what others added.
 * @param over resourceVersion of what they are written over, where their hash is made of it
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

/** Reads the annotation. What of it cannot be read is not known. */
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
