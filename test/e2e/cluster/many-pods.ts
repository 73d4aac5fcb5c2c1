import fc from 'fast-check';
import type { ImageConfig } from '../../../src/model/image.js';
import { asJson, type JsonObject, type JsonValue } from '../../../src/model/json.js';

/*
 * Pods that an API server takes: most have nothing that the webhook alone can do, and each field that matters to it is there
 * in some.
 */

/** What the images of these pods start. */
export const manyImages: Readonly<Record<string, ImageConfig>> = {
  'shop/web:1.2.3': { entrypoint: ['/docker-entrypoint.sh'], cmd: ['nginx', '-g', 'daemon off;'] },
  'shop/cmd:1.2.3': { entrypoint: [], cmd: ['node', 'server.js'] },
  'shop/dollars:1.2.3': { entrypoint: ['/bin/sh', '-c', 'echo $$ $(HOME) $'], cmd: ['$(A)'] },
  'shop/init:1.2.3': { entrypoint: ['/init'], cmd: [] },
  'shop/empty:1.2.3': { entrypoint: [], cmd: [] },
  'shop/option:1.2.3': { entrypoint: ['-x'], cmd: [] },
  'shop/volume:1.2.3': { entrypoint: ['/app'], cmd: [], volumes: ['/opt/draios/bin'] },
  'shop/user:1.2.3': { entrypoint: ['/app'], cmd: [], users: [59_417] },
  [`shop/digest@sha256:${'a'.repeat(64)}`]: { entrypoint: ['/app'], cmd: ['--port=80'] },
};

const image = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...Object.keys(manyImages)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('shop/unknown:1', 'mirror.example/sysdig/workload-agent:1', 'datadog/agent:7'),
  },
);

/** Mostly absent. */
function seldom<T extends JsonValue>(weight: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 100 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary: value });
}

const word = fc.constantFrom(
  '/app',
  '--port=80',
  '$(A)',
  '$$x',
  'a b',
  'it"s',
  'exec /app',
  '/data/init.sql',
  '',
  'ünï',
);
const odd = fc.constantFrom(
  '/init',
  'exec /sbin/init',
  '-x',
  '$(A)',
  '/opt/draios/bin/instrument',
  'sh',
  'env',
  '/lib/systemd/systemd',
);
const program = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('/app', 'sh', 'node', '/usr/bin/env', 'bin/x', '/busybox') },
  { weight: 1, arbitrary: odd },
);
const words = fc.array(fc.oneof({ weight: 12, arbitrary: word }, { weight: 1, arbitrary: odd }), {
  minLength: 1,
  maxLength: 4,
});
const command = fc.tuple(program, fc.array(word, { maxLength: 2 })).map(([first, rest]) => [first, ...rest]);

const env = fc.uniqueArray(
  fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom('A', 'HOME', 'PATH', 'LOG_LEVEL') },
    { weight: 1, arbitrary: fc.constantFrom('SYSDIG_SIDECAR', 'SYSDIG_COLLECTOR', 'ACME_GUARD') },
  ),
  { maxLength: 3 },
);
const volumes: readonly JsonObject[] = [
  { name: 'data', emptyDir: {} },
  { name: 'tmp', emptyDir: { medium: 'Memory' } },
];
const mountPath = fc.oneof(
  { weight: 15, arbitrary: fc.constantFrom('/data', '/var/lib/x', '/etc/x', '/home/.x', '/a..b/c') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/opt',
      '/opt/draios',
      '/opt/draios/bin',
      '/proc/self/cwd',
      '/opt/../opt/draios',
      'opt/draios',
      '/opt//draios',
    ),
  },
);
const mounts = fc
  .uniqueArray(mountPath, { maxLength: 2 })
  .chain((paths) =>
    fc.tuple(
      ...paths.map((path) =>
        fc.record({ name: fc.constantFrom('data', 'tmp'), mountPath: fc.constant(path), readOnly: fc.boolean() }),
      ),
    ),
  );
const capabilities = fc.constantFrom<JsonObject[]>(
  { drop: ['ALL'] },
  { add: ['NET_ADMIN'] },
  { add: ['SYS_PTRACE'] },
  { drop: ['SYS_PTRACE'] },
  { add: ['ALL'] },
  { add: ['NET_ADMIN'], drop: ['NET_RAW'] },
);
const security = fc.record(
  {
    runAsUser: fc.constantFrom(0, 1000, 1000, 1000, 59_417),
    runAsNonRoot: fc.constant(true),
    privileged: fc.boolean(),
    capabilities,
  },
  { requiredKeys: [] },
);
const amounts = fc.constantFrom<JsonObject[]>(
  {},
  { requests: { cpu: '100m' } },
  { limits: { memory: '1Gi' } },
  { limits: { cpu: '1', memory: '1Gi' } },
  { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } },
  { limits: { cpu: 1, memory: '1Gi' }, requests: { cpu: '0.5', memory: '1Gi' } },
  { limits: { 'ephemeral-storage': '1Gi' } },
);
const probe = fc.constantFrom<JsonObject[]>({ exec: { command: ['/probe'] } }, { httpGet: { port: 80 } });

function container(name: string): fc.Arbitrary<JsonObject> {
  return fc.record({
    name: fc.oneof(
      { weight: 30, arbitrary: fc.constant(name) },
      { weight: 1, arbitrary: fc.constantFrom(`sysdig-workload-agent-${name}`, `istio-proxy`) },
    ),
    image,
    command: seldom(60, command),
    args: seldom(40, words),
    env: seldom(
      40,
      env.map((names) => names.map((one) => ({ name: one, value: 'x' }))),
    ),
    volumeMounts: seldom(
      40,
      mounts.map((list) => [...list]),
    ),
    securityContext: seldom(40, security),
    resources: seldom(40, amounts),
    ports: seldom(
      15,
      fc.constantFrom(80, 8080, 32_000, 5678).map((containerPort) => [{ containerPort }]),
    ),
    livenessProbe: seldom(10, probe),
    lifecycle: seldom(5, fc.constant({ preStop: { exec: { command: ['/stop'] } } })),
    terminationMessagePath: seldom(2, fc.constantFrom('/dev/termination-log', '/opt/draios/x', '/tmp/x')),
    imagePullPolicy: seldom(10, fc.constantFrom('Always', 'IfNotPresent', 'Never')),
  });
}

const spec = fc.record({
  hostNetwork: seldom(2, fc.boolean()),
  hostPID: seldom(2, fc.constant(true)),
  shareProcessNamespace: seldom(4, fc.boolean()),
  runtimeClassName: fc.constant(undefined),
  hostUsers: seldom(4, fc.boolean()),
  restartPolicy: seldom(15, fc.constantFrom('Never', 'OnFailure')),
  automountServiceAccountToken: seldom(30, fc.constant(false)),
  hostname: seldom(5, fc.constant('web-0')),
  hostAliases: seldom(2, fc.constant([{ ip: '10.0.0.1', hostnames: ['ingest-us2.app.sysdig.com'] }])),
  nodeSelector: seldom(
    6,
    fc.constantFrom<JsonObject[]>(
      { disk: 'ssd' },
      { 'kubernetes.io/os': 'linux' },
      { 'kubernetes.io/os': 'windows' },
      { type: 'virtual-kubelet' },
    ),
  ),
  tolerations: seldom(
    6,
    fc.constantFrom<JsonObject[][]>(
      [{ operator: 'Exists' }],
      [{ key: 'node.kubernetes.io/disk-pressure', operator: 'Exists' }],
      [{ key: 'dedicated', operator: 'Exists' }],
      [{ key: 'virtual-kubelet.io/provider', operator: 'Exists' }],
    ),
  ),
  affinity: seldom(
    6,
    fc.constantFrom('kubernetes.io/os', 'kubernetes.io/arch').map((key) => ({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['windows'] }] }],
        },
      },
    })),
  ),
  securityContext: seldom(
    10,
    fc.constantFrom<JsonObject[]>({ runAsUser: 1000 }, { runAsUser: 59_417 }, { fsGroup: 5 }),
  ),
  imagePullSecrets: seldom(15, fc.constantFrom<JsonObject[][]>([{ name: 'other' }], [{ name: 'regcred' }])),
  resources: seldom(2, fc.constant({ limits: { cpu: '2', memory: '4Gi' } })),
});

const metadata = fc.record({
  name: fc.constant('web'),
  labels: seldom(
    50,
    fc.constantFrom<JsonObject[]>(
      { app: 'web' },
      { app: 'web', 'outrider.dev/inject': 'enabled' },
      { 'outrider.dev/inject': 'disabled' },
      { 'outrider.dev/status': 'injected' },
      { 'outrider.dev/by': 'api-server' },
    ),
  ),
  annotations: seldom(
    40,
    fc.constantFrom<JsonObject[]>(
      { 'a.example/b~c': 'x' },
      { 'outrider.dev/containers': 'web' },
      { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'data,,tmp' },
      { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': '' },
    ),
  ),
});

/** A pod that an API server takes, nearly always. */
export const manyPods: fc.Arbitrary<JsonObject> = fc
  .record({
    metadata,
    spec,
    containers: fc.tuple(container('web'), seldom(40, container('worker')), seldom(10, container('third'))),
    init: fc.tuple(
      seldom(30, container('first')),
      seldom(
        8,
        container('second').map((one) => ({ ...one, restartPolicy: 'Always' })),
      ),
    ),
  })
  .map(({ metadata: about, spec: more, containers, init }) => {
    const initContainers = init.filter((one) => one !== undefined).map(withoutProbes);
    return asJson({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: about,
      spec: {
        ...more,
        volumes: volumes.map((volume) => ({ ...volume })),
        containers: containers.filter((one) => one !== undefined),
        ...(initContainers.length === 0 ? {} : { initContainers }),
      },
    });
  });

function withoutProbes(one: Partial<JsonObject>): JsonObject {
  return Object.fromEntries(
    Object.entries(one).filter(([field]) => field !== 'livenessProbe' && field !== 'lifecycle'),
  );
}
