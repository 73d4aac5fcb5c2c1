import t from 'tap';
import type { Told } from '../../../src/cluster/events/event-object.js';
import type { RecordedReview } from '../../../src/cluster/events/recorder.js';
import type { Regarding } from '../../../src/cluster/events/regarding.js';
import { ReportEvents } from '../../../src/cluster/events/report-events.js';
import type { Decision, DecisionKind } from '../../../src/model/decision.js';
import type { JsonObject } from '../../../src/model/json.js';
import type { ReasonCode } from '../../../src/model/reasons.js';
import { podOf } from '../../support/pods.js';
import { createVirtualTime } from '../virtual-time.js';

const shop: RecordedReview = { door: 'mutate', namespace: 'shop', dryRun: false };
const reported = (decision: DecisionKind, reason: ReasonCode, detail = 'app'): Decision => ({
  decision: 'skip',
  reason: 'report_mode',
  detail: `would be ${decision}`,
  policy: 'trial',
  prefer: 'Security',
  steps: [],
  would: { decision, reason, detail },
});
const inject = reported('inject', 'injected');
const podOfSet = (name: string): JsonObject =>
  podOf(
    {},
    {
      generateName: `${name}-`,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: `uid-${name}`, controller: true }],
    },
  );

function setUp() {
  const clock = createVirtualTime();
  const told: { readonly maker: Regarding; readonly told: Told }[] = [];
  let dropped = 0;
  const events = new ReportEvents({
    clock,
    tell: (maker, what) => void told.push({ maker, told: what }),
    metrics: { countEvent: (result) => void (dropped += Number(result === 'dropped')) },
  });
  return { events, clock, told, dropped: () => dropped };
}

t.test('a workload of a thousand pods is told once an hour, for each decision and reason', async (t) => {
  const { events, clock, told, dropped } = setUp();
  for (let pod = 0; pod < 1_000; pod++) events.record(shop, inject, podOfSet('web-1'));
  t.equal(told.length, 1);
  t.match(told[0], {
    maker: { kind: 'ReplicaSet', namespace: 'shop', name: 'web-1' },
    told: {
      action: 'WouldInstrument',
      reason: 'injected',
      type: 'Normal',
      note: 'a pod would be instrumented by policy trial, which only reports: app.',
    },
  });
  events.record(shop, reported('deny', 'host_network', 'spec.hostNetwork is true'), podOfSet('web-1'));
  t.match(told[1]?.told, {
    action: 'WouldDeny',
    reason: 'host_network',
    type: 'Warning',
    note: /^a pod would be denied by policy trial, which only reports: spec\.hostNetwork is true\. \w/,
  });
  await clock.advance(59 * 60_000);
  events.record(shop, inject, podOfSet('web-1'));
  t.equal(told.length, 2);
  await clock.advance(2 * 60_000);
  events.record(shop, inject, podOfSet('web-1'));
  t.equal(told.length, 3);
  t.equal(dropped(), 0, 'what is known already is not an Event that was lost');
});

t.test(
  'a roll-out over everything stays within its rates, and what was dropped is told with the next pod',
  async (t) => {
    const { events, clock, told, dropped } = setUp();
    for (let set = 0; set < 500; set++) {
      events.record({ ...shop, namespace: `team-${set % 50}` }, inject, podOfSet(`web-${set}`));
    }
    t.equal(told.length, 25);
    t.equal(dropped(), 475);
    const inOne = setUp();
    for (let set = 0; set < 500; set++) inOne.events.record(shop, inject, podOfSet(`web-${set}`));
    t.equal(inOne.told.length, 10, 'one namespace does not take what others need');
    await clock.advance(60_000);
    events.record({ ...shop, namespace: 'team-49' }, inject, podOfSet('web-499'));
    t.equal(told.length, 26);
  },
);

t.test('nothing is told where nobody would be told of a policy in use, or nothing is to be written', (t) => {
  const { events, told } = setUp();
  events.record(shop, reported('skip', 'pod_opted_out'), podOfSet('web-1'));
  events.record(shop, reported('skip', 'canary_excluded'), podOfSet('web-1'));
  events.record({ ...shop, dryRun: true }, inject, podOfSet('web-1'));
  events.record({ ...shop, door: 'validate' }, inject, podOfSet('web-1'));
  events.record(shop, { ...inject, would: undefined }, podOfSet('web-1'));
  events.record(shop, inject, podOf({}, { generateName: 'web-' }));
  t.same(told, []);
  events.record(shop, reported('skip', 'host_network'), podOfSet('web-1'));
  events.record(shop, reported('partial', 'image_not_found', ''), podOfSet('web-1'));
  t.same(
    told.map(({ told: { action, type } }) => [action, type]),
    [
      ['WouldSkip', 'Warning'],
      ['WouldInstrumentPartly', 'Warning'],
    ],
  );
  t.end();
});
