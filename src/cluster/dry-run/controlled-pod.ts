import { listOf, objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import { groupOf } from '../../model/workload-kinds.js';
import { claimedVolumes, withoutServersFields } from './pod-spec.js';

/** The object that makes the pod. */
export interface Maker {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** The object itself, for what its controller puts into pods besides the template. */
  readonly object: JsonObject;
}

/** What is made up, so that tests can know it. */
export interface MadeUp {
  readonly uid: string;
  /** A whole number from 0 up to, but not including, {@link ordinals}. */
  readonly number: number;
}

/** How many numbers there are for {@link MadeUp}. */
export const ordinals = 1_000_000_000;

/** Stands for the hash or the time in names that a controller makes. It has no digit, so no controller makes it. */
const madeUpPart = 'preflight';

/**
 * Makes the pod that a controller would create from a template: with owner, labels and volumes as it sets them. Its name is
 * its own: no pod of the controller can have it.
 *
 * @param template metadata and spec of the pod, with or without our parts
 */
export function controlledPod(template: JsonObject, maker: Maker, madeUp: MadeUp): JsonObject {
  const { metadata, spec } = partsOf(template);
  const made = madeBy(maker, madeUp, spec);
  const common = { apiVersion: 'v1', kind: 'Pod' };
  const { uid } = madeUp;
  return {
    ...common,
    metadata: {
      ...metadata,
      ...made.naming,
      labels: { ...stringMembersOf(metadata['labels']), ...made.labels },
      ...(made.owner === undefined
        ? {}
        : { ownerReferences: [{ ...made.owner, uid, controller: true, blockOwnerDeletion: false }] }),
      ...(made.finalizers === undefined ? {} : { finalizers: made.finalizers }),
    },
    spec: made.spec,
  };
}

/** What of a template goes into a pod: not what only the API server, the scheduler or a person decides. */
function partsOf(template: JsonObject): { readonly metadata: JsonObject; readonly spec: JsonObject } {
  const { labels, annotations } = objectOf(template['metadata']) ?? {};
  return {
    metadata: { ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) },
    spec: withoutServersFields(objectOf(template['spec']) ?? {}),
  };
}

interface Made {
  readonly naming: { readonly name: string } | { readonly generateName: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: { readonly apiVersion: string; readonly kind: string; readonly name: string } | undefined;
  readonly finalizers?: readonly string[];
  readonly spec: JsonObject;
}

function madeBy(maker: Maker, madeUp: MadeUp, spec: JsonObject): Made {
  const { apiVersion, kind, name } = maker;
  const owner = { apiVersion, kind, name };
  switch (`${groupOf(apiVersion)}/${kind}`) {
    case 'apps/Deployment':
      return byReplicaSet(name, 'pod-template-hash', spec);
    case 'argoproj.io/Rollout':
      return byReplicaSet(name, 'rollouts-pod-template-hash', spec);
    case 'apps/StatefulSet':
      return byStatefulSet(maker, madeUp, spec);
    case 'apps/DaemonSet':
      return byDaemonSet(owner, spec);
    case 'batch/Job':
      return byJob(name, madeUp, spec);
    case 'batch/CronJob':
      return byJob(`${name}-${madeUpPart}`, madeUp, spec);
    case '/Pod':
      return { naming: { generateName: `${name}-${madeUpPart}-` }, labels: {}, owner: undefined, spec };
    default:
      return { naming: { generateName: `${name}-${madeUpPart}-` }, labels: {}, owner, spec };
  }
}

function byReplicaSet(name: string, label: string, spec: JsonObject): Made {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${madeUpPart}` };
  return { naming: { generateName: `${owner.name}-` }, labels: { [label]: madeUpPart }, owner, spec };
}

/** The ordinal is one that no StatefulSet counts up to. */
function byStatefulSet({ apiVersion, kind, name, object }: Maker, { number }: MadeUp, spec: JsonObject): Made {
  const ordinal = String(ordinals + number);
  const podName = `${name}-${ordinal}`;
  const service = stringOf(objectOf(object['spec'])?.['serviceName']);
  return {
    naming: { name: podName },
    labels: {
      'statefulset.kubernetes.io/pod-name': podName,
      'apps.kubernetes.io/pod-index': ordinal,
      'controller-revision-hash': `${name}-${madeUpPart}`,
    },
    owner: { apiVersion, kind, name },
    spec: {
      ...spec,
      hostname: podName,
      ...(service === undefined ? {} : { subdomain: service }),
      ...claimedVolumes(spec, object, podName),
    },
  };
}

const tolerated = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'];

function byDaemonSet(owner: Made['owner'] & object, spec: JsonObject): Made {
  const always = ['not-ready', 'unreachable'];
  const toleration = (key: string, effect: string): JsonObject => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect,
  });
  const network = spec['hostNetwork'] === true ? ['network-unavailable'] : [];
  return {
    naming: { generateName: `${owner.name}-${madeUpPart}-` },
    labels: { 'controller-revision-hash': madeUpPart, 'pod-template-generation': '1' },
    owner,
    spec: {
      ...spec,
      tolerations: [
        ...listOf(spec['tolerations']),
        ...always.map((key) => toleration(key, 'NoExecute')),
        ...[...tolerated, ...network].map((key) => toleration(key, 'NoSchedule')),
      ],
    },
  };
}

function byJob(name: string, { uid }: MadeUp, spec: JsonObject): Made {
  return {
    naming: { generateName: `${name}-${madeUpPart}-` },
    labels: {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    },
    owner: { apiVersion: 'batch/v1', kind: 'Job', name },
    finalizers: ['batch.kubernetes.io/job-tracking'],
    spec,
  };
}
