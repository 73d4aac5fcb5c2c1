import fc from 'fast-check';
import t from 'tap';
import type { PodState } from '../../../src/engine/take-back/evidence.js';
import type { PodLook } from '../../../src/engine/take-back/look.js';
import { nextState, type NextState, type NextStateOptions } from '../../../src/engine/take-back/next-state.js';
import {
  mostTakenBack,
  readTakenBack,
  takenBackKey,
  takenBackText,
  type TakenBackByKey,
  type TakenBackEntry,
} from '../../../src/model/taken-back.js';

const minuteMs = 60_000;
const startMs = Date.parse('2026-11-29T10:00:00Z');
const afterMs = 5 * minuteMs;

function fails(sinceMs: number, pod = 'web-1'): PodState {
  const evidence = {
    trouble: 'step_fails',
    container: 'copy',
    image: 'agent:1',
    words: 'ended with 1',
    pods: [pod],
  } as const;
  return { state: 'fails', evidence, sinceMs };
}

const runs = (sinceMs: number): PodState => ({ state: 'runs', sinceMs });

function lookOf(found: PodState, over: Partial<PodLook> = {}): PodLook {
  const workload = { namespace: 'shop', kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' };
  return {
    workload,
    maker: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u' },
    policy: 'default',
    plan: 'sysdig/1/a',
    insists: false,
    template: { revision: 'one', containers: ['00000000'] },
    pod: 'web-1',
    createdMs: startMs,
    found,
    ...over,
  };
}

const two = (sinceMs: number, over: Partial<PodLook> = {}): readonly PodLook[] => [
  lookOf(fails(sinceMs), over),
  lookOf(fails(sinceMs, 'web-2'), { pod: 'web-2', ...over }),
];

function follow(
  before: TakenBackByKey,
  pods: readonly PodLook[],
  nowMs: number,
  over: Partial<NextStateOptions> = {},
): NextState {
  return nextState({
    before,
    looks: pods.length === 0 ? [] : [{ pods, isAll: false }],
    retries: new Set(),
    plansOf: () => ['sysdig/1/a'],
    afterMs,
    nowMs,
    ...over,
  });
}

const none: TakenBackByKey = new Map();

function only({ entries }: NextState): TakenBackEntry {
  const [entry, ...others] = [...entries.values()];
  if (entry === undefined || others.length > 0) throw new Error(`${entries.size} entries`);
  return entry;
}

t.test('it is taken back where a part fails for long enough, in two pods or in all new ones', (t) => {
  const nowMs = startMs + afterMs;
  t.equal(follow(none, two(startMs + 1), nowMs).entries.size, 0, 'not yet');
  t.equal(follow(none, two(startMs).slice(1), nowMs).entries.size, 0, 'one of several may be its node’s fault');
  t.match(only(follow(none, two(startMs), nowMs)), {
    stage: 'LeftAlone',
    since: '2026-11-29T10:05:00Z',
    at: '2026-11-29T10:10:00Z',
    tries: 0,
    evidence: { pods: ['web-1', 'web-2'] },
  });
  const looks = [{ pods: two(startMs).slice(1), isAll: true }];
  t.equal(follow(none, [], nowMs, { looks }).entries.size, 1, 'the only one');
  const unlike = [...two(startMs).slice(1), lookOf(runs(startMs))];
  t.equal(follow(none, [], nowMs, { looks: [{ pods: unlike, isAll: true }] }).entries.size, 0);
  t.end();
});

t.test('where the policy insists, it is found and nothing is taken back', (t) => {
  const { entries, insisted } = follow(none, two(startMs, { insists: true }), startMs + afterMs);
  t.equal(entries.size, 0);
  t.match(insisted, [{ look: { pod: 'web-1' }, evidence: { trouble: 'step_fails' } }]);
  t.end();
});

t.test('it is tried again, each time after twice as long, up to 72 times as long', (t) => {
  let state = follow(none, two(startMs), startMs + afterMs);
  let nowMs = startMs + afterMs;
  const waits: number[] = [];
  for (let tries = 0; tries < 9; tries++) {
    const entry = only(state);
    t.equal(entry.tries, tries);
    waits.push((Date.parse(entry.at) - nowMs) / minuteMs);
    state = follow(state.entries, two(startMs), Date.parse(entry.at) - 1000);
    t.equal(only(state).stage, 'LeftAlone');
    nowMs = Date.parse(entry.at);
    state = follow(state.entries, two(startMs), nowMs);
    t.match(only(state), { stage: 'Trying', at: entry.at, tries });
    state = follow(state.entries, two(startMs), nowMs + minuteMs);
    t.equal(only(state).stage, 'Trying', 'what hangs since before is no try');
    const tried = lookOf(fails(nowMs), { createdMs: nowMs, pod: 'web-3' });
    t.equal(only(follow(state.entries, [tried], nowMs + afterMs - 1)).stage, 'Trying');
    nowMs += afterMs;
    state = follow(state.entries, [tried], nowMs);
    t.same(state.ended, { succeeded: 0, failed: 1 });
    t.equal(only(state).since, '2026-11-29T10:05:00Z');
  }
  t.same(waits, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
  t.end();
});

t.test('a try that runs for long enough ends it, and so does a pod that got over it', (t) => {
  const taken = follow(none, two(startMs), startMs + afterMs);
  const openedMs = startMs + 2 * afterMs;
  const trying = follow(taken.entries, two(startMs), openedMs);
  const tried = lookOf(runs(openedMs + 2000), { createdMs: openedMs + 1000 });
  t.equal(follow(trying.entries, [tried], openedMs + afterMs).entries.size, 1, 'not yet');
  const after = follow(trying.entries, [tried], openedMs + 2000 + afterMs);
  t.equal(after.entries.size, 0);
  t.same(after.ended, { succeeded: 1, failed: 0 });
  const recovered = lookOf(runs(startMs + afterMs + minuteMs));
  t.equal(
    follow(trying.entries, [recovered], openedMs + minuteMs).entries.size,
    0,
    'a registry that was out for ten minutes',
  );
  const before = lookOf(runs(startMs - minuteMs));
  t.equal(follow(trying.entries, [before], openedMs + afterMs).entries.size, 1, 'what ran all along proves nothing');
  const another = lookOf(fails(openedMs + 3000), { createdMs: openedMs + 3000, pod: 'web-4' });
  t.equal(follow(trying.entries, [tried, another], openedMs + 2000 + afterMs).entries.size, 1);
  t.end();
});

t.test('a person’s retry, another plan and another template are tried at once', (t) => {
  const nowMs = startMs + afterMs;
  const { entries } = follow(none, two(startMs), nowMs);
  const [key = ''] = entries.keys();
  t.equal(only(follow(entries, [], nowMs + 1000, { retries: new Set([key]) })).stage, 'Trying');
  t.equal(follow(entries, [], nowMs + 1000, { plansOf: () => ['sysdig/1/b'] }).entries.size, 0);
  t.equal(follow(entries, [], nowMs + 1000, { plansOf: () => [] }).entries.size, 0, 'the policy is gone');
  const template = { revision: 'two', containers: ['00000001'] };
  const laterMs = nowMs + minuteMs;
  const later = follow(entries, two(laterMs, { template, createdMs: laterMs }), laterMs + afterMs);
  t.match(only(later), { template, tries: 0, since: '2026-11-29T10:11:00Z' });
  t.match(
    only(follow(later.entries, two(startMs), laterMs + afterMs)),
    { template },
    'what hangs since before changes nothing',
  );
  t.end();
});

t.test('an entry that waits for longer than any does is tried again', (t) => {
  const { entries } = follow(none, two(startMs), startMs + afterMs);
  const [[key, entry] = []] = entries;
  if (key === undefined || entry === undefined) throw new Error('no entry');
  const forged = new Map([[key, { ...entry, at: '9999-01-01T00:00:00Z' }]]);
  t.equal(only(follow(forged, [], startMs + afterMs)).stage, 'Trying');
  t.end();
});

/** Looks at many workloads of few namespaces. */
const crowd = fc.array(
  fc.record({
    namespace: fc.constantFrom('a', 'b', 'c', 'greedy'),
    workload: fc.nat({ max: 400 }),
    fails: fc.boolean(),
    insists: fc.boolean(),
  }),
  { maxLength: 900, size: 'max' },
);

t.test('the same look twice changes nothing, and no look makes the state too large', (t) => {
  fc.assert(
    fc.property(crowd, (found) => {
      const looks = found.map((one) => {
        const workload = {
          namespace: one.namespace,
          kind: 'Deployment',
          name: `web-${one.workload}`,
          apiVersion: 'apps/v1',
        };
        const over = { workload, insists: one.insists };
        return { pods: one.fails ? two(startMs, over) : [lookOf(runs(startMs), over)], isAll: false };
      });
      const nowMs = startMs + afterMs;
      const first = follow(none, [], nowMs, { looks });
      t.ok(first.entries.size <= mostTakenBack);
      const again = follow(first.entries, [], nowMs, { looks });
      t.same([...again.entries], [...first.entries]);
      const data = Object.fromEntries([...first.entries].map(([key, entry]) => [key, takenBackText(entry) ?? '']));
      t.same(readTakenBack(data), { entries: first.entries, retries: new Set(), invalid: [] });
    }),
    { numRuns: 20 },
  );
  t.end();
});

t.test('a namespace that takes every place leaves others theirs, and those beyond are counted', (t) => {
  const looksIn = (namespace: string, count: number) =>
    Array.from({ length: count }, (_, at) => {
      const workload = { namespace, kind: 'Deployment', name: `web-${at}`, apiVersion: 'apps/v1' };
      return { pods: two(startMs, { workload }), isAll: false };
    });
  const nowMs = startMs + afterMs;
  const greedy = follow(none, [], nowMs, { looks: looksIn('greedy', 700) });
  t.equal(greedy.entries.size, mostTakenBack);
  t.equal(greedy.beyond.get('default'), 200);
  const both = follow(greedy.entries, [], nowMs + minuteMs, { looks: looksIn('small', 10) });
  const keys = looksIn('small', 10).map(({ pods: [one] }) => (one === undefined ? '' : takenBackKey(one.workload)));
  t.ok(keys.every((key) => both.entries.has(key)));
  t.equal(both.entries.size, mostTakenBack);
  const all = follow(both.entries, [], nowMs + minuteMs, {
    looks: [...looksIn('greedy', 700), ...looksIn('small', 10)],
  });
  t.same([...all.entries.keys()].sort(), [...both.entries.keys()].sort(), 'who had to go does not come back');
  t.end();
});
