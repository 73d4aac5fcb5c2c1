import type { JsonObject } from '../../src/model/json.js';
import { managedFields } from './managed-fields.js';

/** What the cases vary of a pod. */
export interface PodShape {
  readonly namespace: string;
  readonly containers: number;
  /** Environment variables of each container. */
  readonly variables: number;
  /** Whether the containers give a command; else the image says what is started. */
  readonly command: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** In place of `registry.example.com/shop/app-N:1.4.N`, for every container. */
  readonly image?: string;
  /**
   * Without what the API server adds to every pod: smaller than any that it sends. `managedFields` alone is what some
   * others leave out.
   */
  readonly without?: 'managedFields' | 'defaults';
}

/** Begins the name of the volume with a pod's token. */
export const tokenVolumePrefix = 'kube-api-access-';

/** What an API server, or a controller, makes up for each review. */
export const madeUp = {
  review: '705ab4f5-6393-11e8-b7cc-42010a800002',
  owner: '73839abd-9d0f-41f5-8c4d-dbee8dc03def',
  user: '9ddbe580-7625-437c-b8b9-a74cace7ed89',
  credential: '5cf6a9bb-fba1-49f9-a0ee-3a9ae6757874',
  replicaSet: 'web-59f8dd57d4',
  templateHash: '59f8dd57d4',
  tokenVolume: `${tokenVolumePrefix}x7k2p`,
  time: '2026-11-22T12:58:53Z',
};

/**
 * A pod as an API server sends it to a mutating webhook when the controller of ReplicaSets creates it, field by field
 * (test/e2e/cluster/bench-pods.test.ts compares it with a real one).
 */
export function podOf(shape: PodShape): JsonObject {
  const { namespace, labels = {}, without } = shape;
  const names = { app: 'web', ...labels, 'pod-template-hash': madeUp.templateHash };
  const metadata = {
    generateName: `${madeUp.replicaSet}-`,
    labels: Object.fromEntries(Object.entries(names).sort()),
    annotations: { 'prometheus.io/port': '8080', 'prometheus.io/scrape': 'true' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: madeUp.replicaSet,
        uid: madeUp.owner,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  const spec: Template = {
    containers: Array.from({ length: shape.containers }, (_, index) => containerOf(shape, index)),
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  };
  const { generateName, ...others } = metadata;
  const fields = without === undefined ? { managedFields: managedFields(metadata, spec, madeUp.time) } : {};
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { generateName, namespace, ...others, ...fields },
    spec: without === 'defaults' ? spec : admitted(spec),
    status: {},
  };
}

/** The spec of a pod as its controller wrote it, with the defaults of its fields. */
interface Template extends JsonObject {
  readonly containers: readonly JsonObject[];
  readonly restartPolicy: string;
  readonly terminationGracePeriodSeconds: number;
  readonly dnsPolicy: string;
  readonly securityContext: JsonObject;
  readonly schedulerName: string;
  readonly enableServiceLinks: boolean;
}

/** What the admission plugins of the API server add, each in its place. */
function admitted(spec: Template): JsonObject {
  const mount = {
    name: madeUp.tokenVolume,
    readOnly: true,
    mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  };
  const containers = spec.containers.map(({ name, image, command, args, ports, env, resources, ...behind }) => ({
    name,
    image,
    ...(command === undefined ? {} : { command, args }),
    ports,
    ...(env === undefined ? {} : { env }),
    resources,
    volumeMounts: [mount],
    ...behind,
  }));
  return {
    volumes: [{ name: madeUp.tokenVolume, projected: { sources: tokenSources, defaultMode: 420 } }],
    containers,
    restartPolicy: spec.restartPolicy,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    dnsPolicy: spec.dnsPolicy,
    serviceAccountName: 'default',
    serviceAccount: 'default',
    securityContext: spec.securityContext,
    schedulerName: spec.schedulerName,
    tolerations: ['not-ready', 'unreachable'].map((taint) => ({
      key: `node.kubernetes.io/${taint}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: spec.enableServiceLinks,
    preemptionPolicy: 'PreemptLowerPriority',
  };
}

const tokenSources = [
  { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  {
    downwardAPI: {
      items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
    },
  },
];

function containerOf({ command, image, variables }: PodShape, index: number): JsonObject {
  const env = Array.from({ length: variables }, (_, variable) => ({
    name: `SETTING_${variable}`,
    value: `value-of-setting-${variable}-${'x'.repeat(variable % 40)}`,
  }));
  return {
    name: `app-${index}`,
    image: image ?? `registry.example.com/shop/app-${index}:1.4.${index}`,
    ...(command ? { command: ['/app/server', '--listen', ':8080'], args: ['--verbose', '$(SETTING_0)'] } : {}),
    ports: [{ name: 'http', containerPort: 8080 + index, protocol: 'TCP' }],
    ...(variables === 0 ? {} : { env }),
    resources: { limits: { memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    livenessProbe: {
      httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  };
}

/** The AdmissionReview of a pod's creation, as the API server sends it. */
export function reviewText(pod: JsonObject, namespace: string): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: madeUp.review,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: madeUp.user,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${madeUp.credential}`] },
      },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  });
}

/** The pod with as many variables as make its review as long as this, give or take one variable a container. */
export function podOfSize(shape: Omit<PodShape, 'variables'>, bytes: number): JsonObject {
  let [fits, tooMany] = [0, Math.ceil(bytes / 40)];
  while (tooMany - fits > 1) {
    const variables = Math.floor((fits + tooMany) / 2);
    const length = reviewText(podOf({ ...shape, variables }), shape.namespace).length;
    if (length <= bytes) fits = variables;
    else tooMany = variables;
  }
  return podOf({ ...shape, variables: fits });
}
