import t from 'tap';
import { KnownPodNodes } from '../../src/cluster/facts/pod-nodes.js';
import { ClusterState } from '../../src/cluster/state/cluster-state.js';
import { readSettings, settingKeys } from '../../src/settings/settings.js';
import type { SeenFacts } from '../../src/model/recipe.js';
import { ClusterEngines } from '../../src/server/in-cluster/cluster-engines.js';
import { fakeApi, fakeTiming, memoryLog, settle } from '../cluster/fake-api.js';
import { putPolicy } from '../cluster/state/documents.js';
import { resolverOf } from '../support/engine.js';
import { knownLimits } from '../support/limits.js';
import { takenBackOf } from '../support/taken-back.js';

const minuteMs = 60_000;

t.test('E38, E41: engines follow policies and facts, and those of a while ago are kept', async (t) => {
  const api = fakeApi();
  putPolicy(api, 'payments', {});
  const timing = fakeTiming();
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const state = new ClusterState({
    client: api.client,
    log: memoryLog().log,
    metrics: { countWatchFailure: () => undefined },
    relistMs: 10 * minuteMs,
    signal: stop.signal,
    ...timing,
  });
  await settle();
  let seen: SeenFacts = { nativeSidecars: false, imageVolumes: false, openShift: false };
  let takenBack = takenBackOf();
  const engines = new ClusterEngines({
    settings: readSettings({ flags: {}, env: {} }, settingKeys),
    state,
    facts: { seen: () => seen, podNodes: new KnownPodNodes() },
    images: resolverOf({}),
    credentials: { secretState: () => 'unknown' },
    limits: knownLimits(),
    takenBack: () => takenBack,
    clock: timing.clock,
  });
  const edit = async (generation: number): Promise<void> => {
    putPolicy(api, 'payments', {}, { generation });
    await settle();
  };
  const past = () =>
    [...engines.earlier()].map(
      ({ rules, facts }) => `${generations.indexOf(rules) + 1}${facts.nativeSidecars ? ' native' : ''}`,
    );

  const { rules: one } = engines.current();
  const generations = [one];
  t.equal(engines.current(), engines.current(), 'the same until something changes');
  const before = engines.current();
  takenBack = takenBackOf();
  engines.takenBackChanged();
  t.not(engines.current(), before, 'also of what was taken back');
  t.equal(engines.current().takenBack, takenBack);
  t.same(past(), []);
  await edit(2);
  generations.push(engines.current().rules);
  t.same(past(), ['1']);
  await timing.advance(minuteMs / 2);
  await edit(3);
  generations.push(engines.current().rules);
  t.equal(new Set(generations).size, 3);
  t.same(past(), ['2', '1']);
  await timing.advance(minuteMs / 2 + 1_000);
  t.same(past(), ['2'], 'rules are forgotten after a minute');

  seen = { ...seen, nativeSidecars: true };
  t.equal(engines.current().facts.nativeSidecars, true);
  t.same(past(), ['3', '2 native', '2']);
  await timing.advance(2 * minuteMs);
  t.same(past(), ['3'], 'facts are kept longer');
  await timing.advance(15 * minuteMs);
  t.same(past(), []);
  for (let generation = 4; generation < 104; generation++) await edit(generation);
  t.equal(past().length, 16, 'there is a bound');
});
