import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { pathOf, resources } from '../client/resources.js';
import type { OpenCluster } from '../live/open-cluster.js';
import { partOf, type Part } from './part.js';

// Do not wait long for a replica that cannot be reached through the API server. Its metrics are optional.
const longestMetricsMs = 2_000;
const usualPlainPort = '8080';

/**
 * Reads the replicas' metrics in the Prometheus text format, through the API server's proxy, by pod.
 *
 * @param timeoutMs for each replica; at most 2 s are used
 */
export async function readMetrics(
  { readText }: Pick<OpenCluster, 'readText'>,
  pods: readonly JsonObject[],
  namespace: string,
  timeoutMs: number,
): Promise<ReadonlyMap<string, Part<string>>> {
  const read = async (pod: JsonObject): Promise<[string, Part<string>]> => {
    const name = stringOf(objectOf(pod['metadata'])?.['name']) ?? '';
    const target = { namespace, name: `${name}:${plainPortOf(pod)}`, subresource: 'proxy' };
    const path = `${pathOf(resources.pods, target)}/metrics`;
    return [name, await partOf(readText(path, Math.min(timeoutMs, longestMetricsMs)))];
  };
  return new Map(await Promise.all(pods.map(read)));
}

/** The port of health and metrics: the container port that is named after one of them. */
function plainPortOf(pod: JsonObject): string {
  const ports = listOf(objectOf(pod['spec'])?.['containers']).flatMap((item) => listOf(objectOf(item)?.['ports']));
  const found = ports
    .map(objectOf)
    .find((port) => ['plain', 'metrics', 'http-metrics', 'health'].includes(stringOf(port?.['name']) ?? ''));
  const number = found?.['containerPort'];
  return typeof number === 'number' ? String(number) : usualPlainPort;
}
