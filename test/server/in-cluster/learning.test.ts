import { Registry } from 'prom-client';
import t from 'tap';
import type { Reviewed } from '../../../src/admission/door-options.js';
import { Learning } from '../../../src/server/in-cluster/learning.js';
import { InjectionMetrics } from '../../../src/observe/injection-metrics.js';
import type { JsonObject } from '../../../src/model/json.js';
import { memoryLog } from '../../cluster/fake-api.js';
import { fakeTime, storedObjects } from '../../cluster/stored-objects.js';

const rolePath = '/apis/rbac.authorization.k8s.io/v1/clusterroles/outrider-api-server-policies';
const learnedPath = (namespace: string): string =>
  `/apis/outrider.dev/v1alpha1/namespaces/${namespace}/instrumentationplans/images.outrider.dev`;

async function createWorld(planted: readonly JsonObject[] = []) {
  const api = storedObjects();
  const time = fakeTime();
  const ending = new AbortController();
  const registry = new Registry();
  const role = api.put(rolePath, { metadata: { name: 'outrider-api-server-policies' } });
  const nothing = (): void => undefined;
  const learning = new Learning({
    ...time,
    random: () => 0.5,
    client: {
      ...api.client,
      list: () => Promise.resolve({ items: planted, resourceVersion: '1' }),
      watch: async function* (_path, { signal }) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield* [];
      },
    },
    settings: {
      apiServerPolicies: 'Auto',
      planBytes: 65_536,
      planTotalBytes: 1_000_000,
      immutableTags: [],
      instance: 'outrider',
    },
    log: memoryLog().log,
    relistMs: 600_000,
    signal: ending.signal,
    images: { known: () => undefined, lookUp: () => Promise.reject(new Error('nobody is asked')) },
    injections: new InjectionMetrics(registry),
    onChange: nothing,
    onFailure: nothing,
  });
  await learning.read;
  return { api, time, role, registry, learning, end: () => ending.abort() };
}

const reviewed: Reviewed = {
  door: 'mutate',
  uid: '1',
  namespace: 'shop',
  owner: 'Pod/web',
  dryRun: false,
  decision: 'inject',
  reason: 'injected',
  policy: 'default',
  durationMs: 1,
  traceparent: undefined,
};

t.test('W55: a forged label is not counted as the API server’s work', async (t) => {
  const { learning, registry, end } = await createWorld();
  const marked = { metadata: { labels: { 'outrider.dev/by': 'api-server' } }, spec: {} };
  learning.reviewed({ ...reviewed, isSpecKept: true }, marked);
  learning.reviewed({ ...reviewed, isSpecKept: false }, marked);
  learning.reviewed({ ...reviewed, isSpecKept: true }, { spec: {} });
  learning.reviewed({ ...reviewed, isSpecKept: true, dryRun: true }, marked);
  const text = await registry.metrics();
  t.match(text, 'outrider_injections_total{by="api-server"} 1');
  t.match(text, 'outrider_injections_total{by="webhook"} 2');
  end();
});

t.test('W61: what somebody planted as learned is believed by no replica', async (t) => {
  const learned = {
    images: {
      'shop/web:1': {
        entrypoint: ['/planted'],
        cmd: [],
        learnedAt: '2026-11-29T08:00:00Z',
        usedAt: '2026-11-29T08:00:00Z',
      },
    },
  };
  const object = (namespace: string, uid: string | undefined): JsonObject => ({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPlan',
    metadata: {
      namespace,
      name: 'images.outrider.dev',
      resourceVersion: '1',
      ...(uid === undefined ? {} : { ownerReferences: [{ uid }] }),
    },
    learned,
  });
  const planted = [object('a', undefined), object('b', 'uid-1'), object('c', 'uid-of-another')];
  const { learning, role, api, time, end } = await createWorld(planted);
  t.match(role, { metadata: { uid: 'uid-1' } });
  const known = () => ['a', 'b', 'c'].filter((namespace) => learning.plans.learned(namespace) !== undefined);
  t.same(known(), ['b']);
  api.objects.delete(rolePath);
  await time.advance(600_000);
  t.same(known(), [], 'nor is it once the role is gone that it belonged to');
  t.equal(api.objects.has(learnedPath('a')), false);
  end();
});
