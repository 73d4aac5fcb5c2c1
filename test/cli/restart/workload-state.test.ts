import jsonpatch from 'fast-json-patch';
import t from 'tap';
import { judgeWorkload, type WorkloadState } from '../../../src/cli/restart/workload-state.js';
import type { Engine } from '../../../src/engine/engine.js';
import { asJson, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { decideNow, engineFor, engineOf, policyText, resolverOf } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';

const image = 'quay.io/sysdig/workload-agent:6.3.0';
const known = { [image]: { entrypoint: ['/opt/draios/bin/sidecar'], cmd: [] } };
const options = { known };
const us2 = engineFor({}, options);
const us3 = engineFor({ profile: { name: 'sysdig', settings: { region: 'us3' } } }, options);

const template = { metadata: { labels: { app: 'web' } }, spec: podOf()['spec'] ?? null };

function deployment(pod: JsonObject = template, spec: JsonObject = {}): JsonObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { template: pod, ...spec } };
}

function judge(
  workload: JsonObject,
  pods: readonly JsonObject[],
  engine: Engine,
  policy?: string,
): Promise<WorkloadState> {
  const lookUps: string[] = [];
  const resolver = {
    ...engine.images,
    lookUp: ({ reference }: { readonly reference: string }) => {
      lookUps.push(reference);
      return Promise.resolve({ ok: false as const, reason: 'registry_unreachable' as const, detail: 'no' });
    },
  };
  const images = { resolver, lookUp: () => new AbortController().signal, close: () => Promise.resolve() };
  const namespaces = { of: () => 'shop', labels: () => ({}) };
  return judgeWorkload(
    workload,
    () => Promise.resolve(pods),
    { engine: { ...engine, images: resolver }, namespaces, images },
    policy,
  );
}

/** A pod as an engine’s webhook makes it. */
function injected(engine: Engine, pod: JsonObject = podOf()): JsonObject {
  const { patch } = decideNow(pod, engine);
  return jsonpatch.applyPatch(structuredClone(pod), structuredClone([...patch])).newDocument;
}

function annotated(pod: JsonObject, annotations: Readonly<Record<string, string>>): JsonObject {
  return { ...pod, metadata: { name: 'web', annotations, labels: { [names.status]: 'injected' } } };
}

async function statesOf(pods: readonly JsonObject[], engine = us2): Promise<readonly string[]> {
  return (await judge(deployment(), pods, engine)).pods.map(({ state }) => state);
}

t.test('pods are judged by what they have of what a new one gets', async (t) => {
  t.same(await statesOf([podOf()]), ['missed']);
  t.same(await statesOf([injected(us2)]), ['instrumented']);
  t.same(await statesOf([injected(us3)]), ['stale'], 'of another plan');
  const state = await judge(deployment(), [podOf(), injected(us3)], us2);
  t.match(state, { policy: 'default', obstacle: undefined });
  t.match(state.pods[0]?.detail, /^it lacks .*volume sysdig-workload-agent.*wrapper of container web/);
  t.match(state.pods[1]?.detail, /^it has plan sysdig\//);
});

t.test('what is written on a pod says nothing of one that has none of the parts: anybody can write it', async (t) => {
  const record = injected(us2)['metadata'];
  const claims = { ...podOf(), metadata: record ?? null };
  t.same(await statesOf([claims]), ['missed'], 'the record of now');
  t.same(await statesOf([annotated(podOf(), { [names.plan]: 'older', [names.policy]: 'default' })]), ['missed']);
  const older = annotated(injected(us2), { [names.plan]: 'older', [names.policy]: 'default' });
  t.same(await statesOf([older]), ['instrumented'], 'every part is there, whatever the record says');
});

t.test(
  'a part that somebody changed under the record of now: nobody can tell whether a new pod would keep it',
  async (t) => {
    const changed = asJson(JSON.parse(JSON.stringify(injected(us2)).replaceAll(image, 'mirror.example/agent:1')));
    t.same(await statesOf([changed]), ['unknown']);
    t.same(
      await statesOf([injected(us2)], engineFor()),
      ['instrumented'],
      'a replica may know more of an image than we do',
    );
  },
);

t.test('where a new pod would be no better, no pod is looked at', async (t) => {
  const obstacle = async (workload: JsonObject, engine: Engine, policy?: string): Promise<WorkloadState> => {
    const state = await judge(workload, [podOf()], engine, policy);
    t.same(state.pods, []);
    return state;
  };
  const spec = (more: JsonObject) =>
    engineFor({ profile: { name: 'sysdig', settings: { region: 'us2' } }, ...more }, options);
  t.match(await obstacle(deployment(), spec({ mode: 'Report' })), {
    obstacle: { kind: 'same', why: /report_mode/ },
  });
  t.match(await obstacle(deployment(), spec({ mode: 'Off' })), { obstacle: { why: /left alone too/ } });
  const secure = spec({ prefer: 'Security' });
  const asInit = { ...template, spec: { containers: [{ name: 'web', image: 'acme/web:1', command: ['/sbin/init'] }] } };
  t.match(await obstacle(deployment(asInit), secure), { obstacle: { kind: 'denied', why: /would be denied: pid1/ } });
  t.match(await obstacle(deployment(), us2, 'payments'), { obstacle: { why: 'policy default wins for its pods' } });
  const nobody = engineOf(
    policyText('far', {
      match: { namespaceSelector: { matchLabels: { a: 'b' } } },
      profile: { name: 'sysdig', settings: { region: 'us2' } },
    }),
    options,
  );
  t.match(await obstacle(deployment(), nobody, 'far'), { obstacle: { why: 'no policy is for its pods' } });
  const optedOut = { ...template, metadata: { labels: { [names.inject]: 'disabled' } } };
  t.match(await obstacle(deployment(optedOut), us2), { policy: 'default', obstacle: { kind: 'same' } });
  const offline = injected(us2, { ...template });
  t.match(await obstacle(deployment(offline), us2), { obstacle: { why: 'its template has every part itself' } });
  const rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web' },
    spec: { workloadRef: {} },
  };
  t.match(await obstacle(rollout, us2), { obstacle: { why: /spec.workloadRef/ } });
});

t.test('an answer of the API server that is no workload is a fault', async (t) => {
  await t.rejects(judge(deployment({ spec: 7, metadata: {} }), [], us2), { code: 'internal' });
});

t.test('an image that cannot be looked up here says nothing of what the cluster knows', async (t) => {
  const template = { metadata: {}, spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } };
  for (const engine of [us2, engineFor({ prefer: 'Security' }, options)]) {
    const inCluster = { ...engine, images: resolverOf({ ...known, 'acme/web:1': { entrypoint: ['/web'], cmd: [] } }) };
    const pods = [podOf(template.spec), injected(inCluster, podOf(template.spec))];
    const { obstacle, pods: needs } = await judge(deployment(template), pods, engine);
    t.match(obstacle, { kind: 'untold', why: /registry_unreachable/ });
    t.same(
      needs.map(({ state }) => state),
      ['unknown', 'instrumented'],
    );
  }
});
