import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { pathOf, resources } from '../client/resources.js';
import type { OpenCluster } from '../live/open-cluster.js';
import { mapPart, partOf, type Part } from './part.js';
import { readMetrics } from './read-metrics.js';

/** One replica and its version. */
export interface ReplicaVersion {
  readonly name: string;
  /** Absent if neither the replica nor its image says it. */
  readonly version?: string;
  /** `metrics`: the replica said it. `image`: it could not be asked, and this is the tag of its image. */
  readonly from?: 'metrics' | 'image';
}

/** The versions in a cluster. */
export interface Versions {
  /** The API server's. */
  readonly kubernetes: Part<string>;
  readonly replicas: Part<readonly ReplicaVersion[]>;
}

/** The installation whose versions are read. */
export interface VersionsRequest {
  readonly instance: string;
  readonly ownNamespace: string;
  /** For each request. */
  readonly timeoutMs: number;
}

/** Reads which versions run, only with GET. A forbidden or failed request is reported in its part. */
export async function readVersions(cluster: OpenCluster, request: VersionsRequest): Promise<Versions> {
  const { client } = cluster;
  const { instance, ownNamespace, timeoutMs } = request;
  const query = { labelSelector: `app.kubernetes.io/name=outrider,app.kubernetes.io/instance=${instance}` };
  const [kubernetes, pods] = await Promise.all([
    partOf(client.get('/version', { timeoutMs })),
    partOf(client.list(pathOf(resources.pods, { namespace: ownNamespace }), { timeoutMs, query })),
  ]);
  const objects = pods.known ? pods.value.items : [];
  const metrics = await readMetrics(cluster, objects, ownNamespace, timeoutMs);
  return {
    kubernetes: mapPart(kubernetes, ({ gitVersion }) => stringOf(gitVersion) ?? ''),
    replicas: mapPart(pods, ({ items }) => items.map((pod) => replicaVersion(pod, metrics))),
  };
}

/** Exported for its test. */
export function replicaVersion(pod: JsonObject, metrics: ReadonlyMap<string, Part<string>>): ReplicaVersion {
  const name = stringOf(objectOf(pod['metadata'])?.['name']) ?? '';
  const text = metrics.get(name);
  const told =
    text?.known === true ? /^outrider_build_info\{[^}]*\bversion="([^"]*)"/m.exec(text.value)?.[1] : undefined;
  if (told !== undefined) return { name, version: told, from: 'metrics' };
  const [container] = listOf(objectOf(pod['spec'])?.['containers']).map(objectOf);
  const [reference = ''] = (stringOf(container?.['image']) ?? '').split('@');
  const tag = /:([^/:]+)$/.exec(reference)?.[1];
  return tag === undefined ? { name } : { name, version: tag, from: 'image' };
}
