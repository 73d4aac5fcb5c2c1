import fc from 'fast-check';
import t from 'tap';
import { serverPartsOf, withoutServerParts } from '../../../src/documents/undo/server-parts.js';
import { applyUndo, undoOperations, withUndo } from '../../../src/documents/undo/undo.js';
import type { JsonObject } from '../../../src/model/json.js';
import { choices, engineWith } from '../../property/policies.js';
import { decideNow } from '../../support/engine.js';
import { draft, draftsOf, isDraftObject, listAt, objectAt, patched, textOf, type Draft } from '../../support/json.js';
import { generatedPod, podOf } from '../../support/pods.js';

type Picks = (place: string) => boolean;

/** A pod with some of what the API server and others add to one; for a place it is always the same decision. */
function served(pod: JsonObject, picks: Picks): JsonObject {
  const copy = draft(pod);
  const spec = objectAt(copy, 'spec');
  for (const list of ['initContainers', 'containers']) {
    for (const container of draftsOf(spec[list])) {
      const set = (field: string, value: Draft): void => {
        if (container[field] === undefined && picks(`${textOf(container['name'])}.${field}`)) container[field] = value;
      };
      const latest = typeof container['image'] === 'string' && !/[:@][^/]*$/.test(container['image']);
      set('terminationMessagePath', '/dev/termination-log');
      set('terminationMessagePolicy', 'File');
      if (typeof container['image'] === 'string') set('imagePullPolicy', latest ? 'Always' : 'IfNotPresent');
      set('resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }]);
      set('resources', {});
      const probe = container['startupProbe'];
      if (isDraftObject(probe) && probe['failureThreshold'] === undefined && picks('probe'))
        probe['failureThreshold'] = 3;
      if (!picks('token')) continue;
      listAt(container, 'volumeMounts').push({
        name: 'kube-api-access-abcde',
        readOnly: true,
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      });
    }
  }
  if (picks('token')) {
    listAt(spec, 'volumes').push({ name: 'kube-api-access-abcde', projected: { sources: [], defaultMode: 420 } });
  }
  if (picks('dns')) spec['dnsPolicy'] ??= 'ClusterFirst';
  if (picks('uid')) objectAt(copy, 'metadata')['uid'] = 'c0ffee';
  const metadata = copy['metadata'];
  if (isDraftObject(metadata) && isDraftObject(metadata['annotations']) && picks('applied')) {
    metadata['annotations']['kubectl.kubernetes.io/last-applied-configuration'] = '{}';
  }
  return copy;
}

/** Without the order of keys, and without maps and lists that are there for what was added alone. */
function plainText(pod: JsonObject): string {
  const copy = draft(pod);
  const metadata = objectAt(copy, 'metadata');
  const annotations = objectAt(metadata, 'annotations');
  delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
  return JSON.stringify(sorted(copy));
}

function sorted(value: Draft): Draft {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isDraftObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, inside]): [string, Draft][] =>
    inside === undefined ? [] : [[key, sorted(inside)]],
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

t.test('W17: property: what the API server adds is no edit, and stays on what is the author’s', (t) => {
  fc.assert(
    fc.property(generatedPod, choices, fc.func(fc.boolean()), ({ pod, images }, made, picked) => {
      const picks: Picks = (place) => picked(place);
      const { patch } = decideNow(pod, engineWith(made, images));
      if (patch.length === 0) return;
      const back = applyUndo(served(patched(pod, withUndo(pod, patch)), picks));
      const [is, wanted] = [plainText(back), plainText(served(pod, picks))];
      if (is !== wanted) throw new Error(`is     ${is}\nwanted ${wanted}`);
    }),
    { numRuns: 150 },
  );
  t.end();
});

const helper = {
  name: 'helper',
  image: 'a/helper:1',
  command: ['/helper', 'with', 'an', 'argument', 'that', 'makes', 'it', 'long'],
  resources: { limits: { cpu: '1000m', memory: '1024Mi' } },
  startupProbe: { httpGet: { port: 80 } },
  ports: [{ containerPort: 80 }],
};
const before = podOf();
const after = patched(before, withUndo(before, [{ op: 'add', path: '/spec/containers/1', value: helper }]));
const containers = (changed: JsonObject): JsonObject => ({
  ...after,
  spec: {
    containers: [
      { name: 'web', image: 'shop/web:1', command: ['/app'] },
      { ...helper, ...changed },
    ],
  },
});

t.test('W17: amounts in another form, and defaults deep inside, are no edits', (t) => {
  for (const changed of [
    { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } } },
    { startupProbe: { httpGet: { port: 80, path: '/', scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1 } },
    { ports: [{ containerPort: 80, protocol: 'TCP' }], imagePullPolicy: 'IfNotPresent', args: [], env: null },
  ]) {
    t.same(applyUndo(containers(changed)), before, JSON.stringify(changed));
  }
  t.end();
});

t.test('W17: a value that is no default is an edit', (t) => {
  for (const changed of [
    { imagePullPolicy: 'Never' },
    { imagePullPolicy: 'Always' },
    { terminationMessagePath: '/mine' },
    { resources: { limits: { cpu: '2', memory: '1Gi' } } },
    { resources: { ...helper.resources, requests: { cpu: '1m' } } },
    { ports: [{ containerPort: 80, protocol: 'UDP' }] },
    { startupProbe: { httpGet: { port: 80, path: '/mine' } } },
    { securityContext: { privileged: false } },
    { volumeMounts: [{ name: 'kube-api-access-x', mountPath: '/opt', readOnly: true }] },
    { volumeMounts: [{ name: 'mine', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }] },
    { restartPolicy: 'Always' },
  ]) {
    t.throws(() => undoOperations(containers(changed)), { code: 'undo_stale' }, JSON.stringify(changed));
  }
  t.end();
});

t.test('W17: a record with the hash of a default that was written out still fits', (t) => {
  const written = { ...helper, imagePullPolicy: 'IfNotPresent' };
  const record = JSON.stringify({
    v: 1,
    undo: [
      ['h', '/spec/containers/1', '823bef9edcb6fb4f'],
      ['d', '/spec/containers/1'],
    ],
  });
  const metadata = { name: 'web', annotations: { 'outrider.dev/undo': record } };
  const spec = { containers: [{ name: 'web', image: 'shop/web:1', command: ['/app'] }, written] };
  t.match(applyUndo({ ...before, metadata, spec }), { spec: before['spec'] });
  t.end();
});

t.test('W17: what is the server’s own, by place', (t) => {
  const meta = { creationTimestamp: null, uid: 'u', labels: { 'pod-template-hash': 'x', app: 'web' }, annotations: {} };
  t.same(withoutServerParts(meta, '/metadata'), { labels: { app: 'web' } });
  t.same(serverPartsOf(meta, '/metadata'), {
    creationTimestamp: null,
    uid: 'u',
    labels: { 'pod-template-hash': 'x' },
  });
  const annotations = { 'kubectl.kubernetes.io/restartedAt': 'now', 'cluster-autoscaler.kubernetes.io/x': 'y' };
  t.same(serverPartsOf(annotations, '/metadata/annotations'), { 'kubectl.kubernetes.io/restartedAt': 'now' });
  t.equal(textOf(withoutServerParts('x', '/metadata/name')), '"x"');
  t.same(withoutServerParts({ protocol: 'TCP' }, '/spec/nodeSelector'), { protocol: 'TCP' }, 'a key of anybody’s');
  t.equal(serverPartsOf({ a: 1 }, '/spec/securityContext'), undefined);
  t.end();
});
