// Selects the pods to look at: at most a few of each workload.
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { listRunningPods } from '../../cluster/live/list-pods.js';
import { selectorText } from '../../cluster/live/read-running-pods.js';
import { readWorkload } from '../../cluster/live/read-workload.js';
import type { NamedWorkload } from '../../cluster/live/workload-kinds.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { workloadOf, type Workload } from '../../model/workload-of.js';
import { apiVersionOf } from '../../cluster/client/resources.js';

/** A workload, and the pods of it to look at. */
export interface Target {
  readonly namespace: string;
  readonly workload: Workload;
  /** How many of its pods run. */
  readonly running: number;
  /** Names of the pods to look at. */
  readonly pods: readonly string[];
}

/** How to find pods. */
export interface TargetOptions {
  /** At most this many of each workload. */
  readonly most: number;
  readonly timeoutMs: number;
}

/**
 * Finds the pods of one object.
 *
 * @throws OutriderError `object_missing`, `cluster_unavailable`; `usage` for an object that makes no pods
 */
export async function targetOf(
  { client }: Pick<OpenCluster, 'client'>,
  named: NamedWorkload,
  namespace: string,
  { most, timeoutMs }: TargetOptions,
): Promise<Target> {
  const { resource, name } = named;
  const workload = { apiVersion: apiVersionOf(resource), kind: resource.kind, name };
  const object = await readWorkload(client, named, namespace);
  if (resource.kind === 'Pod') return { namespace, workload, running: 1, pods: [name] };
  const labelSelector = selectorText(objectOf(object['spec'])?.['selector']);
  if (labelSelector === undefined) {
    const message = `${resource.kind} ${name} selects no pods by labels; name what it makes, such as job/NAME or pod/NAME.`;
    throw new OutriderError('usage', message);
  }
  const pods = await listRunningPods(client, { namespace, labelSelector, timeoutMs });
  return { namespace, workload, running: pods.length, pods: chosen(pods, most) };
}

/** Sorts pods by their workloads, in the order of namespaces and names. */
export function targetsIn(pods: readonly JsonObject[], most: number): readonly Target[] {
  const groups = new Map<string, { namespace: string; workload: Workload; pods: JsonObject[] }>();
  for (const metadata of pods) {
    const namespace = stringOf(metadata['namespace']) ?? '';
    const workload = workloadOf(metadata);
    if (workload === undefined) continue;
    const key = JSON.stringify([namespace, workload.kind, workload.name, workload.apiVersion]);
    const group = groups.get(key) ?? { namespace, workload, pods: [] };
    groups.set(key, group);
    group.pods.push(metadata);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { namespace, workload, pods }]) => ({
      namespace,
      workload,
      running: pods.length,
      pods: chosen(pods, most),
    }));
}

/** The oldest, which may be older than a policy, the newest, and an even selection of those between. */
function chosen(pods: readonly JsonObject[], most: number): readonly string[] {
  const byAge = pods
    .map((metadata) => ({
      name: stringOf(metadata['name']) ?? '',
      created: stringOf(metadata['creationTimestamp']) ?? '',
    }))
    .sort((a, b) => (a.created === b.created ? (a.name < b.name ? -1 : 1) : a.created < b.created ? -1 : 1));
  if (byAge.length <= most || most === 1) return byAge.slice(0, most).map(({ name }) => name);
  const step = (byAge.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => byAge[Math.round(index * step)]?.name ?? '');
}
