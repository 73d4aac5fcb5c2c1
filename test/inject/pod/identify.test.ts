import t from 'tap';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow, engineFor, engineOf, policyText } from '../../support/engine.js';
import type { JsonObject } from '../../../src/model/json.js';
import { draft, draftsOf, listAt, members, objectAt, patched, type DraftObject } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

const own = { name: 'sysdig-workload-agent', image: 'shop/web:1', command: ['/app'] };

t.test('E17: a container of the user’s own with our name: ours gets a suffix, and the second pass finds it', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const pod = podOf({ containers: [own] });
  const first = decideNow(pod, engine);
  t.match(
    first.decision.steps.filter(({ reason }) => reason === 'name_suffixed'),
    [{ detail: 'agent is named sysdig-workload-agent-2' }],
  );
  const after = throughTheServer(patched(pod, first.patch));
  t.match(
    members(after, 'initContainers').map(({ name }) => name),
    ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy', 'sysdig-workload-agent-2'],
  );
  const second = decideNow(after, engine);
  t.match(second, { decision: { decision: 'inject', reason: 'injected' }, patch: [] });
  t.equal(decideNow(after, engine, 'validate').decision.decision, 'inject');
  t.end();
});

const engine = engineFor({ prefer: 'Security', optOut: 'Forbidden', containers: { cover: ['Main', 'Init'] } });

/** An instrumented pod, then changed by its author. */
function changed(change: (spec: DraftObject) => void): JsonObject {
  const copy = draft(patched(podOf(), decideNow(podOf(), engine).patch));
  change(objectAt(copy, 'spec'));
  return copy;
}

function named(spec: DraftObject, name: string): DraftObject {
  const all = [...draftsOf(spec['containers']), ...draftsOf(spec['initContainers'])];
  return all.find((one) => one['name'] === name) ?? {};
}

/** Fakes that are not parts of ours: containers of the workload. */
const others: ReadonlySet<string> = new Set([
  'a container that may write to the agent’s files',
  'an init container that may write to them',
]);

t.test('E17, E36: a pod written as we would make it, except for what makes a fake of it, is a look-alike', (t) => {
  const copyName = 'sysdig-workload-agent-copy';
  const agentName = 'sysdig-workload-agent';
  const mine = (path: string) => ({ name: 'mine', mountPath: path });
  const fakes: Readonly<Record<string, (spec: DraftObject) => void>> = {
    'files of their own, mounted over the agent’s image': (spec) =>
      listAt(named(spec, copyName), 'volumeMounts').push(mine('/opt/draios')),
    'a reserved variable on the agent': (spec) =>
      listAt(named(spec, agentName), 'env').push({ name: 'SYSDIG_EXTRA_CONF', value: 'log: {}' }),
    'the same, mounted below': (spec) => listAt(named(spec, copyName), 'volumeMounts').push(mine('/opt/draios/bin')),
    'the same, mounted around': (spec) => listAt(named(spec, copyName), 'volumeMounts').push(mine('/opt')),
    'a busybox of their own': (spec) => listAt(named(spec, `${agentName}-tools`), 'volumeMounts').push(mine('/tools')),
    'a hook in the agent': (spec) =>
      (named(spec, agentName)['lifecycle'] = { postStart: { exec: { command: ['kill'] } } }),
    'a probe that ends the agent': (spec) =>
      (named(spec, agentName)['livenessProbe'] = { exec: { command: ['false'] } }),
    'another command of the agent': (spec) => (named(spec, agentName)['command'] = ['sleep', '1d']),
    'other args of the agent': (spec) => (named(spec, agentName)['args'] = ['--off']),
    'another image': (spec) => (named(spec, agentName)['image'] = 'mine/agent'),
    'another collector': (spec) =>
      listAt(named(spec, agentName), 'env').push({ name: 'SYSDIG_COLLECTOR', value: 'mine.example' }),
    'a privileged copy': (spec) => (objectAt(named(spec, copyName), 'securityContext')['privileged'] = true),
    'another user': (spec) => (objectAt(named(spec, copyName), 'securityContext')['runAsUser'] = 0),
    'a capability': (spec) =>
      (objectAt(objectAt(named(spec, agentName), 'securityContext'), 'capabilities')['add'] = ['SYS_ADMIN']),
    'a volume of their own': (spec) => {
      spec['volumes'] = [{ name: agentName, hostPath: { path: '/mine' } }];
    },
    'a volume with a second source': (spec) => {
      spec['volumes'] = [{ name: agentName, emptyDir: { sizeLimit: '1Gi' }, configMap: { name: 'mine' } }];
    },
    'a volume in memory': (spec) => {
      spec['volumes'] = [{ name: agentName, emptyDir: { sizeLimit: '1Gi', medium: 'Memory' } }];
    },
    'a container that may write to the agent’s files': (spec) =>
      listAt(spec, 'containers').push({
        name: 'istio-proxy',
        image: 'mine/proxy',
        command: ['/proxy'],
        volumeMounts: [{ name: agentName, mountPath: '/mine' }],
      }),
    'an init container that may write to them': (spec) =>
      listAt(spec, 'initContainers').push({
        name: 'istio-init',
        image: 'mine/proxy',
        command: ['/proxy'],
        volumeMounts: [{ name: agentName, mountPath: '/opt/draios' }],
      }),
  };
  for (const [what, change] of Object.entries(fakes)) {
    const pod = changed((spec) => {
      listAt(spec, 'volumes').push({ name: 'mine', configMap: { name: 'mine' } });
      change(spec);
    });
    t.match(decideNow(pod, engine, 'validate').decision, { decision: 'deny', reason: 'tampered' }, what);
    const { patch } = decideNow(pod, engine);
    if (others.has(what)) {
      t.same(patch, [], `${what}: nothing is written over it`);
      continue;
    }
    const back = patched(pod, patch);
    t.match(decideNow(back, engine, 'validate').decision, { reason: 'injected' }, `${what}: ours are put back`);
    t.same(decideNow(back, engine).patch, [], `${what}: and then nothing is left to do`);
  }
  t.end();
});

t.test('E17, F2: what others may add to our containers is no gap, whatever else they add is', (t) => {
  const adding = (more: (one: DraftObject) => void): JsonObject =>
    changed((spec) => {
      listAt(spec, 'volumes').push({
        name: 'aws',
        projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } }] },
      });
      for (const one of [...draftsOf(spec['containers']), ...draftsOf(spec['initContainers'])]) {
        const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
        listAt(one, 'volumeMounts').push({ name: 'aws', mountPath, readOnly: true });
        listAt(one, 'env').push({ name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/payments' });
        objectAt(objectAt(one, 'resources'), 'limits')['memory'] = '4Gi';
        more(one);
      }
    });
  const is = (more: (one: DraftObject) => void) => decideNow(adding(more), engine, 'validate').decision.reason;
  t.equal(
    is(() => undefined),
    'injected',
  );
  t.equal(
    is((one) => listAt(one, 'envFrom').push({ configMapRef: { name: 'proxy' } })),
    'tampered',
  );
  t.equal(
    is((one) => (objectAt(objectAt(one, 'securityContext'), 'seLinuxOptions')['level'] = 's0:c1,c2')),
    'tampered',
  );
  t.end();
});

t.test('E17: tokens below a folder that an agent works with are no gap', (t) => {
  const known = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent', '--root', '/var'], cmd: ['/'] } };
  const map = `---\n${JSON.stringify({ apiVersion: 'outrider.dev/v1alpha1', kind: 'ImageMap', images: known })}\n`;
  const keeping = engineOf(map + policyText('p', { profile: { name: 'sysdig', settings: { region: 'us2' } } }));
  const after = throughTheServer(patched(podOf(), decideNow(podOf(), keeping).patch));
  t.match(decideNow(after, keeping), { decision: { reason: 'injected' }, patch: [] });
  t.end();
});

t.test('a volume of the user’s own that happens to be as ours would be: ours gets a suffix', (t) => {
  const pod = podOf({
    containers: [
      { name: 'web', command: ['/app'], volumeMounts: [{ name: 'sysdig-workload-agent', mountPath: '/cache' }] },
    ],
    volumes: [{ name: 'sysdig-workload-agent', emptyDir: { sizeLimit: '1Gi' } }],
  });
  const after = patched(pod, decideNow(pod, engine).patch);
  t.match(
    members(after, 'volumes').map(({ name }) => name),
    ['sysdig-workload-agent', 'sysdig-workload-agent-2'],
  );
  t.same(decideNow(throughTheServer(after), engine).patch, []);
  t.equal(decideNow(after, engine, 'validate').decision.decision, 'inject');
  t.end();
});

t.test('a mount of a volume that the pod does not have never becomes one of ours', (t) => {
  const pod = podOf({
    containers: [
      { name: 'web', command: ['/app'], volumeMounts: [{ name: 'sysdig-workload-agent', mountPath: '/mine' }] },
    ],
  });
  const after = patched(pod, decideNow(pod, engine).patch);
  t.match(
    members(after, 'volumes').map(({ name }) => name),
    ['sysdig-workload-agent-2'],
  );
  t.end();
});

t.test('with every suffixed name taken there is a reason, and no collision', (t) => {
  const taken = (base: string) => [base, ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${base}-${n}`)];
  const volumes = taken('sysdig-workload-agent').map((name) => ({ name, emptyDir: {} }));
  t.match(decideNow(podOf({ volumes }), engineFor()).decision, {
    reason: 'parts_differ',
    detail: 'volume sysdig-workload-agent and its suffixed names are all taken',
  });
  const initContainers = taken('sysdig-workload-agent').map((name) => ({ name, image: 'a', command: ['/a'] }));
  t.match(decideNow(podOf({ initContainers }), engineFor()).decision, {
    reason: 'parts_differ',
    detail: 'container sysdig-workload-agent and its suffixed names are all taken',
  });
  t.end();
});
