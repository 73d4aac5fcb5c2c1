import t from 'tap';
import { objectOf, type JsonObject } from '../../../../src/model/json.js';
import { namespaceLimits, type NamespaceLimits } from '../../../../src/model/namespace-limits.js';
import { decideNow, engineFor, engineOf, policyText } from '../../../support/engine.js';
import { at, containerOf, draft, draftsOf, listAt, nameOf, objectAt, patched } from '../../../support/json.js';
import { knownLimits, quotaOf, rangeOf } from '../../../support/limits.js';
import { podOf, podWith } from '../../../support/pods.js';

const agent = 'sysdig-workload-agent';
const tools = 'sysdig-workload-agent-tools';
const some = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } };

function fitted(limits: NamespaceLimits | undefined, pod: JsonObject, spec: JsonObject = {}): JsonObject {
  const { decision, patch } = decideNow(
    pod,
    engineFor(spec, limits === undefined ? {} : { limits: knownLimits(limits) }),
  );
  if (decision.decision !== 'inject') throw new Error(`${decision.reason}: ${decision.detail}`);
  return patched(pod, patch);
}

function misfit(limits: NamespaceLimits, pod: JsonObject, spec: JsonObject = {}): string {
  const { decision, patch } = decideNow(pod, engineFor(spec, { limits: knownLimits(limits) }));
  t.same(patch, []);
  t.equal(decision.reason, 'resources_do_not_fit');
  return decision.detail;
}

function resourcesOf(pod: JsonObject, name: string): JsonObject | undefined {
  return objectOf(containerOf(pod, name)['resources']);
}

t.test('F21: min, max, ratio and quota: agent and copy steps are fitted, the workload stays', (t) => {
  const pod = podWith({ command: ['/app'], resources: some });
  const least = fitted(rangeOf({ min: { cpu: '150m', memory: '300Mi' } }), pod);
  t.same(resourcesOf(least, agent), {
    requests: { cpu: '150m', memory: '300Mi' },
    limits: { memory: '512Mi', cpu: '500m' },
  });
  t.match(resourcesOf(least, tools), { requests: { cpu: '150m', memory: '300Mi' }, limits: { memory: '512Mi' } });
  t.same(resourcesOf(least, 'web'), some);
  const most = fitted(rangeOf({ max: { memory: '256Mi', cpu: '300m' }, maxLimitRequestRatio: { cpu: 4 } }), pod);
  t.same(resourcesOf(most, agent)?.['limits'], { memory: '256Mi', cpu: '300m' });
  t.match(resourcesOf(most, tools), { requests: { cpu: '75m' }, limits: { memory: '256Mi', cpu: '300m' } });
  const demanded = fitted(quotaOf({ hard: { 'limits.cpu': 20 } }), podOf());
  t.same(resourcesOf(demanded, agent)?.['limits'], { memory: '512Mi', cpu: '500m' });
  t.end();
});

t.test('F21: where the least that the agent needs does not fit, nothing is done', (t) => {
  const detail = misfit(rangeOf({ max: { memory: '255Mi' } }), podOf());
  t.equal(detail, `container ${agent} may have 255Mi of memory at most, and it needs 256Mi`);
  const datadog = { profile: { name: 'datadog', settings: { site: 'datadoghq.com' } } };
  t.match(misfit(rangeOf({ max: { cpu: '100m' } }), podOf(), datadog), 'datadog-agent may have 100m of cpu at most');
  const smaller = { ...datadog, agent: { resources: { limits: { cpu: '100m' } } } };
  t.ok(fitted(rangeOf({ max: { cpu: '100m' } }), podOf(), smaller), 'an operator may plan with less');
  t.end();
});

t.test('F21: limits of the pod as a whole: the agent makes room for what is left', (t) => {
  const pod = podWith({ command: ['/app'], resources: some });
  const limit = (text: string): unknown =>
    at(resourcesOf(fitted(rangeOf({ max: { memory: text } }, 'Pod'), pod), agent), 'limits', 'memory');
  t.same([limit('1Gi'), limit('600Mi'), limit('512Mi')], ['512Mi', '344Mi', '256Mi']);
  t.match(
    misfit(rangeOf({ max: { memory: '511Mi' } }, 'Pod'), pod),
    'limits of 512Mi of memory, and a pod may have 511Mi',
  );
  const asks = podWith({ command: ['/app'], resources: { requests: { memory: '1Gi' } } });
  const raised = fitted(rangeOf({ min: { memory: '1Gi' } }, 'Pod'), asks);
  t.equal(at(resourcesOf(raised, agent), 'limits', 'memory'), '1Gi', 'a limit of ours is the pod’s only one');
  const both = namespaceLimits(
    [
      {
        spec: {
          limits: [
            { type: 'Container', max: { memory: '600Mi' } },
            { type: 'Pod', min: { memory: '1Gi' } },
          ],
        },
      },
    ],
    [],
  );
  t.match(misfit(both, asks), 'and a pod has to have 1Gi');
  const requests = fitted(
    rangeOf({ max: { cpu: '130m' } }, 'Pod'),
    podWith({ command: ['/app'], resources: { limits: { cpu: '30m' } } }),
  );
  t.same(resourcesOf(requests, agent)?.['requests'], { cpu: '100m', memory: '256Mi' });
  t.equal(at(resourcesOf(requests, agent), 'limits', 'cpu'), '100m');
  const own = podWith({ command: ['/app'] }, { resources: { limits: { memory: '1Gi' } } });
  t.equal(
    at(resourcesOf(fitted(rangeOf({ max: { memory: '1400Mi' } }, 'Pod'), own), agent), 'limits', 'memory'),
    '376Mi',
  );
  const native = podOf({ initContainers: [{ name: 'mesh', image: 'm', restartPolicy: 'Always', resources: some }] });
  t.equal(
    at(resourcesOf(fitted(rangeOf({ max: { memory: '600Mi' } }, 'Pod'), native), agent), 'limits', 'memory'),
    '344Mi',
  );
  t.end();
});

t.test('F21: limits and requests of the pod as a whole in a ratio', (t) => {
  const pod = podWith({ command: ['/app'], resources: some });
  const ratio = rangeOf({ maxLimitRequestRatio: { memory: 2, cpu: 2 } }, 'Pod');
  t.same(resourcesOf(fitted(ratio, pod), agent)?.['limits'], { memory: '512Mi', cpu: '200m' });
  const apart = podWith({ command: ['/app'], resources: { requests: { memory: '10Mi' }, limits: { memory: '1Gi' } } });
  t.match(misfit(ratio, apart), 'and there they may be 2 times as much');
  t.end();
});

t.test('F21: a quota that counts the pod only because of the agent demands what the pod’s own containers lack', (t) => {
  const quota = quotaOf({ hard: { 'requests.cpu': 20, 'limits.memory': 1 }, scopes: ['NotBestEffort'] });
  t.match(misfit(quota, podOf()), 'quota q then demands requests.cpu, limits.memory of its own containers');
  t.ok(fitted(quota, podWith({ command: ['/app'], resources: some })), 'which counts the pod anyway');
  t.ok(fitted(quota, podWith({ command: ['/app'] }, { resources: some })), 'by its own resources, too');
  t.end();
});

t.test('F21: a pod whose every container has a cpu limit gets one on ours; one of whose has none does not', (t) => {
  const limited = { command: ['/app'], resources: { limits: { cpu: '2' } } };
  const after = fitted(undefined, podWith(limited));
  t.same(resourcesOf(after, agent)?.['limits'], { memory: '512Mi', cpu: '500m' });
  const two = podOf({
    containers: [
      { name: 'a', ...limited },
      { name: 'b', command: ['/app'] },
    ],
  });
  t.same(resourcesOf(fitted(undefined, two), agent)?.['limits'], { memory: '512Mi' });
  const init = { initContainers: [{ name: 'init', image: 'i', command: ['/i'] }] };
  t.same(resourcesOf(fitted(undefined, podWith(limited, init)), agent)?.['limits'], { memory: '512Mi' });
  t.end();
});

t.test('F21: storage: the agent keeps what makes room for the volume, the steps make do', (t) => {
  const pod = podWith({ command: ['/app'], resources: { limits: { 'ephemeral-storage': '2Gi' } } });
  const max = (text: string): NamespaceLimits => rangeOf({ max: { 'ephemeral-storage': text } });
  t.equal(at(resourcesOf(fitted(max('2Gi'), pod), agent), 'limits', 'ephemeral-storage'), '1Gi');
  t.match(misfit(max('1000Mi'), pod), 'may have 1000Mi of ephemeral-storage at most, and it needs 1Gi');
  t.end();
});

t.test('F21: what is put back whole is fitted, and what is left as it is stays', (t) => {
  const pod = podWith({ command: ['/app'], resources: some });
  const copy = draft(fitted(undefined, pod, { optOut: 'Forbidden' }));
  for (const one of draftsOf(objectAt(copy, 'spec')['initContainers'])) {
    if (nameOf(one) === agent) listAt(one, 'env').push({ name: 'HTTPS_PROXY', value: 'http://mine' });
    if (nameOf(one) === agent) objectAt(objectAt(one, 'resources'), 'limits')['memory'] = '64Mi';
  }
  const limits = knownLimits(rangeOf({ max: { memory: '300Mi' } }));
  const { patch } = decideNow(copy, engineFor({ optOut: 'Forbidden' }, { limits }));
  t.equal(at(resourcesOf(patched(copy, patch), agent), 'limits', 'memory'), '300Mi');
  t.end();
});

t.test('F21: amounts of the copy steps are the policy’s to set', (t) => {
  const spec = { agent: { copyResources: { requests: { cpu: '50m' }, limits: { cpu: '1', memory: '64Mi' } } } };
  const after = fitted(undefined, podOf(), spec);
  t.same(resourcesOf(after, tools), {
    requests: { cpu: '50m', memory: '64Mi' },
    limits: { cpu: '1', memory: '64Mi' },
  });
  t.same(resourcesOf(after, agent), { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } });
  const same = { limits: { cpu: '1', memory: '1Gi' } };
  t.same(
    resourcesOf(fitted(undefined, podWith({ command: ['/app'], resources: same }), spec), tools),
    { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '1', memory: '64Mi' } },
    'E27: equal in a Guaranteed pod',
  );
  t.end();
});

t.test('F21: what was fitted for one pod gets into no other', (t) => {
  const limited = podWith({ command: ['/app'], resources: some });
  const guaranteed = podWith({ command: ['/app'], resources: { limits: { cpu: '1', memory: '1Gi' } } });
  const terminating = podWith({ command: ['/app'] }, { activeDeadlineSeconds: 9 });
  const bounded = podWith({ command: ['/app'], resources: some }, { resources: some });
  const asks = namespaceLimits(
    [{ spec: { limits: [{ type: 'Container', max: { memory: '300Mi' } }] } }],
    [{ metadata: { name: 'q' }, spec: { hard: { 'limits.cpu': 1 }, scopes: ['Terminating'] } }],
  );
  const wide = rangeOf({ max: { memory: '1Gi', cpu: '2' } }, 'Pod');
  const pods = [limited, podOf(), guaranteed, terminating, bounded];
  for (const limits of [namespaceLimits([], []), asks, wide]) {
    const engine = engineFor({}, { limits: knownLimits(limits) });
    for (const pod of [...pods, ...pods.toReversed(), ...pods]) {
      const fresh = decideNow(pod, engineFor({}, { limits: knownLimits(limits) }));
      t.same(decideNow(pod, engine).patch, fresh.patch);
    }
  }
  t.end();
});

t.test('F21: of an agent that names nothing, what a quota demands is named', (t) => {
  const lab = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/run] }
  volume: { name: lab, mountPath: /lab, sizeLimit: 32Mi, copy: { name: lab-copy, from: /lab } }
  sidecar: { name: lab-agent, resources: { requests: { cpu: 20m, memory: 32Mi } } }
${policyText('p', { profile: { name: 'lab' } })}`;
  const limits = knownLimits(quotaOf({ hard: { 'limits.cpu': 1, 'limits.memory': 1 } }));
  const pod = podOf();
  const after = patched(pod, decideNow(pod, engineOf(lab, { limits })).patch);
  t.same(resourcesOf(after, 'lab-agent'), {
    requests: { cpu: '20m', memory: '32Mi' },
    limits: { cpu: '500m', memory: '512Mi' },
  });
  t.end();
});
