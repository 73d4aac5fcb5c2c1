import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { isObject, listOf, objectOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { nodeAddress } from '../cluster/layout.js';
import { images } from '../support/images.js';
import { inject, pullSecret, type PolicyOptions } from '../support/inject.js';
import { listObjects, stateFolder } from '../support/kubectl.js';
import { createNamespace, type Namespace, type NamespaceOptions, until } from '../support/namespace.js';
import { containerOf, type ContainerStatus, type PodStatus } from '../support/pod-status.js';
import { injectAll, pod, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';

// docs/reliability.md has these outcomes as a table. A line here that changes is a line there.

t.setTimeout(900_000);

type Prefer = 'Availability' | 'Security';

/** A pod in trouble: what its users notice. */
interface Outcome {
  /** Whether the application answers. */
  readonly answers: boolean;
  readonly ready: boolean;
  /** Whether the Service still sends requests to the pod. */
  readonly endpoint: boolean;
  readonly traced: boolean;
}

const fine: Outcome = { answers: true, ready: true, endpoint: true, traced: true };
const untraced: Outcome = { ...fine, traced: false };
const outOfService: Outcome = { ...fine, ready: false, endpoint: false };
const notStarted: Outcome = { answers: false, ready: false, endpoint: false, traced: false };

/** A policy whose agent gets these settings; the tracer is told the priority, as the vendor's patchers do. */
function policy(prefer: Prefer, settings: JsonObject = {}, agent: JsonObject = {}): PolicyOptions {
  const profile = { name: 'sysdig', settings: { collector: nodeAddress, priorityOnWorkload: true, ...settings } };
  const spec = { profile, agent: { image: images.agent, imagePullSecrets: [pullSecret], ...agent } };
  return { prefer, spec };
}

interface WebOptions extends NamespaceOptions {
  readonly container?: JsonObject;
  readonly pullSecrets?: readonly JsonObject[];
}

/** A namespace with the pod `web` in it and a Service in front. */
async function createWeb(
  t: Test,
  name: string,
  policy: PolicyOptions,
  { container = {}, pullSecrets = [{ name: pullSecret }], ...options }: WebOptions = {},
): Promise<Namespace> {
  const here = await createNamespace(t, name, options);
  const ports = [{ port: 80, targetPort: 8080 }];
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports },
  };
  await here.create(service);
  const spec = { imagePullSecrets: pullSecrets };
  const web = pod('web', { image: images.web, ...container }, spec, { labels: { app: 'web' } });
  await here.create(await injectAll([web], policy));
  return here;
}

/** Waits until the pod is as it should be in all that its users notice. */
async function comesTo(t: Test, here: Namespace, expected: Outcome, also: (web: PodStatus) => boolean): Promise<void> {
  let seen: Outcome | undefined;
  const holds = async (web: PodStatus): Promise<boolean> => {
    seen = await outcomeOf(here, web);
    return also(web) && JSON.stringify(seen) === JSON.stringify(expected);
  };
  await here.waitFor('web', JSON.stringify(expected), holds).catch((error: unknown) => {
    throw new Error(`seen: ${JSON.stringify(seen)}`, { cause: error });
  });
  t.same(seen, expected);
}

async function outcomeOf(here: Namespace, web: PodStatus): Promise<Outcome> {
  const slices = await listObjects(here.name, 'endpointslices', 'kubernetes.io/service-name=web');
  const endpoints = slices.filter(isObject).flatMap((slice) => listOf(slice['endpoints']).filter(isObject));
  const { id } = containerOf(web, 'app');
  return {
    answers: web.ip !== '' && (await answers(web.ip)),
    ready: web.ready,
    endpoint: endpoints.some((endpoint) => objectOf(endpoint['conditions'])?.['ready'] === true),
    traced: id !== '' && tracedIn(id, sysdigWrapper).allTraced,
  };
}

function answers(ip: string): Promise<boolean> {
  return fetch(`http://${ip}:8080/`, { signal: AbortSignal.timeout(1000) }).then(
    async (response) => (await response.text()).includes('the application answers'),
    () => false,
  );
}

const agentOf = (web: PodStatus): ContainerStatus => containerOf(web, sysdigAgent);
const always = (): boolean => true;
const backingOff = (web: PodStatus): boolean => agentOf(web).reason === 'CrashLoopBackOff' && agentOf(web).restarts > 0;

/** Under Availability a keeper starts the agent again: the container itself never restarts. */
async function isKept(t: Test, here: Namespace, code: number): Promise<void> {
  await here.waitForLog('web', sysdigAgent, `the agent ended with ${code}, starting it again in 2 s`);
  t.equal(agentOf(await here.pod('web')).restarts, 0);
}

t.test('E31: the access key’s Secret is missing', async (t) => {
  const kept = await createWeb(t, 'no-key-availability', policy('Availability'), { withoutKey: true });
  const strict = await createWeb(t, 'no-key-security', policy('Security'), { withoutKey: true });
  await isKept(t, kept, 1);
  await comesTo(t, kept, fine, always);
  t.match(await kept.log('web', sysdigAgent), 'no access key');
  await comesTo(t, strict, notStarted, (web) => agentOf(web).reason === 'CreateContainerConfigError');
});

t.test('the agent’s image does not exist', async (t) => {
  const missing = { image: 'registry.test:5000/no-such-agent:1' };
  const { object, report } = await inject(pod('web', { image: images.web }), policy('Availability', {}, missing));
  t.match(report, 'agent_image_missing');
  t.notMatch(JSON.stringify(object), 'instrument');
  const strict = await createWeb(t, 'no-image-security', policy('Security', {}, missing));
  const copy = 'sysdig-workload-agent-copy';
  await comesTo(t, strict, notStarted, (web) => containerOf(web, copy).reason === 'ImagePullBackOff');
});

t.test('the node may not pull the agent’s image, which Outrider cannot know', async (t) => {
  for (const prefer of ['Availability', 'Security'] as const) {
    // Offline the docker config opens the registry to Outrider; the pod has no pull secret for the agent.
    const spec = { ...policy(prefer).spec, agent: { image: images.agent } };
    const here = await createWeb(t, `no-pull-${prefer.toLowerCase()}`, { prefer, spec }, { pullSecrets: [] });
    const first = 'sysdig-workload-agent-tools';
    await comesTo(t, here, notStarted, (web) => containerOf(web, first).reason === 'ImagePullBackOff');
  }
});

t.test('the agent crashes at its start', async (t) => {
  const crash = { extraConf: 'crash-at-start' };
  const kept = await createWeb(t, 'crash-availability', policy('Availability', crash));
  const strict = await createWeb(t, 'crash-security', policy('Security', crash));
  await isKept(t, kept, 3);
  await comesTo(t, kept, fine, always);
  await comesTo(t, strict, notStarted, backingOff);
  t.match(await strict.log('web', 'app'), 'waiting for the agent');
});

t.test('the agent crashes at its start, and its files came by an image volume', async (t) => {
  const crash = (prefer: Prefer): PolicyOptions => {
    const { spec } = policy(prefer, { extraConf: 'crash-at-start' });
    return { prefer, spec: { ...spec, delivery: 'ImageVolume' } };
  };
  const kept = await createWeb(t, 'volume-availability', crash('Availability'));
  const strict = await createWeb(t, 'volume-security', crash('Security'));
  t.same(Object.keys((await kept.pod('web')).containers).sort(), ['app', sysdigAgent], 'no step of ours');
  await isKept(t, kept, 3);
  await comesTo(t, kept, fine, always);
  await comesTo(t, strict, notStarted, backingOff);
});

t.test('an agent that crashes without the keeper, because nobody said what its image starts', async (t) => {
  const crash = { ...policy('Availability', { extraConf: 'crash-at-start' }), withoutKeeper: true };
  const here = await createWeb(t, 'no-keeper', crash);
  await comesTo(t, here, outOfService, backingOff);
});

t.test('the agent crashes later, again and again', async (t) => {
  const crash = { extraConf: 'crash-later' };
  const kept = await createWeb(t, 'later-availability', policy('Availability', crash));
  const strict = await createWeb(t, 'later-security', policy('Security', crash));
  await isKept(t, kept, 4);
  await comesTo(t, kept, fine, always);
  await comesTo(t, strict, outOfService, backingOff);
});

t.test('the agent runs out of memory', async (t) => {
  const small = { resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '32Mi' } } };
  const hungry = { extraConf: 'eat-memory' };
  const kept = await createWeb(t, 'memory-availability', policy('Availability', hungry, small));
  const strict = await createWeb(t, 'memory-security', policy('Security', hungry, small));
  await isKept(t, kept, 137);
  await comesTo(t, kept, fine, always);
  await comesTo(t, strict, notStarted, (web) => agentOf(web).lastReason === 'OOMKilled' && backingOff(web));
});

t.test('the collector is down', async (t) => {
  for (const prefer of ['Availability', 'Security'] as const) {
    const here = await createWeb(t, `collector-${prefer.toLowerCase()}`, policy(prefer, { collectorPort: 9 }));
    await comesTo(t, here, fine, always);
    t.match(await here.waitForLog('web', sysdigAgent, 'collector'), 'Connection refused', prefer);
  }
});

t.test('the tracer is refused by a seccomp profile of the workload', async (t) => {
  const folder = join(stateFolder(), 'kubelet', 'seccomp');
  mkdirSync(folder, { recursive: true });
  const refuse = { names: ['ptrace'], action: 'SCMP_ACT_ERRNO' };
  writeFileSync(
    join(folder, 'no-ptrace.json'),
    JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [refuse] }),
  );
  const container = { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'no-ptrace.json' } } };
  const lax = await createWeb(t, 'refused-availability', policy('Availability'), { container });
  const strict = await createWeb(t, 'refused-security', policy('Security'), { container });
  await comesTo(t, lax, untraced, always);
  t.match(await lax.log('web', 'app'), 'the workload runs untraced');
  t.match(await lax.waitForLog('web', sysdigAgent, 'untraced'), 'agent: untraced');
  const failing = (web: PodStatus): boolean => containerOf(web, 'app').lastExitCode === 1;
  await comesTo(t, strict, notStarted, failing);
  await until('the tracer’s word', async () =>
    (await strict.log('web', 'app')).includes('the workload is not started'),
  );
});
