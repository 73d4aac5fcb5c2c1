import t from 'tap';
import { planParametersOf, type ParametersInput } from '../../../src/engine/api-server/parameters.js';
import type { KnownLimits } from '../../../src/engine/known-limits.js';
import { instrumentationPlanSchema, type PlanParameters } from '../../../src/model/instrumentation-plan.js';
import { namespaceLimits, noLimits, type NamespaceLimits } from '../../../src/model/namespace-limits.js';
import { KnownPodNodes } from '../../../src/cluster/facts/pod-nodes.js';
import type { JsonObject } from '../../../src/model/json.js';
import { nodeOf, setsOf } from '../../doctor/nodes.js';
import { engineFor } from '../../support/engine.js';

const engine = engineFor({ prefer: 'Security' });
const input: ParametersInput = {
  policyName: 'default',
  engine,
  namespace: 'shop',
  namespaceLabels: {},
  images: { 'shop/web:1.2.3': { entrypoint: ['/app'], cmd: [] } },
  before: undefined,
};

function made(more: Partial<ParametersInput> = {}): PlanParameters {
  const parameters = planParametersOf({ ...input, ...more });
  if ('reason' in parameters) throw new Error(parameters.detail);
  return parameters;
}

function why(more: Partial<ParametersInput>): string | undefined {
  const parameters = planParametersOf({ ...input, ...more });
  return 'reason' in parameters ? `${parameters.reason} ${parameters.detail}` : undefined;
}

function knowing(limits: NamespaceLimits | undefined): KnownLimits {
  return { of: () => limits, trouble: () => undefined, prepare: () => undefined };
}

t.test('E38, W53: where nodes decide about the delivery, pods that say nothing about theirs are claimed alone', (t) => {
  const nodes = new KnownPodNodes();
  nodes.know('v1.36.3', setsOf([nodeOf('a', { runtime: 'containerd://2.1.0' })]));
  const ofNodes = (spec: JsonObject = {}) => made({ engine: engineFor(spec, { nodes }) }).plans[0];
  t.match(ofNodes(), { terms: { placed: true } }, 'no node makes a difference');
  t.ok(ofNodes()?.volumes.some(({ emptyDir }) => emptyDir !== undefined));
  nodes.know('v1.36.3', setsOf([nodeOf('a')]));
  t.match(ofNodes(), { terms: { placed: false } });
  t.ok(ofNodes()?.volumes.some(({ image }) => image !== undefined));
  t.match(ofNodes({ delivery: 'Copy' }), { terms: { placed: true } }, 'the policy decides');
  t.match(ofNodes({ prefer: 'Security' }), { terms: { placed: true } }, 'and here that debug sessions are traced');
  t.end();
});

t.test('W53: the parameters are what the engine makes of a pod, as the API server stores it', (t) => {
  const parameters = made();
  const [plan] = parameters.plans;
  t.same(
    plan?.steps.map(({ name }) => name),
    ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy'],
  );
  t.same(
    plan?.agentInit.map(({ name }) => name),
    ['sysdig-workload-agent'],
  );
  t.same(plan?.wrapper, ['/opt/draios/bin/instrument']);
  t.match(plan?.agentInit[0], { imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' });
  t.notHas(plan?.agentInit[0], 'resources');
  t.same(Object.keys(plan?.amounts ?? {}), ['--', 'c-', 'g-', '-e', 'ce', 'ge']);
  t.match(plan?.amounts['c-']?.resources[2], { limits: { cpu: '500m' } }, 'a CPU limit where each container has one');
  t.not(plan?.amounts['c-']?.stamp, plan?.amounts['--']?.stamp);
  const object = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPlan',
    metadata: { name: 'default', namespace: 'shop' },
    spec: parameters,
  };
  t.same(instrumentationPlanSchema.parse(object), object, 'of the kind');
  t.ok(Buffer.byteLength(JSON.stringify(parameters)) < 16 * 1024, 'small');
  t.end();
});

t.test('W57: the plan before stays beside the current one, until there is one more', (t) => {
  const first = made();
  t.same(made({ before: first }), first, 'nothing changed');
  const edited = engineFor({ prefer: 'Security', capability: 'Never' });
  const second = made({ engine: edited, before: first });
  t.equal(second.plans.length, 2);
  t.same(second.plans[1], first.plans[0]);
  t.same(made({ engine: edited, before: second }), second, 'still both');
  const third = made({ engine: engineFor({ prefer: 'Security', containers: { cover: ['Main'] } }), before: second });
  t.same(third.plans[1], second.plans[0]);
  t.equal(third.plans.length, 2);
  t.end();
});

t.test('what differs by namespace is of that namespace', (t) => {
  const restricted = made({ namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
  t.equal(restricted.podSecurity, 'restricted');
  t.same(restricted.plans[0]?.capabilities, []);
  t.same(made().plans[0]?.capabilities, ['SYS_PTRACE']);
  const range = { spec: { limits: [{ type: 'Container', max: { memory: '300Mi' } }] } };
  const fitted = made({ engine: { ...engine, limits: knowing(namespaceLimits([range], [])) } });
  t.match(fitted.plans[0]?.amounts['--']?.resources[2], { limits: { memory: '300Mi' } });
  t.same(made({ engine: { ...engine, limits: knowing(noLimits) } }), made());
  t.end();
});

t.test('what is not known, or depends on the pod, is left to the webhook', (t) => {
  const pod = { spec: { limits: [{ type: 'Pod', max: { memory: '3Gi' } }] } };
  const quota = { spec: { hard: { cpu: '1' }, scopes: ['NotBestEffort'] } };
  t.match(why({ engine: { ...engine, limits: knowing(undefined) } }), /^amounts_by_pod .*not known yet/);
  t.match(why({ engine: { ...engine, limits: knowing(namespaceLimits([pod], [])) } }), /^amounts_by_pod/);
  t.match(why({ engine: { ...engine, limits: knowing(namespaceLimits([], [quota])) } }), /^amounts_by_pod/);
  t.match(why({ namespaceLabels: { 'outrider.dev/inject': 'disabled' } }), /^not_injected namespace_opted_out/);
  t.match(why({ namespace: 'kube-system' }), /^not_injected namespace_excluded/);
  t.match(why({ engine: engineFor({}, { secretState: () => 'missing' }) }), /^not_injected credentials_missing/);
  t.end();
});
