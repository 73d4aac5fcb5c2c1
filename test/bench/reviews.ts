/** One case of the benchmark: a request body and the path it goes to. */
export interface BenchCase {
  readonly name: string;
  readonly path: string;
  readonly body: string;
}

interface PodShape {
  readonly namespace: string;
  readonly containers: number;
  readonly env: number;
  readonly command: boolean;
}

/** A pod as an API server sends it: defaulted, with managedFields of a size that controllers write. */
function pod({ namespace, containers, env, command }: PodShape): object {
  const variables = Array.from({ length: env }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `value-of-setting-${index}-${'x'.repeat(index % 40)}`,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'web-6d4cf56db6-',
      namespace,
      labels: { app: 'web', 'pod-template-hash': '6d4cf56db6' },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d4cf56db6', uid: 'a1', controller: true },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: Object.fromEntries(
            Array.from({ length: 20 }, (_, index) => [`f:field${index}`, { '.': {}, [`f:inner${index}`]: {} }]),
          ),
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: 'kube-api-access-x7k2p',
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            ],
            defaultMode: 420,
          },
        },
      ],
      containers: Array.from({ length: containers }, (_, index) => ({
        name: `app-${index}`,
        image: `registry.example.com/shop/app-${index}:1.4.${index}`,
        ...(command ? { command: ['/app/server', '--listen', ':8080'], args: ['--verbose', '$(SETTING_0)'] } : {}),
        ports: [{ name: 'http', containerPort: 8080 + index, protocol: 'TCP' }],
        env: variables,
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        volumeMounts: [
          {
            name: 'kube-api-access-x7k2p',
            readOnly: true,
            mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
          },
        ],
        livenessProbe: { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' }, periodSeconds: 10 },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      })),
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

function review(shape: PodShape): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace: shape.namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        groups: ['system:serviceaccounts'],
      },
      object: pod(shape),
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  });
}

const mutate = '/mutate/pods?timeout=10s';

/** The cases, with the size of the body in their names. */
export function benchCases(): readonly BenchCase[] {
  const cases: readonly (readonly [string, string, PodShape])[] = [
    ['inject, 2 containers', mutate, { namespace: 'shop', containers: 2, env: 20, command: true }],
    ['inject, 8 containers', mutate, { namespace: 'shop', containers: 8, env: 50, command: true }],
    ['inject, 2,000 variables', mutate, { namespace: 'shop', containers: 1, env: 2000, command: true }],
    ['inject, 50 containers', mutate, { namespace: 'shop', containers: 50, env: 200, command: true }],
    ['skip, no policy', mutate, { namespace: 'other', containers: 2, env: 20, command: true }],
    ['validate', '/validate/pods?timeout=10s', { namespace: 'shop', containers: 2, env: 20, command: true }],
  ];
  return cases.map(([name, path, shape]) => {
    const body = review(shape);
    return { name: `${name}, ${(body.length / 1024).toFixed(1)} KB`, path, body };
  });
}
