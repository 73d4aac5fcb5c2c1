import { isDeepStrictEqual } from 'node:util';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { withoutObjectHash } from '../../model/object-hash.js';
import { apiVersionOf, resources, type Resource } from '../client/resources.js';
import type { ConfigurationKind, WebhookEntry } from './entry.js';
import { isOwnName, selfTestName } from './entry-names.js';
import type { MatchCondition } from './match-conditions.js';
import { calledByHash, objectHashOf } from './object-hash.js';
import { foreignTexts, sameDemands, withForeign } from './selectors.js';
import { readWritten, selectorFields, writtenText } from './written.js';

/** The resource of each configuration. */
export const configurationResources: Readonly<Record<ConfigurationKind, Resource>> = {
  mutating: resources.mutatingWebhooks,
  validating: resources.validatingWebhooks,
};

/** The owner of a configuration, so that the garbage collector deletes it with the installation. */
export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/** Everything that a configuration should contain. */
export interface Intent {
  readonly kind: ConfigurationKind;
  readonly instance: string;
  readonly entries: readonly WebhookEntry[];
  /** For the record: the conditions that the API server has accepted. */
  readonly matchConditions: readonly MatchCondition[];
  readonly owner: Owner | undefined;
  /** Further annotations, from the settings; ours win. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Whether the self-test's path names the object. */
  readonly hashed: boolean;
}

/** A configuration as it should be, with what others added to selectors. */
export interface Target {
  /** To apply: our parts, and the complete selectors. */
  readonly object: JsonObject;
  readonly webhooks: readonly JsonObject[];
  /** What others added, by entry: for people. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
}

/** The fields above the entries in a configuration of ours. */
export function ownMetadata(
  instance: string,
  owner: Owner | undefined,
  annotations: Readonly<Record<string, string>>,
): JsonObject {
  const { kind } = resources.clusterRoles;
  return {
    name: instance,
    labels: {
      'app.kubernetes.io/name': 'outrider',
      'app.kubernetes.io/managed-by': 'outrider',
    },
    annotations,
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: apiVersionOf(resources.clusterRoles), kind, ...owner }] }),
  };
}

/** What to write, given the existing object. */
export function targetOf(intent: Intent, live: JsonObject | undefined): Target {
  const { kind, instance, entries, owner, hashed } = intent;
  const written = readWritten(live);
  const foreign = new Map<string, readonly string[]>();
  const webhooks = entries.map((entry): JsonObject => {
    const there = liveEntry(live, entry.name);
    const selectors = selectorFields.map(
      (field) =>
        [field, withForeign(entry[field], objectOf(there?.[field]), written.fingerprints(entry.name, field))] as const,
    );
    const texts = selectors.flatMap(([field, selector]) => foreignTexts(entry[field], selector));
    if (texts.length > 0) foreign.set(entry.name, texts);
    const { matchConditions, ...rest } = entry;
    return {
      ...rest,
      ...Object.fromEntries(selectors),
      ...(matchConditions.length === 0 ? {} : { matchConditions }),
    };
  });
  const over = hashed ? writtenOver(intent, webhooks, live) : undefined;
  const hash = over === undefined ? undefined : objectHashOf(entries, over);
  const called = hash === undefined ? webhooks : webhooks.map((one) => asCalled(one, hash));
  const resource = configurationResources[kind];
  const object: JsonObject = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: ownMetadata(instance, owner, {
      ...intent.annotations,
      [names.written]: writtenText(entries, intent.matchConditions, over),
    }),
    webhooks: called,
  };
  return { object, webhooks: called, foreign };
}

function asCalled(webhook: JsonObject, hash: string): JsonObject {
  return webhook['name'] === selfTestName ? calledByHash(webhook, hash) : webhook;
}

/**
 * The other input of the object's hash, besides the entries: the version that it was written over, or will be written over.
 */
function writtenOver(
  { entries, instance }: Intent,
  webhooks: readonly JsonObject[],
  live: JsonObject | undefined,
): string {
  const { over } = readWritten(live);
  if (over !== undefined) {
    const hash = objectHashOf(entries, over);
    const target = { webhooks: webhooks.map((one) => asCalled(one, hash)) };
    if (wrongEntries(target, live, instance).length === 0) return over;
  }
  return stringOf(objectOf(live?.['metadata'])?.['resourceVersion']) ?? '';
}

/** Names of the entries that are not as they should be, including those that should not exist. */
export function wrongEntries(
  target: Pick<Target, 'webhooks'>,
  live: JsonObject | undefined,
  instance: string,
): readonly string[] {
  const wanted = new Map(target.webhooks.map((webhook) => [stringOf(webhook['name']) ?? '', webhook]));
  const wrong = [...wanted].filter(([name, webhook]) => !isAsWanted(webhook, liveEntry(live, name)));
  const stale = liveNames(live).filter((name) => isOwnName(name, instance) && !wanted.has(name));
  return [...wrong.map(([name]) => name), ...stale];
}

/** Whether a configuration carries a pause marker, even of a pause that is over. */
export function isMarked(live: JsonObject): boolean {
  return objectOf(objectOf(live['metadata'])?.['annotations'])?.[names.paused] !== undefined;
}

/** Whether all our parts are as they should be. */
export function isAsIntended(target: Target, live: JsonObject | undefined, instance: string): boolean {
  if (live === undefined || isMarked(live) || wrongEntries(target, live, instance).length > 0) return false;
  const wanted = objectOf(target.object['metadata']);
  const there = objectOf(live['metadata']);
  const owners = listOf(there?.['ownerReferences']).filter(isObject);
  return (
    (['labels', 'annotations'] as const).every((field) =>
      Object.entries(objectOf(wanted?.[field]) ?? {}).every(
        ([key, value]) => objectOf(there?.[field])?.[key] === value,
      ),
    ) &&
    listOf(wanted?.['ownerReferences'])
      .filter(isObject)
      .every((owner) => owners.some(({ uid }) => uid === owner['uid']))
  );
}

/**
 * The whole object with our entries in place of their existing versions. Entries of others stay.
 * @param live what was read or answered last; its `resourceVersion` guards the write
 */
export function replacementOf(target: Target, live: JsonObject, instance: string): JsonObject {
  const ours = new Set(target.webhooks.map(({ name }) => name));
  const others = listOf(live['webhooks'])
    .filter(isObject)
    .filter(({ name }) => !ours.has(name) && !isOwnName(stringOf(name) ?? '', instance));
  const metadata = objectOf(live['metadata']) ?? {};
  const wanted = objectOf(target.object['metadata']) ?? {};
  return {
    ...live,
    metadata: {
      ...metadata,
      ...(wanted['ownerReferences'] === undefined ? {} : { ownerReferences: wanted['ownerReferences'] }),
      labels: { ...objectOf(metadata['labels']), ...objectOf(wanted['labels']) },
      annotations: { ...objectOf(metadata['annotations']), ...objectOf(wanted['annotations']) },
    },
    webhooks: [...target.webhooks, ...others],
  };
}

/** How many entries of ours a configuration has. */
export function ownEntries(live: JsonObject | undefined, instance: string): number {
  return liveNames(live).filter((name) => isOwnName(name, instance)).length;
}

/** The authorities that all our entries trust, base64; `undefined` if they differ or there is none. */
export function bundleIn(live: JsonObject | undefined, instance: string): string | undefined {
  const bundles = new Set(
    listOf(live?.['webhooks'])
      .filter(isObject)
      .filter(({ name }) => isOwnName(stringOf(name) ?? '', instance))
      .map((webhook) => stringOf(objectOf(webhook['clientConfig'])?.['caBundle'])),
  );
  const [only] = bundles;
  return bundles.size === 1 ? only : undefined;
}

/**
 * Where the API server calls us according to a configuration: the path or URL of each entry of ours, without the hash of the
 * object.
 */
export function pathsIn(live: JsonObject | undefined, instance: string): readonly string[] {
  return listOf(live?.['webhooks'])
    .filter(isObject)
    .filter(({ name }) => isOwnName(stringOf(name) ?? '', instance))
    .map((webhook) => withoutObjectHash(pathOfEntry(webhook)));
}

/** The path or URL that an entry calls; empty if it has neither. */
export function pathOfEntry(webhook: JsonObject): string {
  const config = objectOf(webhook['clientConfig']);
  return stringOf(objectOf(config?.['service'])?.['path']) ?? stringOf(config?.['url']) ?? '';
}

function isAsWanted(wanted: JsonObject, there: JsonObject | undefined): boolean {
  if (there === undefined) return false;
  if (wanted['matchConditions'] === undefined && listOf(there['matchConditions']).length > 0) return false;
  return Object.entries(wanted).every(([field, value]) => {
    const selector = selectorFields.some((name) => name === field);
    return selector
      ? sameDemands(objectOf(value) ?? {}, objectOf(there[field]) ?? {})
      : isDeepStrictEqual(value, there[field]);
  });
}

function liveEntry(live: JsonObject | undefined, name: string): JsonObject | undefined {
  return listOf(live?.['webhooks'])
    .filter(isObject)
    .find((webhook) => webhook['name'] === name);
}

function liveNames(live: JsonObject | undefined): readonly string[] {
  return listOf(live?.['webhooks'])
    .filter(isObject)
    .map(({ name }) => stringOf(name) ?? '');
}
