import { everyRule, type Rules } from '../../engine/rules.js';
import { objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { readTakenBack } from '../../model/taken-back.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources, type Resource } from '../client/resources.js';
import type { OpenCluster } from '../live/open-cluster.js';
import { keyOf } from '../live/read-secret.js';
import { policiesOf } from '../live/read-policies.js';
import { takenBackPath } from '../live/read-taken-back.js';
import { refused } from '../live/refusal.js';
import { readClockSkew } from './clock-skew.js';
import { mapPart, partOf, type Part } from './part.js';
import { readMetrics } from './read-metrics.js';
import { readReviewCounts } from './review-counts.js';
import type { Snapshot } from './snapshot.js';

/** What to look at. */
export interface SnapshotRequest {
  readonly instance: string;
  readonly ownNamespace: string;
  /** For each request. */
  readonly timeoutMs: number;
}

/**
 * Reads everything that `outrider status` shows, in parallel, only with GET. A forbidden or failed request is reported in
 * its part. For Secrets, only names are requested.
 *
 * @throws OutriderError `cluster_unavailable` if the API server does not answer at all, or does not know the user
 */
export async function readSnapshot(cluster: OpenCluster, request: SnapshotRequest): Promise<Snapshot> {
  const { client } = cluster;
  const { instance, ownNamespace, timeoutMs } = request;
  const get = (resource: Resource, namespace?: string) =>
    partOf(
      client.get(pathOf(resource, { name: instance, ...(namespace === undefined ? {} : { namespace }) }), {
        timeoutMs,
      }),
    );
  const list = async (path: string, labelSelector?: string) =>
    mapPart(await partOf(client.list(path, { timeoutMs, query: { labelSelector } })), ({ items }) => items);
  const ours = `app.kubernetes.io/name=outrider,app.kubernetes.io/instance=${instance}`;
  const inOwn = { namespace: ownNamespace };
  const podsRead = list(pathOf(resources.pods, inOwn), ours);
  const policiesRead = list(pathOf(resources.policies));
  const profilesRead = list(pathOf(resources.profiles));
  const compiledRead = Promise.all([policiesRead, profilesRead]).then(([policies, profiles]) =>
    !policies.known ? policies : mapPart(profiles, (objects) => policiesOf(policies.value, objects, { instance })),
  );
  const [
    version,
    deployments,
    pods,
    lease,
    configMap,
    takenBack,
    mutating,
    validating,
    policies,
    profiles,
    namespaces,
  ] = await Promise.all([
    readVersion(client, timeoutMs),
    list(pathOf(resources.deployments, inOwn), ours),
    podsRead,
    get(resources.leases, ownNamespace),
    get(resources.configMaps, ownNamespace),
    partOf(client.get(takenBackPath(request), { timeoutMs })),
    get(resources.mutatingWebhooks),
    get(resources.validatingWebhooks),
    policiesRead,
    profilesRead,
    partOf(client.list(pathOf(resources.namespaces), { timeoutMs, metadataOnly: true })),
  ]);
  const compiled = await compiledRead;
  const [secrets, metrics] = await Promise.all([
    readSecretNames(cluster, compiled.known ? compiled.value.rules : undefined, timeoutMs),
    readMetrics(cluster, pods.known ? pods.value : [], ownNamespace, timeoutMs),
  ]);
  return {
    server: client.server,
    instance,
    ownNamespace,
    nowMs: cluster.clock.wallMs(),
    version,
    deployments,
    pods,
    lease,
    configMap,
    takenBack: mapPart(takenBack, ({ data }) => readTakenBack(data)),
    mutating,
    validating,
    policies,
    profiles,
    namespaces: mapPart(namespaces, ({ items }) => new Map(items.flatMap(labelled))),
    compiled,
    secrets,
    reviews: new Map([...metrics].map(([pod, text]) => [pod, mapPart(text, readReviewCounts)])),
    clocks: new Map([...metrics].flatMap(clockOf)),
  };
}

/** Nearly every user may read it. Any refusal except `Forbidden` means that the user is unknown, or nothing answers. */
async function readVersion(client: ApiClient, timeoutMs: number): Promise<string> {
  try {
    return stringOf((await client.get('/version', { timeoutMs }))['gitVersion']) ?? '';
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return '';
    throw refused(error, client.server, 'its version', 'use another account');
  }
}

/** Which namespaces have the Secrets that policies refer to: one list for each Secret name. */
async function readSecretNames(
  { client }: OpenCluster,
  rules: Rules | undefined,
  timeoutMs: number,
): Promise<Snapshot['secrets']> {
  const every = rules === undefined ? [] : everyRule(rules);
  const wanted = new Set(every.flatMap(([, rule]) => keyOf(rule)?.name ?? []));
  const read = async (name: string): Promise<[string, Part<ReadonlySet<string>>]> => {
    const query = { fieldSelector: `metadata.name=${name}` };
    const part = await partOf(client.list(pathOf(resources.secrets), { query, timeoutMs, metadataOnly: true }));
    return [name, mapPart(part, ({ items }) => new Set(items.flatMap(namespaceOf)))];
  };
  return new Map(await Promise.all([...wanted].map(read)));
}

function clockOf([pod, text]: readonly [string, Part<string>]): readonly (readonly [string, number])[] {
  const seconds = text.known ? readClockSkew(text.value) : undefined;
  return seconds === undefined ? [] : [[pod, seconds]];
}

function labelled({ metadata }: JsonObject): readonly (readonly [string, StringMap])[] {
  const about = objectOf(metadata);
  const name = stringOf(about?.['name']);
  // No pod can be created in a namespace that is being deleted, so its pods need no Secrets (U24).
  const isGoing = about?.['deletionTimestamp'] !== undefined;
  return name === undefined || isGoing ? [] : [[name, stringMembersOf(about?.['labels'])]];
}

function namespaceOf({ metadata }: JsonObject): readonly string[] {
  const name = stringOf(objectOf(metadata)?.['namespace']);
  return name === undefined ? [] : [name];
}
