import fc from 'fast-check';
import { isObject, type JsonObject, type JsonValue } from '../../src/model/json.js';
import type { ImageConfig } from '../../src/model/image.js';

/** A small pod: one container with a command. */
export function podOf(spec: JsonObject = {}, metadata: JsonObject = { name: 'web' }): JsonObject {
  const containers = [{ name: 'web', image: 'shop/web:1', command: ['/app'] }];
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } };
}

/** A pod with this one container. */
export function podWith(container: JsonObject, spec: JsonObject = {}, metadata?: JsonObject): JsonObject {
  return podOf({ containers: [{ name: 'web', image: 'shop/web:1', ...container }], ...spec }, metadata);
}

/** A generated pod, and what its images start. */
export interface GeneratedPod {
  readonly pod: JsonObject;
  readonly images: Readonly<Record<string, ImageConfig>>;
}

/** Field names that break careless code, as well as any other. */
const oddKey = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'a/b', 'a~b', '~1', '', 'x y', 'hasOwnProperty'),
  fc.string({ maxLength: 8 }),
);

/** A text in which the kubelet's expansion would find something to do. */
const dollars = fc.array(fc.constantFrom('$', '$$', '(', ')', '$(HOME)', '$(A)', 'a', '/', ' ', '${x}', '*'), {
  maxLength: 6,
});
const word = fc.oneof(
  dollars.map((parts) => parts.join('')),
  fc.constantFrom('/app', 'node', 'server.js', '--port=80', '', '-c', 'echo "$$ $HOME"'),
);
const program = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('/app', 'sh', 'node', '/usr/bin/env', 'bin/$(A)') },
  { weight: 1, arbitrary: fc.constantFrom('/init', '/sbin/init') },
);
const argv = fc.tuple(program, fc.array(word, { maxLength: 3 })).map(([first, rest]) => [first, ...rest]);

/** A list that a manifest may also leave out, or give as null or empty. */
function maybeList<T extends JsonValue>(list: fc.Arbitrary<T[]>): fc.Arbitrary<T[] | null | undefined> {
  return fc.oneof(
    { weight: 3, arbitrary: list },
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant<T[]>([]) },
  );
}

const variable = fc.record(
  {
    name: fc.constantFrom(
      'A',
      'HOME',
      'SYSDIG_SIDECAR',
      '__INSTRUMENTATION_WRAPPER',
      'ACME_GUARD',
      'DD_SITE',
      '__proto__',
    ),
    value: fc.constantFrom('', 'auto', 'off', 'enabled', '$(A)'),
  },
  { requiredKeys: ['name'] },
);

const mount = fc.record(
  {
    name: fc.constantFrom('data', 'tmp', 'sysdig-workload-agent', 'acme-guard'),
    mountPath: fc.constantFrom('/data', '/tmp', '/opt', '/opt/draios', '/opt/draios/bin', '/var/run', '/acme', '/'),
    readOnly: fc.boolean(),
  },
  { requiredKeys: ['name', 'mountPath'] },
);

const securityContext = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<(JsonObject | null | undefined)[]>(undefined, null, {}) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        privileged: fc.boolean(),
        runAsUser: fc.constantFrom(0, 1000),
        runAsNonRoot: fc.boolean(),
        readOnlyRootFilesystem: fc.boolean(),
        capabilities: fc.oneof(
          fc.constant(null),
          fc.record(
            {
              add: maybeList(
                fc.constantFrom([['SYS_PTRACE'], ['CAP_SYS_PTRACE'], ['ALL'], ['NET_ADMIN']]).map(([l]) => [...l]),
              ),
              drop: fc.constantFrom(['ALL'], ['SYS_PTRACE'], ['NET_RAW']),
            },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: [] },
    ),
  },
);

const amounts = fc.record(
  {
    cpu: fc.constantFrom('1', '500m', '0.5', 1),
    memory: fc.constantFrom('1Gi', '512Mi', '1e9'),
    'ephemeral-storage': fc.constant('2Gi'),
  },
  { requiredKeys: [] },
);
const guaranteed = { cpu: '1', memory: '1Gi' };
const resources = fc.oneof(
  fc.constantFrom<(JsonObject | null | undefined)[]>(
    undefined,
    null,
    {},
    { limits: guaranteed, requests: guaranteed },
    { limits: guaranteed },
  ),
  fc.record({ requests: amounts, limits: amounts }, { requiredKeys: [] }),
);

const handler = fc.oneof(
  fc.record({ exec: fc.record({ command: fc.constantFrom(['cat', '/ready'], ['sh', '-c', 'true $$']) }) }),
  fc.constant({ httpGet: { port: 80 } }),
  fc.constant({ exec: {} }),
);
const probe = fc.oneof(fc.constant(undefined), fc.constant(null), handler);

const unknownFields = fc
  .dictionary(oddKey, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 })
  .map((fields) => Object.fromEntries(Object.entries(fields).map(([key, value]) => [`x-${key}`, jsonOf(value)])));

const names = [
  'web',
  'api',
  'worker',
  'db',
  'istio-proxy',
  'sysdig-workload-agent',
  'sysdig-workload-agent-copy',
  'acme-guard',
  'datadog-agent',
  'cws-instrumentation-init',
];

function container(name: string, init: boolean): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      image: fc.constantFrom('shop/a:1', 'shop/b:1', 'shop/empty:1'),
      command: fc.oneof(fc.constantFrom<(string[] | null | undefined)[]>(undefined, undefined, null, []), argv),
      args: maybeList(fc.array(word, { maxLength: 3 })),
      env: maybeList(fc.array(variable, { maxLength: 3 })),
      volumeMounts: maybeList(fc.uniqueArray(mount, { selector: (one) => one.mountPath, maxLength: 2 })),
      securityContext,
      resources,
      livenessProbe: init ? fc.constant(undefined) : probe,
      lifecycle: init
        ? fc.constant(undefined)
        : fc.oneof(fc.constantFrom(undefined, null, {}), fc.record({ preStop: handler })),
      restartPolicy: init ? fc.constantFrom(undefined, undefined, 'Always') : fc.constant(undefined),
      ports: fc.constantFrom(undefined, undefined, [{ containerPort: 8080 }]),
      more: unknownFields,
    })
    .map(({ more, ...fields }) => ({ name, ...given(fields), ...more }));
}

/** Without the fields that are not given. */
function given(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function jsonOf(value: unknown): JsonValue {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (!isJson(copy)) throw new Error('not JSON');
  return copy;
}

/** JSON.parse gives nothing else. */
function isJson(value: unknown): value is JsonValue {
  return value !== undefined;
}

const volume = fc.oneof(
  fc.constantFrom<JsonObject[]>(
    { name: 'data', emptyDir: {} },
    { name: 'tmp', emptyDir: { medium: 'Memory' } },
    { name: 'sysdig-workload-agent', emptyDir: {} },
    { name: 'acme-guard', configMap: { name: 'x' } },
    { name: 'cws-instrumentation-volume', emptyDir: {} },
  ),
);

const metadata = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<(JsonObject | null | undefined)[]>(undefined, null, {}) },
  {
    weight: 4,
    arbitrary: fc
      .record(
        {
          name: fc.constant('web'),
          generateName: fc.constant('web-'),
          labels: fc.oneof(fc.constant(null), fc.dictionary(oddKey, fc.string({ maxLength: 5 }), { maxKeys: 3 })),
          annotations: fc.oneof(
            fc.constant(null),
            fc.dictionary(
              fc.oneof(oddKey, fc.constant('cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes')),
              fc.string({ maxLength: 5 }),
              { maxKeys: 3 },
            ),
          ),
        },
        { requiredKeys: [] },
      )
      .map(given),
  },
);

const config = fc.record({ entrypoint: fc.oneof(fc.constant([]), argv), cmd: fc.array(word, { maxLength: 3 }) });

/** Pods of legal but odd shapes, with fields nobody knows. */
export const generatedPod: fc.Arbitrary<GeneratedPod> = fc
  .tuple(fc.shuffledSubarray(names, { minLength: 1, maxLength: 5 }), fc.nat({ max: 2 }))
  .chain(([chosen, inits]) => {
    const count = Math.min(inits, chosen.length - 1);
    return fc.record({
      metadata,
      containers: fc.tuple(...chosen.slice(count).map((name) => container(name, false))),
      initContainers:
        count === 0
          ? fc.constantFrom<(JsonObject[] | null | undefined)[]>(undefined, null, [])
          : fc.tuple(...chosen.slice(0, count).map((name) => container(name, true))),
      volumes: maybeList(fc.uniqueArray(volume, { selector: (one) => one['name'], maxLength: 3 })),
      imagePullSecrets: maybeList(fc.constant([{ name: 'regcred' }])),
      shareProcessNamespace: fc.constantFrom(undefined, undefined, null, true),
      resources: fc.constantFrom(
        undefined,
        undefined,
        { requests: { cpu: '2', memory: '2Gi' }, limits: { memory: '3Gi' } },
        {
          limits: { cpu: '2', memory: '2Gi' },
          requests: { cpu: '2', memory: '2Gi' },
        },
      ),
      more: unknownFields,
      a: config,
      b: config,
    });
  })
  .map(({ metadata: about, more, a, b, ...spec }) => ({
    pod: objectFrom({
      apiVersion: 'v1',
      kind: 'Pod',
      ...(about === undefined ? {} : { metadata: about }),
      spec: { ...given(spec), ...more },
    }),
    images: { 'shop/a:1': a, 'shop/b:1': b, 'shop/empty:1': { entrypoint: [], cmd: [] } },
  }));

function objectFrom(value: JsonObject): JsonObject {
  const copy: unknown = jsonOf(value);
  if (!isObject(copy)) throw new Error('not an object');
  return copy;
}
