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

/** Who a configuration belongs to, so that the garbage collector ends it with the installation. */
export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/** All that a configuration should be. */
export interface Intent {
  readonly kind: ConfigurationKind;
  readonly instance: string;
  readonly entries: readonly WebhookEntry[];
  /** For the record: what the API server has taken. */
  readonly matchConditions: readonly MatchCondition[];
  readonly owner: Owner | undefined;
  /** Whether the self-test is called by a path that names the object. */
  readonly hashed: boolean;
}

/** A configuration as it should stand, with what others added to selectors. */
export interface Target {
  /** To be applied: what is ours, and the selectors as a whole. */
  readonly object: JsonObject;
  readonly webhooks: readonly JsonObject[];
  /** What others added, by entry: for people. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
}

/** What stands above the entries of a configuration of ours. */
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

/** What is to be written, given what stands there. */
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
    metadata: ownMetadata(instance, owner, { [names.written]: writtenText(entries, intent.matchConditions, over) }),
    webhooks: called,
  };
  return { object, webhooks: called, foreign };
}

function asCalled(webhook: JsonObject, hash: string): JsonObject {
  return webhook['name'] === selfTestName ? calledByHash(webhook, hash) : webhook;
}

/** What the object's hash is made of beside the entries: what it was written over, or, where it is to be written, will be. */
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

/** Names of the entries that do not stand as they should; of those that should not be there too. */
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

/** Whether a configuration carries a pause marker, be it of a pause that is over. */
export function isMarked(live: JsonObject): boolean {
  return objectOf(objectOf(live['metadata'])?.['annotations'])?.[names.paused] !== undefined;
}

/** Whether everything that is ours stands as it should. */
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
 * The whole object with our entries put in place of whatever stands there of them. Entries of others stay.
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

/** The authorities that all our entries trust, base64; `undefined` when they differ or there is none. */
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

/** Where the API server calls us by a configuration: path or URL of each entry of ours, without the hash of the object. */
export function pathsIn(live: JsonObject | undefined, instance: string): readonly string[] {
  return listOf(live?.['webhooks'])
    .filter(isObject)
    .filter(({ name }) => isOwnName(stringOf(name) ?? '', instance))
    .map((webhook) => withoutObjectHash(pathOfEntry(webhook)));
}

/** Path or URL at which an entry calls; without either, empty. */
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
