import t from 'tap';
import { closedMount } from '../../../src/inject/pod/api-token.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor, engineOf, policyText, type EngineOptions } from '../../support/engine.js';
import { at, containerOf, members, nameOf, patched } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';
import { throughTheServer } from '../../support/cluster.js';

const tools = 'sysdig-workload-agent-tools';
const copy = 'sysdig-workload-agent-copy';
const agent = 'sysdig-workload-agent';

function injected(pod: JsonObject, spec: JsonObject = {}, options: EngineOptions = {}): JsonObject {
  return patched(pod, decideNow(pod, engineFor(spec, options)).patch);
}

function resourcesOf(pod: JsonObject, name: string): JsonObject | undefined {
  return objectOf(containerOf(pod, name)['resources']);
}

const lab = (sidecar: string) => `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/run] }
  volume: { name: lab, mountPath: /lab, sizeLimit: 32Mi, copy: { name: lab-copy, from: /lab } }
${sidecar}
${policyText('p', { profile: { name: 'lab' }, prefer: 'Security' })}`;

const guaranteed = { limits: { cpu: '50m', memory: '64Mi' }, requests: { cpu: '0.05', memory: '65536Ki' } };

t.test('E27: the steps ask for little, and never for more than the agent', (t) => {
  const pod = injected(podOf());
  t.match(resourcesOf(pod, tools), {
    requests: { cpu: '10m', memory: '32Mi' },
    limits: { cpu: '500m', memory: '512Mi' },
  });
  const small = injected(podOf(), { agent: { resources: { requests: { cpu: '5m', memory: '16Mi' } } } });
  t.match(resourcesOf(small, copy), { requests: { cpu: '5m', memory: '16Mi' } });
  t.match(resourcesOf(small, agent), { requests: { cpu: '5m', memory: '16Mi' } });
  t.end();
});

t.test('E27: a Guaranteed pod stays Guaranteed, by its containers or by resources of its own', (t) => {
  const same = { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '100m', memory: '512Mi' } };
  for (const pod of [
    podWith({ command: ['/app'], resources: guaranteed }),
    podWith({ command: ['/app'] }, { resources: guaranteed }),
    podWith({ command: ['/app'], resources: { limits: { cpu: 1, memory: '1e9' } } }),
  ]) {
    const after = injected(pod);
    for (const name of [tools, copy, agent]) t.same(resourcesOf(after, name), same, name);
  }
  const ofPod = at(injected(podWith({ command: ['/app'] }, { resources: guaranteed })), 'spec', 'resources');
  t.same(at(ofPod, 'requests'), { cpu: '150m', memory: '576Mi' });
  t.same(at(ofPod, 'limits'), at(ofPod, 'requests'));
  t.end();
});

t.test('E27: without an agent a Guaranteed pod stays so too, and no effective request rises', (t) => {
  const engine = engineOf(lab(''));
  const pod = podWith({ command: ['/app'], resources: guaranteed });
  const after = patched(pod, decideNow(pod, engine).patch);
  const most = { cpu: '50m', memory: '64Mi' };
  for (const name of ['lab-copy-tools', 'lab-copy']) {
    t.same(resourcesOf(after, name), { requests: most, limits: most }, name);
  }
  t.same(decideNow(throughTheServer(after), engine).patch, []);
  t.end();
});

t.test('E27: a pod that is not Guaranteed by resources of its own is not made so', (t) => {
  const pod = podWith(
    { command: ['/app'], resources: guaranteed },
    { resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } },
  );
  const after = injected(pod);
  const requests = { cpu: '100m', memory: '256Mi' };
  t.same(resourcesOf(after, agent), { requests, limits: { memory: '512Mi', cpu: '500m' } });
  t.same(at(after, 'spec', 'resources'), { requests: { cpu: '1100m' }, limits: { cpu: '2500m' } });
  const tight = injected(podWith({ command: ['/app'] }, { resources: { limits: { cpu: '200m' } } }));
  t.match(resourcesOf(tight, tools), { limits: { cpu: '200m' } }, 'no limit of ours above the pod’s');
  t.end();
});

t.test('E27: where a container limits ephemeral storage, ours have a limit, and no request above it', (t) => {
  const pod = podWith({ command: ['/app'], resources: { limits: { 'ephemeral-storage': '1Gi' } } });
  for (const name of [tools, copy, agent]) {
    const { requests, limits } = resourcesOf(injected(pod), name) ?? {};
    t.same(at(requests, 'ephemeral-storage'), '64Mi', name);
    t.same(at(limits, 'ephemeral-storage'), '1Gi', name);
  }
  const after = patched(pod, decideNow(pod, engineOf(lab(''))).patch);
  t.same(at(resourcesOf(after, 'lab-copy'), 'requests', 'ephemeral-storage'), '32Mi');
  t.same(at(resourcesOf(after, 'lab-copy'), 'limits', 'ephemeral-storage'), '32Mi');
  t.end();
});

t.test('E27: amounts that come from one pod get into no other', (t) => {
  const plain = podWith({ command: ['/app'] });
  const tight = podWith({ command: ['/app'] }, { resources: { limits: { cpu: '200m' } } });
  const engine = engineFor();
  const limit = (pod: JsonObject): unknown =>
    at(resourcesOf(patched(pod, decideNow(pod, engine).patch), tools), 'limits', 'cpu');
  t.same([limit(tight), limit(plain), limit(tight)], ['200m', '500m', '200m']);
  const small = podWith({ command: ['/app'], resources: guaranteed });
  const large = podWith({ command: ['/app'], resources: { limits: { cpu: 1, memory: '1Gi' } } });
  const alone = engineOf(lab(''));
  const most = (pod: JsonObject): unknown =>
    at(resourcesOf(patched(pod, decideNow(pod, alone).patch), 'lab-copy'), 'limits', 'cpu');
  t.same([most(small), most(large)], ['50m', '500m']);
  t.end();
});

t.test('E22: what is added passes the restricted Pod Security level', (t) => {
  for (const spec of [
    {},
    { prefer: 'Security' },
    { profile: { name: 'datadog' } },
    { agent: { placement: 'Container' } },
  ]) {
    const after = injected(podOf(), spec);
    const added = [...members(after, 'initContainers'), ...members(after, 'containers').slice(1)];
    t.ok(added.length >= 2);
    for (const one of added) {
      const { securityContext } = one;
      t.match(
        securityContext,
        {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          runAsNonRoot: true,
          runAsUser: 59_417,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        nameOf(one),
      );
      t.equal(at(securityContext, 'capabilities', 'add'), undefined);
    }
  }
  t.end();
});

t.test('E22: OpenShift gives uids itself: none is asked for', (t) => {
  const after = injected(podOf(), {}, { facts: { openShift: true } });
  for (const { securityContext } of members(after, 'initContainers')) {
    t.equal(at(securityContext, 'runAsUser'), undefined);
    t.equal(at(securityContext, 'runAsGroup'), undefined);
    t.equal(at(securityContext, 'runAsNonRoot'), true);
  }
  t.end();
});

const sidecar = (fields: string) =>
  lab(`  sidecar: { name: lab-agent, resources: { requests: { cpu: 10m, memory: 32Mi } }, ${fields} }`);

t.test('an agent whose image needs a certain user gets it', (t) => {
  const pod = podOf();
  const engine = engineOf(sidecar('runAsUser: 1234, runAsGroup: 0'));
  const after = patched(pod, decideNow(pod, engine).patch);
  t.match(containerOf(after, 'lab-agent'), { securityContext: { runAsUser: 1234, runAsGroup: 0, runAsNonRoot: true } });
  t.match(containerOf(after, 'lab-copy'), { securityContext: { runAsUser: 59_417, runAsGroup: 59_417 } });
  t.end();
});

t.test('E17, E22: an agent that looks into the workload takes on its user, also when another comes in front', (t) => {
  const engine = engineOf(sidecar('runAs: Workload'));
  const pod = podWith(
    { command: ['/app'], securityContext: { runAsUser: 1000 } },
    { securityContext: { runAsUser: 1, runAsGroup: 7, runAsNonRoot: true } },
  );
  const after = patched(pod, decideNow(pod, engine).patch);
  t.match(containerOf(after, 'lab-agent')['securityContext'], { runAsUser: 1000, runAsGroup: 7, runAsNonRoot: true });
  const spec = objectOf(at(after, 'spec'));
  const front = { name: 'front', image: 'x', command: ['/x'], securityContext: { runAsUser: 5 } };
  const more = {
    ...after,
    spec: { ...spec, containers: [front, ...members(after, 'containers')] },
  };
  const again = decideNow(more, engine);
  t.match(again.decision, { decision: 'inject' });
  t.match(containerOf(patched(more, again.patch), 'front')['command'], ['/lab/run', '/x']);
  t.equal(decideNow(patched(more, again.patch), engine, 'validate').decision.decision, 'inject');
  t.end();
});

t.test('images go through the operator’s rewrites, the first prefix that fits', (t) => {
  const imageRewrites = [
    { from: 'quay.io/', to: 'mirror.example/quay/' },
    { from: 'quay.io/sysdig/', to: 'never/' },
  ];
  const after = injected(podOf(), {}, { facts: { imageRewrites } });
  t.match(
    members(after, 'initContainers').map(({ image }) => image),
    [
      'ghcr.io/outrider/outrider:0.1.0',
      'mirror.example/quay/sysdig/workload-agent:6.3.0',
      'mirror.example/quay/sysdig/workload-agent:6.3.0',
    ],
  );
  t.end();
});

t.test('our own folder stays for the keeper alone: for our user, or for everybody where the agent has another', (t) => {
  const kept = (sidecar: string, prefer = 'Availability', facts = {}) => {
    const engine = engineOf(
      lab(`  sidecar:
    name: lab
    argv: [/agent]
    resources: { requests: { cpu: 100m, memory: 64Mi } }
${sidecar}`).replace('"prefer":"Security"', `"prefer":"${prefer}"`),
      { facts },
    );
    const pod = podOf();
    return listOf(containerOf(patched(pod, decideNow(pod, engine).patch), 'lab-copy')['command']).slice(3, 9);
  };
  const step = ['/lab', 'run', '0', ''];
  t.same(kept(''), [...step, '0700', '/lab']);
  t.same(kept('    runAsUser: 1000'), [...step, '0755', '/lab']);
  t.same(kept('    runAs: Workload'), [...step, '0755', '/lab']);
  t.same(kept('    runAsUser: 1000', 'Availability', { openShift: true }), [...step, '0700', '/lab']);
  t.same(kept('', 'Security'), [...step, '', '/lab'], 'no keeper');
  t.end();
});

t.test('the keeper starts the agent where its argv is known, under Availability, by either delivery', (t) => {
  const known = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent', '$(X)'], cmd: ['--y'] } };
  const map = `---\n${JSON.stringify({ apiVersion: 'outrider.dev/v1alpha1', kind: 'ImageMap', images: known })}\n`;
  const policy = (spec: JsonObject) =>
    engineOf(map + policyText('p', { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec }));
  const pod = podOf();
  const agentOf = (spec: JsonObject) => containerOf(patched(pod, decideNow(pod, policy(spec)).patch), agent);
  const kept = agentOf({});
  t.same(kept['command'], ['/outrider/.outrider/busybox', 'sh', '/outrider/.outrider/keep', '/agent', '$$(X)', '--y']);
  t.same(kept['volumeMounts'], [{ name: agent, mountPath: '/outrider', readOnly: true }, closedMount]);
  const byImage = agentOf({ delivery: 'ImageVolume' });
  t.same(byImage['command'], kept['command'], 'the same words');
  t.same(byImage['volumeMounts'], [
    { name: `${agent}-tools`, mountPath: '/outrider/.outrider', subPath: 'tools', readOnly: true },
    closedMount,
  ]);
  for (const spec of [{ prefer: 'Security' }, { prefer: 'Security', delivery: 'ImageVolume' }]) {
    t.equal(agentOf(spec)['command'], undefined);
    t.same(agentOf(spec)['volumeMounts'], [closedMount]);
  }
  const remarks = decideNow(pod, engineFor()).decision.steps.map(({ reason }) => reason);
  t.ok(remarks.includes('keeper_left_out'), 'and where it is not known, that is said');
  t.end();
});
