import { createHash } from 'node:crypto';
import { objectHashLength, withObjectHash } from '../../model/object-hash.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { WebhookEntry } from './entry.js';

/**
 * The hash of a configuration as it is wanted: of every entry, without others' additions to selectors, and of the version
 * that it was written over. So it stays the same as long as the object exists, whichever replica leads, and a repaired
 * object has a different hash from the damaged one.
 *
 * @param over resourceVersion of the object that it replaces; empty if there was none
 */
export function objectHashOf(entries: readonly WebhookEntry[], over: string): string {
  const text = JSON.stringify([over, entries]);
  return createHash('sha256').update(text).digest('hex').slice(0, objectHashLength);
}

/** An entry whose path names the object. */
export function calledByHash(entry: JsonObject, hash: string): JsonObject {
  const config = objectOf(entry['clientConfig']) ?? {};
  const service = objectOf(config['service']);
  const clientConfig =
    service === undefined
      ? { ...config, url: withObjectHash(stringOf(config['url']) ?? '', hash) }
      : { ...config, service: { ...service, path: withObjectHash(stringOf(service['path']) ?? '', hash) } };
  return { ...entry, clientConfig };
}
