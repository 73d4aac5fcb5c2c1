import type { Rules } from '../../engine/rules.js';
import { listOf, objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources, type Resource } from '../client/resources.js';
import type { OpenCluster } from '../live/open-cluster.js';
import { keyOf } from '../live/read-secret.js';
import { policiesOf } from '../live/read-policies.js';
import { refused } from '../live/refusal.js';
import { readClockSkew } from './clock-skew.js';
import { mapPart, partOf, type Part } from './part.js';
import { readReviewCounts } from './review-counts.js';
import type { Snapshot } from './snapshot.js';

/** What is looked at. */
export interface SnapshotRequest {
  readonly instance: string;
  readonly ownNamespace: string;
  /** For each request. */
  readonly timeoutMs: number;
}

// A replica that cannot be reached through the API server is not waited for long: its counts are nice to have.
const longestMetricsMs = 2_000;
const usualPlainPort = '8080';

/**
 * Reads everything that `outrider status` shows, in parallel, with GET alone. What is forbidden or does not answer is
 * said in its part. Of Secrets only names are asked for.
 *
 * @throws OutriderError `cluster_unavailable` when the API server does not answer at all, or does not know the user
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
  const [version, deployments, pods, lease, configMap, mutating, validating, policies, profiles, namespaces] =
    await Promise.all([
      readVersion(client, timeoutMs),
      list(pathOf(resources.deployments, inOwn), ours),
      podsRead,
      get(resources.leases, ownNamespace),
      get(resources.configMaps, ownNamespace),
      get(resources.mutatingWebhooks),
      get(resources.validatingWebhooks),
      policiesRead,
      profilesRead,
      partOf(client.list(pathOf(resources.namespaces), { timeoutMs, metadataOnly: true })),
    ]);
  const compiled = await compiledRead;
  const [secrets, metrics] = await Promise.all([
    readSecretNames(cluster, compiled.known ? compiled.value.rules : undefined, timeoutMs),
    readMetrics(cluster, pods.known ? pods.value : [], ownNamespace, Math.min(timeoutMs, longestMetricsMs)),
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

/** Nearly everybody may read it. Any refusal but `Forbidden` means that the user is not known, or nobody answers. */
async function readVersion(client: ApiClient, timeoutMs: number): Promise<string> {
  try {
    return stringOf((await client.get('/version', { timeoutMs }))['gitVersion']) ?? '';
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return '';
    throw refused(error, client.server, 'its version', 'use another account');
  }
}

/** Which namespaces have the Secrets that policies refer to: one list of names for each name of a Secret. */
async function readSecretNames(
  { client }: OpenCluster,
  rules: Rules | undefined,
  timeoutMs: number,
): Promise<Snapshot['secrets']> {
  const wanted = new Set([...(rules?.byPolicy.values() ?? [])].flatMap((rule) => keyOf(rule)?.name ?? []));
  const read = async (name: string): Promise<[string, Part<ReadonlySet<string>>]> => {
    const query = { fieldSelector: `metadata.name=${name}` };
    const part = await partOf(client.list(pathOf(resources.secrets), { query, timeoutMs, metadataOnly: true }));
    return [name, mapPart(part, ({ items }) => new Set(items.flatMap(namespaceOf)))];
  };
  return new Map(await Promise.all([...wanted].map(read)));
}

/** The replicas' metrics, through the API server's proxy, by pod. */
async function readMetrics(
  { readText }: OpenCluster,
  pods: readonly JsonObject[],
  namespace: string,
  timeoutMs: number,
): Promise<ReadonlyMap<string, Part<string>>> {
  const read = async (pod: JsonObject): Promise<[string, Part<string>]> => {
    const name = stringOf(objectOf(pod['metadata'])?.['name']) ?? '';
    const target = { namespace, name: `${name}:${plainPortOf(pod)}`, subresource: 'proxy' };
    return [name, await partOf(readText(`${pathOf(resources.pods, target)}/metrics`, timeoutMs))];
  };
  return new Map(await Promise.all(pods.map(read)));
}

function clockOf([pod, text]: readonly [string, Part<string>]): readonly (readonly [string, number])[] {
  const seconds = text.known ? readClockSkew(text.value) : undefined;
  return seconds === undefined ? [] : [[pod, seconds]];
}

/** The port of health and metrics: the container port that is called after one of them. */
function plainPortOf(pod: JsonObject): string {
  const ports = listOf(objectOf(pod['spec'])?.['containers']).flatMap((item) => listOf(objectOf(item)?.['ports']));
  const found = ports
    .map(objectOf)
    .find((port) => ['plain', 'metrics', 'http-metrics', 'health'].includes(stringOf(port?.['name']) ?? ''));
  const number = found?.['containerPort'];
  return typeof number === 'number' ? String(number) : usualPlainPort;
}

function labelled({ metadata }: JsonObject): readonly (readonly [string, StringMap])[] {
  const name = stringOf(objectOf(metadata)?.['name']);
  return name === undefined ? [] : [[name, stringMembersOf(objectOf(metadata)?.['labels'])]];
}

function namespaceOf({ metadata }: JsonObject): readonly string[] {
  const name = stringOf(objectOf(metadata)?.['namespace']);
  return name === undefined ? [] : [name];
}
