import { createHash } from 'node:crypto';
import { objectHashAt } from '../../model/object-hash.js';
import type { JsonObject } from '../../model/json.js';
import type { DesiredRegistration, PolicyEntries } from './desired.js';
import type { ConfigurationKind, Installation, WebhookEntry } from './entry.js';
import { selfTestName } from './entry-names.js';
import { pathOfEntry, targetOf, wrongEntries, type Intent } from './webhook-configuration.js';

/** What of ours stands in one configuration as it should. */
export interface StandingObject {
  /** The hash by which its self-test is called; `undefined` where that names none, or does not stand as it should. */
  readonly hash: string | undefined;
  /** A digest, by the name of each policy's entry, of whom the API server calls for and where. */
  readonly entries: ReadonlyMap<string, string>;
}

/** What stands in both configurations, and what policies want there. */
export interface Standing {
  readonly objects: Readonly<Record<ConfigurationKind, StandingObject>>;
  /** Whether every replica tells the hash that it is called by: else none is in the paths. */
  readonly hashed: boolean;
  readonly policies: ReadonlyMap<string, PolicyEntries>;
}

/**
 * Says what stands, given what was read.
 * @param live the two configurations; a part that is not there stands nowhere
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
 * Of all that says for whom the API server calls, and whom. Not of authorities and tokens: they change with an overlap in which
 * either is good, so whoever still has the earlier ones calls all the same.
 */
function digestOf(entry: WebhookEntry, address: Installation['address']): string {
  const text = JSON.stringify({ ...entry, clientConfig: address });
  return createHash('sha256').update(text).digest('base64url');
}
