import { createHash } from 'node:crypto';
import { controlledPod, type Maker } from '../../cluster/dry-run/controlled-pod.js';
import { objectOf, stringMembersOf, type JsonObject } from '../../model/json.js';

/** A template, and where its pods are made. */
export interface PlacedTemplate {
  readonly namespace: string;
  readonly maker: Maker;
  /** Metadata and spec of the pod. */
  readonly pod: JsonObject;
}

/**
 * A hash that is the same for two templates if whoever judges pods cannot tell theirs apart: the same pod in the same
 * namespace, made by the same kind of object. Names do not count, nor the values of labels that only name the workload.
 */
export function toldApartBy({ namespace, maker, pod }: PlacedTemplate): string {
  const { labels, annotations } = objectOf(pod['metadata']) ?? {};
  const made = controlledPod(pod, { ...maker, name: '' }, { uid: '', number: 0 });
  const metadata = {
    labels: sorted(stringMembersOf(labels), (name, value) => (namingLabels.has(name) ? '' : value)),
    annotations: sorted(stringMembersOf(annotations), (name, value) => (isNoise(name) ? '' : value)),
  };
  const text = JSON.stringify([namespace, maker.apiVersion, maker.kind, metadata, made['spec']]);
  // The volume that the API server adds to a running pod for its token has a random name.
  return createHash('sha256').update(text.replaceAll(tokenVolume, '"kube-api-access"')).digest('hex').slice(0, 32);
}

const tokenVolume = /"kube-api-access-[a-z0-9]{5}"/g;

const namingLabels: ReadonlySet<string> = new Set([
  'app',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/name',
  'app.kubernetes.io/version',
  'apps.kubernetes.io/pod-index',
  'chart',
  'controller-revision-hash',
  'helm.sh/chart',
  'k8s-app',
  'name',
  'pod-template-hash',
  'release',
  'rollouts-pod-template-hash',
  'run',
  'statefulset.kubernetes.io/pod-name',
  'version',
]);

function isNoise(annotation: string): boolean {
  return annotation.startsWith('checksum/') || annotation === 'kubectl.kubernetes.io/restartedAt';
}

function sorted(
  map: Readonly<Record<string, string>>,
  valueOf: (name: string, value: string) => string,
): readonly (readonly [string, string])[] {
  return Object.entries(map)
    .map(([name, value]) => [name, valueOf(name, value)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
