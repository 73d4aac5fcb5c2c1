import t from 'tap';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { at, members, patched, patchedBySecond, textOf } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';

const engine = engineFor();

function operations(pod: JsonObject): readonly string[] {
  return decideNow(pod, engine).patch.map(({ op, path }) => `${op} ${path}`);
}

t.test('E30: missing parents are made once, and the first member of a list makes it', (t) => {
  t.same(operations(podOf()), [
    'replace /spec/containers/0/command',
    'add /spec/containers/0/env',
    'add /spec/containers/0/volumeMounts',
    'add /spec/containers/0/securityContext',
    'add /spec/initContainers',
    'add /spec/volumes',
    'add /spec/shareProcessNamespace',
    'add /metadata/labels',
    'add /metadata/annotations',
  ]);
  t.end();
});

t.test('E30: null and empty lists are replaced at their place, others appended to', (t) => {
  const pod = podOf(
    {
      containers: [
        { name: 'web', command: ['/app'], env: null, volumeMounts: [], securityContext: null },
        { name: 'b', command: ['/b'], env: [{ name: 'A' }], securityContext: { capabilities: { add: null } } },
        { name: 'c', command: ['/c'], securityContext: { capabilities: null } },
        { name: 'd', command: ['/d'], securityContext: { capabilities: { add: ['KILL'] } } },
        { name: 'e', command: ['/e'], securityContext: { capabilities: {} } },
      ],
      initContainers: null,
      volumes: [{ name: 'v', emptyDir: {} }],
      shareProcessNamespace: null,
    },
    { name: 'web', labels: null, annotations: { a: 'b' } },
  );
  const made = operations(pod);
  for (const operation of [
    'replace /spec/containers/0/env',
    'replace /spec/containers/0/volumeMounts',
    'replace /spec/containers/0/securityContext',
    'add /spec/containers/1/env/-',
    'replace /spec/containers/1/securityContext/capabilities/add',
    'replace /spec/containers/2/securityContext/capabilities',
    'add /spec/containers/3/securityContext/capabilities/add/-',
    'add /spec/containers/4/securityContext/capabilities/add',
    'replace /spec/initContainers',
    'add /spec/volumes/-',
    'replace /metadata/labels',
    'add /metadata/annotations/outrider.dev~1policy',
  ]) {
    t.ok(made.includes(operation), operation);
  }
  const { patch } = decideNow(pod, engine);
  t.equal(textOf(patchedBySecond(pod, patch)), textOf(patched(pod, patch)));
  t.end();
});

t.test('a pod without metadata gets one', (t) => {
  const { spec } = podOf();
  for (const pod of [{ spec: spec ?? null }, { metadata: null, spec: spec ?? null }]) {
    const after = patched(pod, decideNow(pod, engine).patch);
    t.equal(at(after, 'metadata', 'labels', 'outrider.dev/status'), 'injected');
    t.equal(at(after, 'metadata', 'annotations', 'outrider.dev/policy'), 'default');
  }
  t.end();
});

t.test('E28: the autoscaler’s list is appended to, and no volume is in it twice', (t) => {
  const key = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
  const listed = (value: string) => {
    const pod = podOf({}, { annotations: { [key]: value } });
    return at(patched(pod, decideNow(pod, engine).patch), 'metadata', 'annotations', key);
  };
  t.equal(listed('a,b'), 'a,b,sysdig-workload-agent,sysdig-workload-agent-bin');
  t.equal(listed(''), 'sysdig-workload-agent,sysdig-workload-agent-bin');
  t.equal(listed('a,sysdig-workload-agent'), 'a,sysdig-workload-agent,sysdig-workload-agent-bin');
  const volume = podOf();
  const after = patched(volume, decideNow(volume, engineFor({ delivery: 'ImageVolume' })).patch);
  t.equal(at(after, 'metadata', 'annotations', key), undefined, 'an image volume is nothing to evict');
  t.end();
});

t.test('E17: records that stand already are written over only where they differ, and the plan’s stamp never', (t) => {
  const pod = podOf({}, { annotations: { 'outrider.dev/policy': 'other', 'outrider.dev/plan': 'sysdig/0/old' } });
  const after = patched(pod, decideNow(pod, engine).patch);
  t.match(at(after, 'metadata', 'annotations'), {
    'outrider.dev/policy': 'default',
    'outrider.dev/plan': 'sysdig/0/old',
    'outrider.dev/reason': 'injected',
  });
  t.end();
});

t.test('E17: a pod that comes again with one more container gets that one, and nothing twice', (t) => {
  const first = patched(podOf(), decideNow(podOf(), engine).patch);
  const added = { name: 'late', image: 'x', command: ['/late'] };
  for (const containers of [
    [...members(first, 'containers'), added],
    [added, ...members(first, 'containers')],
  ]) {
    const more = { ...first, spec: { ...podSpec(first), containers } };
    const { patch, decision } = decideNow(more, engine);
    const index = containers.indexOf(added);
    t.equal(decision.reason, 'injected');
    t.ok(patch.length > 0 && patch.every(({ path }) => path.startsWith(`/spec/containers/${index}/`)));
    const after = patched(more, patch);
    t.same(members(after, 'initContainers'), members(first, 'initContainers'));
    t.same(members(after, 'volumes'), members(first, 'volumes'));
    t.same(decideNow(after, engine).patch, []);
  }
  t.end();
});

t.test('E17, E19: parts that another webhook took off are put back at their places', (t) => {
  const order = ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy', 'mesh', 'sysdig-workload-agent'];
  const pod = podOf({ initContainers: [{ name: 'mesh', image: 'm', restartPolicy: 'Always' }] });
  const whole = patched(pod, decideNow(pod, engine).patch);
  const names = (value: JsonObject) => members(value, 'initContainers').map(({ name }) => name);
  t.same(names(whole), order);
  for (const gone of order.filter((name) => name !== 'mesh')) {
    const initContainers = members(whole, 'initContainers').filter(({ name }) => name !== gone);
    const lacking = { ...whole, spec: { ...podSpec(whole), initContainers } };
    t.same(names(patched(lacking, decideNow(lacking, engine).patch)), order, `without ${gone}`);
  }
  t.end();
});

t.test('every operation of a large pod is at its own place', (t) => {
  const containers = Array.from({ length: 50 }, (_, n) => ({ name: `c${n}`, command: [`/c${n}`] }));
  const pod = podOf({ containers });
  const after = patched(pod, decideNow(pod, engine).patch);
  for (const [n, { command }] of members(after, 'containers').entries()) {
    t.same(command, ['/opt/draios/bin/instrument', `/c${n}`]);
  }
  t.end();
});

t.test('E27: pod-level amounts are raised by what is added, once', (t) => {
  const pod = podWith(
    { command: ['/app'] },
    { resources: { requests: { cpu: 1, memory: '1Gi', 'hugepages-2Mi': '4Mi' } } },
  );
  const after = patched(pod, decideNow(pod, engine).patch);
  t.same(at(after, 'spec', 'resources', 'requests'), { cpu: '1100m', memory: '1280Mi', 'hugepages-2Mi': '4Mi' });
  t.same(decideNow(after, engine).patch, []);
  t.end();
});

function podSpec(pod: JsonObject): JsonObject {
  return objectOf(at(pod, 'spec')) ?? {};
}

t.test('W53: what the API server instrumented and the webhook goes over is the webhook’s to judge', (t) => {
  const whole = patched(
    podOf({}, { labels: { app: 'web' } }),
    decideNow(podOf({}, { labels: { app: 'web' } }), engine).patch,
  );
  const marked = patched(whole, [{ op: 'add', path: '/metadata/labels/outrider.dev~1by', value: 'api-server' }]);
  t.same(decideNow(marked, engine).patch, [
    { op: 'replace', path: '/metadata/labels/outrider.dev~1by', value: 'webhook' },
  ]);
  const again = patched(marked, decideNow(marked, engine).patch);
  t.same(decideNow(again, engine).patch, [], 'once');
  t.end();
});
