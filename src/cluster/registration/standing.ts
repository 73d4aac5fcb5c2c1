import { createHash } from 'node:crypto';
import { objectHashAt } from '../../model/object-hash.js';
import type { JsonObject } from '../../model/json.js';
import type { DesiredRegistration, PolicyEntries } from './desired.js';
import type { ConfigurationKind, Installation, WebhookEntry } from './entry.js';
import { selfTestName } from './entry-names.js';
import { pathOfEntry, targetOf, wrongEntries, type Intent } from './webhook-configuration.js';

/** Our entries that are in one configuration as they should be. */
export interface StandingObject {
  /** The hash in the path of its self-test entry; `undefined` if the path has none, or the entry is not as it should be. */
  readonly hash: string | undefined;
  /** Digests by the name of each policy's entry: for which requests the API server calls, and where. */
  readonly entries: ReadonlyMap<string, string>;
}

/** What is in both configurations, and what policies want there. */
export interface Standing {
  readonly objects: Readonly<Record<ConfigurationKind, StandingObject>>;
  /** Whether every replica reports the hash that it is called by. Otherwise the paths contain none. */
  readonly hashed: boolean;
  readonly policies: ReadonlyMap<string, PolicyEntries>;
}

/**
 * Finds the entries that are as they should be, from what was read.
 * @param live the two configurations; a missing one has no such entries
 */
export function standingOf(
  desired: DesiredRegistration,
  intents: Readonly<Record<ConfigurationKind, Intent>>,
  live: Readonly<Record<ConfigurationKind, JsonObject | undefined>>,
  { address }: Pick<Installation, 'address'>,
): Standing {
  const objectOf = (kind: ConfigurationKind): StandingObject => {
    const intent = intents[kind];
    const target = targetOf(intent, live[kind]);
    const wrong = new Set(wrongEntries(target, live[kind], intent.instance));
    const self = target.webhooks.find(({ name }) => name === selfTestName);
    return {
      hash: self === undefined || wrong.has(selfTestName) ? undefined : objectHashAt(pathOfEntry(self)),
      entries: new Map(
        intent.entries
          .filter(({ name }) => name !== selfTestName && !wrong.has(name))
          .map((entry) => [entry.name, digestOf(entry, address)]),
      ),
    };
  };
  return {
    objects: { mutating: objectOf('mutating'), validating: objectOf('validating') },
    hashed: intents.mutating.hashed,
    policies: desired.byPolicy,
  };
}

/**
 * Covers everything that decides for which requests the API server calls, and where. Leaves out authorities and tokens:
 * they change with an overlap in which both are valid, so an API server with the earlier ones can still call.
 */
function digestOf(entry: WebhookEntry, address: Installation['address']): string {
  const text = JSON.stringify({ ...entry, clientConfig: address });
  return createHash('sha256').update(text).digest('base64url');
}
