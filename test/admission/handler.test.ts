import assert from 'node:assert/strict';
import t from 'tap';
import type { Reviewed } from '../../src/admission/door-options.js';
import { createDoor } from '../../src/admission/handler.js';
import { OutriderError } from '../../src/model/error.js';
import type { JsonObject } from '../../src/model/json.js';
import { askDoor, engineFor, engineOf, policyText, reviewOf } from '../support/engine.js';
import { at, members, patched } from '../support/json.js';
import { podOf, podWith } from '../support/pods.js';

const engine = engineFor({ prefer: 'Security' });
const signal = new AbortController().signal;

function bodyWith(request: JsonObject): JsonObject {
  return reviewOf(podOf(), request);
}

const good = reviewOf(podOf());
/** What is no review, with the field and a piece of the message of the HTTP 400 that answers it. */
const malformed: readonly (readonly [string, string | JsonObject, string | undefined, RegExp])[] = [
  ['nothing', '', undefined, /the body is not JSON/],
  ['blanks', '  \n', undefined, /the body is not JSON/],
  ['no JSON', 'kind: AdmissionReview', undefined, /the body is not JSON/],
  ['half a review', JSON.stringify(good).slice(0, -2), undefined, /the body is not JSON/],
  ['two reviews', JSON.stringify(good) + JSON.stringify(good), undefined, /the body is not JSON/],
  ['a byte order mark', `\uFEFF${JSON.stringify(good)}`, undefined, /the body is not JSON/],
  ['single quotes', "{'kind': 'AdmissionReview'}", undefined, /the body is not JSON/],
  ['a comment', `${JSON.stringify(good)} // review`, undefined, /the body is not JSON/],
  ['null', 'null', undefined, /not a JSON object/],
  ['a number', '1', undefined, /not a JSON object/],
  ['a text', '"AdmissionReview"', undefined, /not a JSON object/],
  ['a list', JSON.stringify([good]), undefined, /not a JSON object/],
  ['an empty object', '{}', 'apiVersion', /apiVersion is missing/],
  ['v1beta1', { ...good, apiVersion: 'admission.k8s.io/v1beta1' }, 'apiVersion', /"admission.k8s.io\/v1beta1"/],
  ['a version that is an object', { ...good, apiVersion: { secret: 'x' } }, 'apiVersion', /apiVersion is a object/],
  ['a version that is null', { ...good, apiVersion: null }, 'apiVersion', /apiVersion is a null/],
  ['no kind', { apiVersion: 'admission.k8s.io/v1', request: {} }, 'kind', /kind is missing/],
  ['another kind', { ...good, kind: 'ConversionReview' }, 'kind', /"ConversionReview"/],
  ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }, 'request', /request is not an object/],
  ['a request that is null', { ...good, request: null }, 'request', /request is not an object/],
  ['a request that is a list', { ...good, request: [] }, 'request', /request is not an object/],
  ['only a response', { ...good, request: undefined, response: { uid: 'x' } }, 'request', /request is not an object/],
  ['no uid', bodyWith({ uid: undefined }), 'request.uid', /request.uid is not a text/],
  ['an empty uid', bodyWith({ uid: '' }), 'request.uid', /request.uid is not a text/],
  ['a uid that is a number', bodyWith({ uid: 1 }), 'request.uid', /request.uid is not a text/],
  ['no operation', bodyWith({ operation: undefined }), 'request.operation', /request.operation is not a text/],
  ['an empty operation', bodyWith({ operation: '' }), 'request.operation', /request.operation is not a text/],
  ['an operation that is a list', bodyWith({ operation: ['CREATE'] }), 'request.operation', /not a text/],
  ['no kind of the object', bodyWith({ kind: undefined }), 'request.kind', /group, version and kind/],
  ['a kind that is a text', bodyWith({ kind: 'Pod' }), 'request.kind', /group, version and kind/],
  ['a kind without its kind', bodyWith({ kind: { group: '', version: 'v1' } }), 'request.kind', /group, version/],
  ['a namespace that is a number', bodyWith({ namespace: 5 }), 'request.namespace', /request.namespace is not a text/],
  [
    'F26: a namespace of dots',
    bodyWith({ namespace: '..' }),
    'request.namespace',
    /"\.\.", which is no name of a namespace/,
  ],
  ['F26: a path for a namespace', bodyWith({ namespace: 'a/b' }), 'request.namespace', /RFC 1123 label/],
  ['F26: a namespace with a dot', bodyWith({ namespace: 'a.b' }), 'request.namespace', /RFC 1123 label/],
  ['F26: a namespace in capitals', bodyWith({ namespace: 'Shop' }), 'request.namespace', /RFC 1123 label/],
  ['F26: a long namespace', bodyWith({ namespace: 'a'.repeat(64) }), 'request.namespace', /RFC 1123 label/],
  [
    'F26: no namespace at all',
    bodyWith({ namespace: '', object: podOf({}, { namespace: '' }) }),
    'request.object.metadata.namespace',
    /is "", which is no name/,
  ],
  [
    'F26: a pod’s own namespace of dots',
    bodyWith({ namespace: undefined, object: podOf({}, { namespace: '..' }) }),
    'request.object.metadata.namespace',
    /RFC 1123 label/,
  ],
  ['a dryRun that is a text', bodyWith({ dryRun: 'true' }), 'request.dryRun', /not true or false/],
  ['no object', bodyWith({ object: undefined }), 'request.object', /a pod is being created/],
  ['an object that is null', bodyWith({ object: null }), 'request.object', /a pod is being created/],
  ['an object that is a list', bodyWith({ object: [] }), 'request.object', /a pod is being created/],
  ['an object that is a text', bodyWith({ object: 'pod' }), 'request.object', /a pod is being created/],
  ['a body nested without end', '['.repeat(100_000), undefined, /the body is not JSON/],
];

t.test('what is no review is refused with its field, and the next one is answered', async (t) => {
  t.ok(malformed.length >= 30);
  for (const door of ['mutate', 'validate'] as const) {
    const handler = createDoor(door, {
      engine: () => engine,
      namespaceLabels: () => ({}),
      onReviewed: () => undefined,
      onFailure: (error) => assert.fail(String(error)),
    });
    for (const [what, body, field, message] of malformed) {
      const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      try {
        await handler(bytes, { signal, traceparent: undefined });
        t.fail(what);
      } catch (error) {
        if (!(error instanceof OutriderError)) throw error;
        t.match(error, { code: 'review_invalid', field }, what);
        t.match(error.message, message, what);
        t.match(error.message, /^not a valid AdmissionReview: /, what);
        t.notMatch(error.message, /secret/, what);
      }
    }
    t.match(await handler(Buffer.from(JSON.stringify(good)), { signal, traceparent: undefined }), /"allowed":/);
  }
});

t.test('the envelope: uid echoed, version and kind, a typed patch, audit annotations', async (t) => {
  for (const uid of ['705ab4f5-6393-11e8-b7cc-42010a800002', 'ü"\\\u2028', '__proto__', 'x'.repeat(4096)]) {
    const answer = await askDoor('mutate', bodyWith({ uid }), engine);
    t.equal(answer.uid, uid);
    t.match(answer.response, { allowed: true, patchType: 'JSONPatch', patch: String });
    t.same(answer.audit, { decision: 'inject', reason: 'injected', policy: 'default' });
  }
  const skipped = await askDoor('mutate', reviewOf(podOf({ hostNetwork: true })), engine);
  t.same(Object.keys(skipped.response), ['uid', 'allowed', 'warnings', 'auditAnnotations'], 'without a patch, no type');
});

t.test('E29: other kinds, subresources and operations are allowed untouched', async (t) => {
  const kind = (group: string, version: string, name: string) => ({ kind: { group, version, kind: name } });
  const others: readonly JsonObject[] = [
    { operation: 'UPDATE' },
    { operation: 'DELETE', object: null, oldObject: podOf() },
    { operation: 'CONNECT', subResource: 'exec', object: { kind: 'PodExecOptions' } },
    { operation: 'CREATE', subResource: 'eviction', ...kind('policy', 'v1', 'Eviction') },
    { operation: 'CREATE', subResource: 'binding', ...kind('', 'v1', 'Binding') },
    { operation: 'UPDATE', subResource: 'ephemeralcontainers' },
    { operation: 'create' },
    kind('apps', 'v1', 'Deployment'),
    kind('', 'v1', 'Service'),
    kind('example.com', 'v1', 'Pod'),
    kind('', 'v2', 'Pod'),
    { ...kind('', 'v1', 'pod') },
    { operation: 'DELETE', dryRun: 'nonsense' },
  ];
  for (const door of ['mutate', 'validate'] as const) {
    for (const request of others) {
      const { uid, allowed, response, audit, reviewed } = await askDoor(door, bodyWith(request), engine);
      t.same({ allowed, audit }, { allowed: true, audit: { decision: 'skip', reason: 'other_request' } });
      t.same(Object.keys(response), ['uid', 'allowed', 'auditAnnotations'], JSON.stringify(request));
      t.equal(reviewed?.reason, 'other_request');
      t.ok(uid);
    }
  }
  t.equal((await askDoor('mutate', bodyWith({ subResource: '' }), engine)).audit['decision'], 'inject');
  t.equal((await askDoor('mutate', bodyWith({ subResource: null, dryRun: null }), engine)).audit['decision'], 'inject');
});

t.test('E29: a dry run gets the same answer', async (t) => {
  for (const door of ['mutate', 'validate'] as const) {
    const wet = await askDoor(door, bodyWith({ dryRun: false }), engine);
    const dry = await askDoor(door, bodyWith({ dryRun: true }), engine);
    t.same(dry.response, wet.response);
    t.same([wet.reviewed?.dryRun, dry.reviewed?.dryRun], [false, true]);
  }
});

t.test('E29: the namespace is the request’s, whatever the pod says', async (t) => {
  const asked: string[] = [];
  const namespaceLabels = (namespace: string) => {
    asked.push(namespace);
    return {};
  };
  const excluded = reviewOf(podOf({}, { generateName: 'web-', namespace: 'other' }), { namespace: 'kube-system' });
  t.equal((await askDoor('mutate', excluded, engine, { namespaceLabels })).audit['reason'], 'namespace_excluded');
  const empty = reviewOf(podOf({}, { generateName: 'web-', namespace: '' }), { namespace: 'shop' });
  t.match((await askDoor('mutate', empty, engine, { namespaceLabels })).reviewed, {
    namespace: 'shop',
    owner: 'Pod/web-',
    reason: 'injected',
  });
  const none = reviewOf(podOf({}, { name: 'web', namespace: 'own' }), { namespace: undefined });
  t.equal((await askDoor('mutate', none, engine, { namespaceLabels })).reviewed?.namespace, 'own');
  t.same(asked, ['kube-system', 'shop', 'own']);
});

t.test('the log’s record names the controller, and holds nothing of the pod', async (t) => {
  const owners = [
    { kind: 'Node', name: 'n' },
    { kind: 'ReplicaSet', name: 'web-6d4', controller: true },
  ];
  const { reviewed } = await askDoor('mutate', reviewOf(podOf({}, { ownerReferences: owners })), engine);
  t.match(reviewed, { owner: 'ReplicaSet/web-6d4', door: 'mutate', decision: 'inject', policy: 'default' });
  t.same(Object.keys(reviewed ?? {}).sort(), [
    'decision',
    'door',
    'dryRun',
    'durationMs',
    'isSpecKept',
    'namespace',
    'owner',
    'policy',
    'reason',
    'traceparent',
    'uid',
    'would',
    'wouldReason',
  ]);
  t.equal((await askDoor('mutate', reviewOf(podOf({}, {})), engine)).reviewed?.owner, 'Pod/?');
  t.equal((await askDoor('mutate', reviewOf(podOf({}, { ownerReferences: 'x' })), engine)).reviewed?.owner, 'Pod/?');
});

t.test('a denial has code 403, a reason and a message with policy, reason and remedy', async (t) => {
  const { allowed, status, warnings, audit, response } = await askDoor('validate', reviewOf(podOf()), engine);
  t.equal(allowed, false);
  t.match(status, { code: 403, reason: 'Forbidden' });
  t.match(
    status?.['message'],
    /^outrider: policy default does not let this pod run uninstrumented \(parts_missing\): /,
  );
  t.match(status?.['message'], /missing: .*Create the pod again\.$/);
  t.same(warnings, []);
  t.same(audit, { decision: 'deny', reason: 'parts_missing', policy: 'default' });
  t.notOk('patch' in response);
  t.equal((await askDoor('mutate', reviewOf(podOf()), engine)).allowed, true, 'the mutating door never denies');
});

/** The API server's own limits: 256 characters a warning, 4,096 together, and no control characters. */
function withinLimits(warnings: readonly string[]): boolean {
  const lengths = warnings.map((text) => Array.from(text).length);
  return (
    lengths.every((length) => length > 0 && length <= 256) &&
    lengths.reduce((sum, length) => sum + length, 0) <= 4096 &&
    warnings.every((text) => !/[\p{Cc}\p{Cs}]/u.test(text))
  );
}

t.test('warnings stay within the API server’s limits, whatever is in the pod', async (t) => {
  const nasty = 'x\r\nWarning: 299 - "forged" \u0000\u0085\ud800😀';
  const pods = [
    podOf({ containers: [{ name: nasty.repeat(50), image: nasty, imagePullPolicy: 'Never' }] }),
    podOf({
      containers: Array.from({ length: 60 }, (_, index) => ({
        name: `web-${index}-${'😀'.repeat(40)}`,
        command: ['/app'],
        env: [{ name: 'SYSDIG_SIDECAR', value: nasty }],
      })),
    }),
    podOf({ containers: [{ name: 'web', command: ['/init'] }], runtimeClassName: `kata${nasty.repeat(99)}` }),
    podOf({}, { labels: { 'outrider.dev/inject': nasty.repeat(9) } }),
    podOf(
      {},
      { annotations: { 'outrider.dev/containers': Array.from({ length: 99 }, (_, n) => `${nasty}${n}`).join() } },
    ),
    podOf({ containers: [{ name: 'web' }] }, { annotations: { 'outrider.dev/images': `{"${nasty}": 1}` } }),
    ...Array.from({ length: 300 }, (_, length) => podOf({ runtimeClassName: `kata${'a'.repeat(length)}😀😀` })),
  ];
  const available = engineFor({ prefer: 'Availability' });
  for (const pod of pods) {
    const { warnings } = await askDoor('mutate', reviewOf(pod), available);
    if (warnings.length === 0 || !withinLimits(warnings)) t.fail(JSON.stringify(warnings));
    const { status } = await askDoor('validate', reviewOf(pod), engine);
    const said = status?.['message'];
    const message = typeof said === 'string' ? said : '';
    if (message.length > 2000 || /[\p{Cc}\p{Cs}]/u.test(message)) t.fail(message);
  }
  const many = await askDoor('mutate', reviewOf(pods[1] ?? podOf()), available);
  t.ok(many.warnings.length > 10, 'as many as there is room for');
});

t.test('skips that somebody wants are silent; trouble is said', async (t) => {
  const off = engineFor({ mode: 'Off' });
  t.same((await askDoor('mutate', reviewOf(podOf()), off)).warnings, []);
  const optedOut = reviewOf(podOf({}, { labels: { 'outrider.dev/inject': 'disabled' } }));
  t.same((await askDoor('mutate', optedOut, engine)).warnings, []);
  t.match((await askDoor('mutate', reviewOf(podOf({ hostPID: true })), engine)).warnings, [
    'outrider: not instrumented, host_pid: spec.hostPID is true. Turn hostPID off, or cover the node with a node agent.',
  ]);
});

t.test('E37: an unexpected error: the mutating door lets the pod through, the validating one throws', async (t) => {
  const broken = new Error('nobody expected this');
  const failures: unknown[] = [];
  const causes = {
    engine: () => {
      throw broken;
    },
    images: () => ({
      ...engine,
      images: {
        known: () => {
          throw broken;
        },
        lookUp: () => Promise.reject(broken),
      },
    }),
    lookUps: () => ({ ...engine, images: { known: () => undefined, lookUp: () => Promise.reject(broken) } }),
  };
  const body = reviewOf(podWith({}));
  for (const [what, getEngine] of Object.entries(causes)) {
    const setup = { engine: getEngine, onFailure: (error: unknown) => void failures.push(error) };
    const { allowed, audit, warnings, patch, reviewed } = await askDoor('mutate', body, engine, setup);
    t.same({ allowed, patch }, { allowed: true, patch: [] }, what);
    t.same(audit, { decision: 'skip', reason: 'internal_error' }, what);
    t.match(warnings, [/not instrumented, internal_error: the pod is left as it is/], what);
    t.notMatch(warnings.join(), /nobody expected/, what);
    t.equal(reviewed?.reason, 'internal_error', what);
    if (what !== 'lookUps') await t.rejects(askDoor('validate', body, engine, setup), broken, what);
  }
  t.ok(failures.length >= 5 && failures.every((error) => error === broken));
});

t.test('E37, E41: namespace labels that cannot be had are an error like any other', async (t) => {
  const namespaceLabels = () => {
    throw new Error('not synced');
  };
  t.match((await askDoor('mutate', reviewOf(podOf()), engine, { namespaceLabels })).audit, {
    reason: 'internal_error',
  });
  await t.rejects(askDoor('validate', reviewOf(podOf()), engine, { namespaceLabels }), /not synced/);
});

t.test('keys of prototypes are keys like any other', async (t) => {
  const labels = '{"__proto__":"a","constructor":"b","toString":"c","hasOwnProperty":"d"}';
  const text = JSON.stringify(reviewOf(podOf({}, { labels: {}, annotations: {} })))
    .replace('"labels":{}', `"labels":${labels}`)
    .replace('"annotations":{}', `"annotations":${labels}`)
    .replace('"name":"web"', '"name":"web","__proto__":{"image":"evil","command":["/evil"]},"constructor":{"x":1}');
  const { patch, audit } = await askDoor('mutate', text, engine);
  t.equal(audit['decision'], 'inject');
  t.ok(patch.every(({ path }) => !path.includes('__proto__')));
  const pod: JsonObject = podOf();
  t.match(
    at(
      patched(
        pod,
        patch.filter(({ path }) => path.startsWith('/spec')),
      ),
      'spec',
      'containers',
      0,
      'command',
    ),
    ['/opt/draios/bin/instrument', '/app'],
  );
  t.equal(Object.keys(Object.prototype).length, 0);
  const selecting = engineOf(
    policyText('p', {
      match: {
        podSelector: {
          matchLabels: { constructor: 'b' },
          matchExpressions: [{ key: '__proto__', operator: 'Exists' }],
        },
      },
      profile: { name: 'sysdig', settings: { region: 'us2' } },
    }),
  );
  t.equal((await askDoor('mutate', text, selecting)).audit['decision'], 'inject');
  t.equal(
    (await askDoor('mutate', reviewOf(podOf()), selecting)).audit['reason'],
    'no_policy',
    'inherited ones are none',
  );
  const only = '{"request":{"__proto__":{"uid":"x"}},"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}';
  await t.rejects(askDoor('mutate', only, engine), { code: 'review_invalid', field: 'request.uid' });
});

t.test('a pod’s containers named like prototypes’ keys are containers', async (t) => {
  const containers = ['constructor', '__proto__', 'toString'].map((name) => ({ name, image: `${name}:1` }));
  const said =
    '{"__proto__": {"entrypoint": ["/p"]}, "constructor": {"entrypoint": ["/c"]}, "toString": {"cmd": ["/t"]}}';
  const pod = podOf({ containers }, { annotations: { 'outrider.dev/images': said } });
  const { patch } = await askDoor('mutate', reviewOf(pod), engine);
  t.same(
    members(patched(pod, patch), 'containers').map(({ command, args }) => [
      at(command ?? null, 1),
      at(args ?? null, 0),
    ]),
    [
      ['/c', undefined],
      ['/p', undefined],
      [undefined, '/t'],
    ],
  );
});

t.test('a configuration that changes between two calls holds from the next one on', async (t) => {
  let current = engine;
  const setup = { engine: () => current };
  t.equal((await askDoor('mutate', good, engine, setup)).audit['decision'], 'inject');
  current = engineFor({ mode: 'Off' });
  t.equal((await askDoor('mutate', good, engine, setup)).audit['reason'], 'policy_off');
});

t.test('a caller that has gone ends the look-up, and the decision says so', async (t) => {
  const seen: (Reviewed | undefined)[] = [];
  const gone = AbortSignal.abort();
  const { audit, reviewed } = await askDoor('mutate', reviewOf(podWith({})), engine, { signal: gone });
  seen.push(reviewed);
  t.same(audit, { decision: 'skip', reason: 'lookup_timeout', policy: 'default' });
  t.equal(seen.length, 1);
});
