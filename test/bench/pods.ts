import type { JsonObject } from '../../src/model/json.js';

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
  /** Left out for the smallest pods, which nobody but a person with kubectl creates. */
  readonly managedFields?: boolean;
}

const tokenVolume = 'kube-api-access-x7k2p';

/** A pod as an API server sends it: defaulted, with managedFields of a size that controllers write. */
export function podOf(shape: PodShape): JsonObject {
  const { namespace, labels = {}, managedFields = true } = shape;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'web-6d4cf56db6-',
      namespace,
      labels: { app: 'web', 'pod-template-hash': '6d4cf56db6', ...labels },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d4cf56db6', uid: 'a1', controller: true },
      ],
      ...(managedFields ? { managedFields: fieldsOfControllers() } : {}),
    },
    spec: {
      volumes: [
        {
          name: tokenVolume,
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            ],
            defaultMode: 420,
          },
        },
      ],
      containers: Array.from({ length: shape.containers }, (_, index) => containerOf(shape, index)),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
  };
}

function fieldsOfControllers(): JsonObject[] {
  const fields = Array.from({ length: 20 }, (_, index): [string, JsonObject] => [
    `f:field${index}`,
    { '.': {}, [`f:inner${index}`]: {} },
  ]);
  return [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: Object.fromEntries(fields),
    },
  ];
}

function containerOf({ command, image, variables }: PodShape, index: number): JsonObject {
  return {
    name: `app-${index}`,
    image: image ?? `registry.example.com/shop/app-${index}:1.4.${index}`,
    ...(command ? { command: ['/app/server', '--listen', ':8080'], args: ['--verbose', '$(SETTING_0)'] } : {}),
    ports: [{ name: 'http', containerPort: 8080 + index, protocol: 'TCP' }],
    env: Array.from({ length: variables }, (_, variable) => ({
      name: `SETTING_${variable}`,
      value: `value-of-setting-${variable}-${'x'.repeat(variable % 40)}`,
    })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    volumeMounts: [{ name: tokenVolume, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    livenessProbe: { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' }, periodSeconds: 10 },
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
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        groups: ['system:serviceaccounts'],
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
