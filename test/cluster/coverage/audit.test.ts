import t from 'tap';
import { CoverageAudit, type CoverageAuditOptions } from '../../../src/cluster/coverage/audit.js';
import { calledSinceMs } from '../../../src/cluster/coverage/called-since.js';
import { ReachHistory } from '../../../src/cluster/coverage/reach-history.js';
import { CoverageMetrics } from '../../../src/observe/coverage-metrics.js';
import { Registry } from '../../../src/observe/metrics.js';
import { running } from '../../engine/coverage/running.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { memoryLog, refusal } from '../fake-api.js';
import { createVirtualTime } from '../virtual-time.js';
import { fakePods } from './fake-pods.js';

const minuteMs = 60_000;

function auditOf(about: Partial<CoverageAuditOptions> = {}) {
  const time = createVirtualTime();
  const api = fakePods([running(podOf({}, { name: 'web', namespace: 'shop' }))]);
  const registry = new Registry();
  const told: string[] = [];
  let engine = engineFor();
  const audit = new CoverageAudit({
    client: api.client,
    clock: time,
    random: () => 0,
    sleep: time.sleep,
    everyMs: 10 * minuteMs,
    engine: () => engine,
    namespaces: () => new Map([['shop', {}]]),
    calledFor: () => ({ sinceMs: undefined, unreached: [] }),
    generationOf: () => 1,
    log: memoryLog().log,
    metrics: new CoverageMetrics(registry, time),
    onResult: (found) =>
      told.push(found === undefined ? 'failed' : `${found.get('default')?.counts.missed ?? 0} missed`),
    ...about,
  });
  return { audit, time, api, told, registry, edit: () => (engine = engineFor({ capability: 'Never' })) };
}

t.test('it looks when leading begins, every so often, and soon after a change, gathered', async (t) => {
  const { audit, time, told, edit, registry } = auditOf();
  const term = new AbortController();
  const done = audit.run(term.signal);
  await time.advance(2_000);
  t.same(told, ['1 missed'], 'at once');
  t.match(audit.report(), { observedAt: /^2026-11-22T12:00:0\dZ$/, trouble: undefined });
  t.match(await registry.metrics(), 'outrider_coverage_pods{policy="default",prefer="Availability",state="missed"} 1');
  await time.advance(8 * minuteMs);
  t.equal(told.length, 1);
  await time.advance(3 * minuteMs);
  t.equal(told.length, 2, 'ten minutes later');
  for (let change = 0; change < 10; change++) {
    edit();
    audit.changed();
    await time.advance(100);
  }
  await time.advance(20_000);
  t.equal(told.length, 3, 'ten changes are one look');
  await time.advance(45_000);
  t.equal(told.length, 4, 'and one more, once each API server has loaded the change');
  await time.advance(5 * minuteMs);
  t.equal(told.length, 4);
  term.abort();
  await time.advance(0);
  await done;
  t.notMatch(await registry.metrics(), /^outrider_coverage_(pods|age_seconds)[{ ]/m, 'who leads no more says nothing');
});

t.test('a failure keeps what was found, with its date, says why, and is tried again', async (t) => {
  const { audit, time, told, api, registry } = auditOf();
  const term = new AbortController();
  const done = audit.run(term.signal);
  await time.advance(2_000);
  const { observedAt, policies, generations } = audit.report();
  for (const [error, why] of [
    [refusal(0, 'NoAnswer'), 'the API server did not answer'],
    [refusal(403, 'Forbidden'), 'Outrider may not list pods (chart: audit.minutes)'],
    [refusal(503, 'ServiceUnavailable'), 'the API server answered 503'],
  ] as const) {
    api.faults.push(error);
    audit.changed();
    await time.advance(16_000);
    t.same(audit.report(), { observedAt, policies, generations, trouble: why });
  }
  t.equal(told.at(-1), 'failed');
  t.match(await registry.metrics(), /^outrider_coverage_age_seconds 4[5-9]/m);
  await time.advance(2 * minuteMs);
  t.equal(audit.report().trouble, undefined);
  t.not(audit.report().observedAt, observedAt);
  term.abort();
  await time.advance(0);
  await done;
});

t.test('it never looks where it is off, nor while nothing is to be judged', async (t) => {
  const off = auditOf({ everyMs: 0 });
  const term = new AbortController();
  const done = Promise.all([off.audit.run(term.signal)]);
  off.audit.changed();
  await off.time.advance(60 * minuteMs);
  t.equal(off.audit.isOn, false);
  t.same(off.api.asked, []);
  const waiting = auditOf({ engine: () => undefined });
  const ended = waiting.audit.run(term.signal);
  await waiting.time.advance(minuteMs);
  t.same(waiting.api.asked, []);
  term.abort();
  await waiting.time.advance(0);
  await done;
  await ended;
});

t.test('since when the API server calls is read of the policy’s status', (t) => {
  const at = '2026-11-29T10:00:00Z';
  const condition = (type: string, status: string, lastTransitionTime = at) => ({ type, status, lastTransitionTime });
  t.equal(calledSinceMs({ conditions: [condition('WebhookConfigured', 'True')] }), Date.parse(at));
  t.equal(
    calledSinceMs({
      conditions: [condition('WebhookConfigured', 'True'), condition('InForce', 'True', '2026-11-29T10:00:20Z')],
    }),
    Date.parse('2026-11-29T10:00:20Z'),
  );
  t.equal(calledSinceMs({ conditions: [condition('WebhookConfigured', 'False')] }), undefined);
  t.equal(calledSinceMs({ conditions: [condition('WebhookConfigured', 'True', 'noon')] }), undefined);
  t.equal(calledSinceMs(undefined), undefined);
  t.end();
});

t.test('when the webhook was not reached is remembered from the last test that came through', (t) => {
  const history = new ReachHistory();
  t.equal(history.note(true, 1), false);
  t.equal(history.note(false, 5), false);
  t.equal(history.note(false, 6), false);
  t.same(history.times(7), [{ fromMs: 1, untilMs: 7 }]);
  t.equal(history.note(true, 9), true, 'again');
  t.same(history.times(20), [{ fromMs: 1, untilMs: 9 }]);
  for (let ms = 10; ms < 100; ms += 2) {
    history.note(false, ms);
    history.note(true, ms + 1);
  }
  t.equal(history.times(200).length, 20);
  t.end();
});
