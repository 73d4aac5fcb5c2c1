import t from 'tap';
import { podLists } from '../../../src/cluster/coverage/pod-lists.js';
import { PodSample } from '../../../src/cluster/coverage/sample.js';
import { sweepPods, type SweepOptions } from '../../../src/cluster/coverage/sweep.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { CountedPod } from '../../../src/engine/coverage/tally.js';
import { matchNamespaces } from '../../../src/engine/matched-namespaces.js';
import type { JsonObject } from '../../../src/model/json.js';
import { running } from '../../engine/coverage/running.js';
import { decideNow, engineOf, policyText } from '../../support/engine.js';
import { draft, objectAt, patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { createVirtualTime } from '../virtual-time.js';
import { refusal } from '../fake-api.js';
import { fakePods, gone, type FakePods } from './fake-pods.js';

const profile = { name: 'sysdig', settings: { region: 'us2' } };
const match = (tier: string) => ({ namespaceSelector: { matchLabels: { tier } } });
const engine = engineOf(
  [
    policyText('default', { profile, match: match('any') }),
    policyText('bank', { profile, match: match('secure'), prefer: 'Security' }),
    policyText('off', { profile, match: match('off'), mode: 'Off' }),
  ].join(''),
);
const namespaces = new Map<string, Readonly<Record<string, string>>>([
  ['shop', { tier: 'any' }],
  ['bank', { tier: 'secure' }],
  ['sleeping', { tier: 'off' }],
  ['other', {}],
  ['kube-system', { tier: 'any' }],
]);

function podIn(namespace: string, name: string, injected: boolean, owner?: string): JsonObject {
  const labels = namespaces.get(namespace) ?? {};
  const metadata = {
    name,
    namespace,
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, controller: true, uid: 'u' }] }),
  };
  const pod = podOf({}, metadata);
  const { patch } = decideNow(pod, engine, 'mutate', { namespace, namespaceLabels: labels });
  return running(injected ? patched(pod, patch) : pod);
}

function stripped(pod: JsonObject): JsonObject {
  const copy = draft(pod);
  copy['spec'] = draft(podOf())['spec'];
  return copy;
}

async function sweep(api: FakePods, about: Partial<SweepOptions> = {}) {
  const swept = await sweepPods({
    client: api.client,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    random: Math.random,
    sleep: () => Promise.resolve(),
    engine,
    earlier: [],
    calledFor: () => ({ sinceMs: undefined, unreached: [] }),
    namespaces,
    everyMs: 0,
    sampled: 0,
    signal: new AbortController().signal,
    ...about,
  });
  const counts = Object.fromEntries([...swept.tally.policies(20)].map(([name, found]) => [name, found.counts]));
  return { ...swept, counts };
}

const cluster = [
  ...Array.from({ length: 5 }, (_, index) => podIn('shop', `web-${index}`, true, 'web')),
  ...Array.from({ length: 3 }, (_, index) => podIn('shop', `early-${index}`, false, 'early')),
  podIn('bank', 'safe', true),
  stripped(podIn('bank', 'liar', true)),
  podIn('sleeping', 'asleep', false),
  podIn('other', 'nobody', false),
  podIn('kube-system', 'dns', false),
];

t.test(
  'matched namespaces are read, and no others: by record where a policy trusts, whole where one insists',
  async (t) => {
    const api = fakePods(cluster);
    const { counts, requests, tally } = await sweep(api);
    t.match(counts, { default: { instrumented: 5, missed: 3 }, bank: { instrumented: 1, forged: 1 } });
    t.same(Object.keys(counts).sort(), ['bank', 'default']);
    t.same(api.asked, [
      '/api/v1/namespaces/shop/pods !outrider.dev/status whole',
      '/api/v1/namespaces/bank/pods !outrider.dev/status whole',
      '/api/v1/namespaces/bank/pods outrider.dev/status whole',
      '/api/v1/namespaces/shop/pods outrider.dev/status record',
    ]);
    t.equal(requests, 4);
    t.same(
      tally.workloads().map(({ workload, namespace }) => `${namespace}/${workload.kind}/${workload.name}`),
      ['bank/Pod/liar', 'shop/StatefulSet/early', 'bank/Pod/safe', 'shop/StatefulSet/web'].sort(
        (a, b) => order(a) - order(b),
      ),
    );
  },
);

function order(text: string): number {
  return ['bank/Pod/liar', 'shop/StatefulSet/early', 'shop/StatefulSet/web', 'bank/Pod/safe'].indexOf(text);
}

t.test('above 20 namespaces one list is read over all of them, and each pod is counted once', async (t) => {
  const many = new Map(namespaces);
  for (let index = 0; index < 30; index++) many.set(`more-${index}`, { tier: 'any' });
  const api = fakePods(cluster, 2);
  const { counts } = await sweep(api, { namespaces: many });
  t.match(counts, { default: { instrumented: 5, missed: 3 }, bank: { instrumented: 1, forged: 1 } });
  t.same(
    [...new Set(api.asked.map((one) => one.replace(/ on$/, '')))],
    [
      '/api/v1/pods !outrider.dev/status whole',
      '/api/v1/namespaces/bank/pods outrider.dev/status whole',
      '/api/v1/pods outrider.dev/status record',
    ],
  );
  const strict = new Map(many);
  for (let index = 0; index < 30; index++) strict.set(`vault-${index}`, { tier: 'secure' });
  const wide = fakePods(cluster);
  t.match((await sweep(wide, { namespaces: strict })).counts, { default: { instrumented: 5 }, bank: { forged: 1 } });
  t.same(wide.asked, ['/api/v1/pods !outrider.dev/status whole', '/api/v1/pods outrider.dev/status whole']);
});

t.test('a thousand namespaces take as many requests as pods do, and no more', async (t) => {
  const many = new Map(Array.from({ length: 1_000 }, (_, index) => [`team-${index}`, { tier: 'any' }]));
  const { requests } = await sweep(fakePods([]), { namespaces: many });
  t.equal(requests, 2);
  t.same(
    podLists(matchNamespaces(engine.rules, new Map(), new Set())),
    [],
    'and where none is matched, nothing is read',
  );
});

t.test('a list that expires in its middle is begun anew, and nothing is counted twice', async (t) => {
  const api = fakePods(cluster, 2);
  api.faults.push(undefined, gone());
  const { counts } = await sweep(api);
  t.match(counts, { default: { instrumented: 5, missed: 3 }, bank: { instrumented: 1, forged: 1 } });
  t.equal(api.asked.filter((one) => one === '/api/v1/namespaces/shop/pods !outrider.dev/status whole').length, 2);
  const never = fakePods(cluster, 2);
  never.faults.push(...Array.from({ length: 10 }, gone));
  await t.rejects(sweep(never), /Expired/, 'but not for ever');
  t.equal(never.asked.length, 4);
});

t.test('an API server that is gone in the middle ends the sweep', async (t) => {
  const api = fakePods(cluster, 2);
  api.faults.push(undefined, refusal(0, 'NoAnswer'));
  await t.rejects(sweep(api), /NoAnswer|ended/);
  t.equal(api.asked.length, 2);
  const ending = new AbortController();
  ending.abort();
  await t.rejects(sweep(fakePods(cluster), { signal: ending.signal }), /NoAnswer|ended/);
});

t.test('some of the pods that are judged by their record are read whole, and counted as what they are', async (t) => {
  const lying = [...cluster, stripped(podIn('shop', 'liar', true))];
  const { counts, tally } = await sweep(fakePods(lying), { sampled: 100 });
  t.match(counts, { default: { instrumented: 5, missed: 3, forged: 1 } });
  t.equal(tally.policies(0).get('default')?.readWhole, 9);
  const without = await sweep(fakePods(lying));
  t.match(without.counts, { default: { instrumented: 6, forged: 0 } }, 'a record is a claim');
  const api = fakePods(lying);
  await sweep(api, { sampled: 2 });
  t.equal(api.asked.filter((one) => one.includes('metadata.name=')).length, 2);
});

t.test('a sample has each pod as often as any other', (t) => {
  const seen = new Map<string, number>();
  for (let round = 0; round < 400; round++) {
    const all = new PodSample(5, Math.random);
    for (const half of [0, 1]) {
      const part = new PodSample(5, Math.random);
      for (let index = half * 10; index < half * 10 + 10; index++) part.offer(counted(String(index)));
      all.merge(part);
    }
    t.equal(all.pods.length, 5);
    for (const { name } of all.pods) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  t.equal(seen.size, 20);
  for (const [name, count] of seen) t.ok(count > 50 && count < 160, `${name} ${count} times`);
  t.end();
});

function counted(name: string): CountedPod {
  const maker = { apiVersion: 'v1', kind: 'Pod', name, uid: undefined };
  const verdict = { policy: 'p', state: 'instrumented', reason: 'by_its_record', detail: '' } as const;
  return { verdict, namespace: 'shop', name, workload: maker, maker, readWhole: false, saysByApiServer: false };
}

t.test('at most two requests are made in a second', async (t) => {
  const time = createVirtualTime();
  const api = fakePods(cluster);
  let ended = false;
  const done = sweep(api, { clock: time, sleep: time.sleep, everyMs: 500 }).then(() => (ended = true));
  await time.advance(0);
  t.equal(api.asked.length, 1);
  await time.advance(499);
  t.equal(api.asked.length, 1);
  await time.advance(1);
  t.equal(api.asked.length, 2);
  await time.advance(1_000);
  await done;
  t.equal(ended, true);
});

t.test('pods that are ending, or have no name, are not counted', async (t) => {
  const ending = draft(podIn('shop', 'ending', false));
  objectAt(ending, 'metadata')['deletionTimestamp'] = '2026-11-29T10:00:00Z';
  const nameless = draft(podIn('shop', 'nameless', false));
  delete objectAt(nameless, 'metadata')['name'];
  t.same((await sweep(fakePods([ending, nameless] as JsonObject[]))).counts, {});
});

t.test('a policy that is no more in force judges pods of its plan whole', async (t) => {
  const before: Engine = engineOf(
    policyText('bank', {
      profile: { name: 'sysdig', settings: { region: 'eu1' } },
      match: match('secure'),
      prefer: 'Security',
    }),
  );
  const pod = podOf({}, { name: 'old', namespace: 'bank' });
  const { patch } = decideNow(pod, before, 'mutate', { namespace: 'bank', namespaceLabels: { tier: 'secure' } });
  const api = fakePods([running(patched(pod, patch))]);
  t.match((await sweep(api, { earlier: [before.rules] })).counts, { bank: { stale: 1 } });
});
