import { createHash } from 'node:crypto';
import { objectHashLength, withObjectHash } from '../../model/object-hash.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { WebhookEntry } from './entry.js';

/**
 * Hash of a configuration as it is wanted: of every entry, without what others add to selectors, and of what it was written
 * over. So it stays while the object stands, whoever leads, and a repair has another one than what somebody had spoiled.
 *
 * @param over resourceVersion of the object that it replaces; empty: there was none
 */
export function objectHashOf(entries: readonly WebhookEntry[], over: string): string {
  const text = JSON.stringify([over, entries]);
  return createHash('sha256').update(text).digest('hex').slice(0, objectHashLength);
}

/** An entry that is called by a path which names the object. */
export function calledByHash(entry: JsonObject, hash: string): JsonObject {
  const config = objectOf(entry['clientConfig']) ?? {};
  const service = objectOf(config['service']);
  const clientConfig =
    service === undefined
      ? { ...config, url: withObjectHash(stringOf(config['url']) ?? '', hash) }
      : { ...config, service: { ...service, path: withObjectHash(stringOf(service['path']) ?? '', hash) } };
  return { ...entry, clientConfig };
}
