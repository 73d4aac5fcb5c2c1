import t from 'tap';
import { changeOf, needsNewPods, sideOf, type Side } from '../../../src/engine/preview/side.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';

const inject = sideOf(decideNow(podOf(), engineFor()), undefined, ['default']);
const skip = sideOf(decideNow(podOf(), engineFor({ mode: 'Off' })), undefined, ['default']);

t.test('a decision is summed up: what is put in, and what it grows by', (t) => {
  t.match(inject, { decision: 'inject', reason: 'injected', policy: 'default', matching: ['default'] });
  t.ok(inject.containers.length > 0);
  t.match(inject.growth.requests, { cpu: '100m' });
  t.match(skip, { decision: 'skip', reason: 'policy_off', containers: [], growth: { requests: {} }, parts: '' });
  const report = sideOf(decideNow(podOf(), engineFor({ mode: 'Report' })), undefined, []);
  t.match(report, { decision: 'skip', reason: 'report_mode', containers: [], parts: '' }, 'a report puts nothing in');
  const outcome = decideNow(podOf(), engineFor());
  const denied = sideOf(outcome, { ...outcome.decision, decision: 'deny', reason: 'parts_missing' }, []);
  t.match(denied, { decision: 'deny', reason: 'parts_missing', containers: [], parts: '' });
  t.end();
});

t.test('what changes, and whether pods have to be made anew', (t) => {
  const other: Side = { ...inject, parts: 'other' };
  const renamed: Side = { ...inject, policy: 'first' };
  const deny: Side = { ...skip, decision: 'deny', reason: 'host_network' };
  const table: readonly (readonly [Side, Side, string, boolean])[] = [
    [inject, inject, 'none', false],
    [skip, inject, 'decision', true],
    [inject, skip, 'decision', true],
    [inject, other, 'parts', true],
    [inject, renamed, 'policy', false],
    [skip, deny, 'decision', false],
    [inject, deny, 'decision', false],
    [inject, { ...inject, containers: [] }, 'decision', false],
  ];
  for (const [now, then, change, anew] of table) {
    t.equal(changeOf({ now, then }), change);
    t.equal(needsNewPods({ now, then }), anew, `${now.decision} ${then.decision}`);
  }
  t.end();
});

t.test('another region is another set of parts, and another name is not', (t) => {
  const region = engineFor({ profile: { name: 'sysdig', settings: { region: 'eu1' } } });
  t.not(sideOf(decideNow(podOf(), region), undefined, []).parts, inject.parts);
  t.equal(sideOf(decideNow(podOf(), engineFor({ precedence: 7 })), undefined, []).parts, inject.parts);
  t.end();
});
