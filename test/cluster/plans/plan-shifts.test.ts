import t from 'tap';
import { PlanShifts } from '../../../src/cluster/plans/plan-shifts.js';
import type { PlanParameters } from '../../../src/model/instrumentation-plan.js';
import { partsOf } from './parts.js';

const specOf = (...stamps: readonly string[]): PlanParameters => ({
  podSecurity: '',
  plans: stamps.map(partsOf),
  images: {},
});

t.test('W63: pods get a plan after their judges had time to hear of it', (t) => {
  let nowMs = 0;
  const shifts = new PlanShifts({ monotonicMs: () => nowMs });
  const app = { entrypoint: ['/app'], cmd: [] };
  t.same(shifts.next('shop', specOf('a'), undefined), specOf('a'), 'there is nobody to judge by another');
  const standing: PlanParameters = { ...specOf('a', 'old'), podSecurity: 'baseline', images: { one: app, two: app } };
  const wanted: PlanParameters = { ...specOf('b', 'a'), images: { two: app, three: app } };
  const announced = shifts.next('shop', wanted, standing);
  t.same(announced, { ...specOf('a', 'b'), podSecurity: 'baseline', images: { two: app } }, 'pods still get a');
  nowMs = 60_000;
  t.same(shifts.next('shop', wanted, standing), announced, 'what could not be written is announced again');
  t.equal(shifts.next('shop', wanted, announced), undefined, 'and its time begins when it stands');
  nowMs += 1_999;
  t.equal(shifts.next('shop', wanted, announced), undefined);
  nowMs += 1;
  t.equal(shifts.next('shop', wanted, announced), wanted);
  t.end();
});

t.test('W63: an edit of what is announced, and one back', (t) => {
  let nowMs = 0;
  const shifts = new PlanShifts({ monotonicMs: () => nowMs });
  t.equal(shifts.next('shop', specOf('b', 'a'), specOf('a', 'b')), undefined);
  nowMs = 1_500;
  t.same(shifts.next('shop', specOf('c', 'a'), specOf('a', 'b')), specOf('a', 'c'), 'nobody ever got b');
  t.equal(shifts.next('shop', specOf('c', 'a'), specOf('a', 'c')), undefined);
  nowMs = 3_000;
  t.equal(shifts.next('shop', specOf('c', 'a'), specOf('a', 'c')), undefined, 'it has its own time');
  const back = specOf('a', 'c');
  t.equal(shifts.next('shop', back, specOf('a', 'c')), back);
  t.end();
});

t.test('W57: a plan moves on after ten seconds, and the one before goes after two minutes', (t) => {
  let nowMs = 0;
  const shifts = new PlanShifts({ monotonicMs: () => nowMs });
  const moved = specOf('b', 'a');
  t.equal(shifts.next('shop', moved, specOf('a', 'b')), undefined);
  nowMs = 2_000;
  t.equal(shifts.next('shop', moved, specOf('a', 'b')), moved);
  nowMs = 11_999;
  t.equal(shifts.next('shop', specOf('c', 'b'), moved), undefined);
  t.same(shifts.next('other', specOf('c', 'b'), moved), specOf('b', 'c'), 'each has its own time');
  nowMs = 12_000;
  t.same(shifts.next('shop', specOf('c', 'b'), moved), specOf('b', 'c'));
  nowMs = 121_999;
  t.equal(shifts.withoutOld('shop', moved, moved).plans.length, 2);
  nowMs = 122_000;
  t.equal(shifts.withoutOld('shop', moved, moved).plans.length, 1);
  t.equal(shifts.withoutOld('shop', specOf('c', 'b'), specOf('b')).plans.length, 2, 'the move itself keeps both');
  t.end();
});
