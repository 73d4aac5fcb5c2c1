import t from 'tap';
import { OnDemand } from '../../src/cluster/on-demand.js';

t.test('a value is asked for once, kept while it is fresh, and stays when a later request fails', async (t) => {
  let nowMs = 0;
  let asked = 0;
  let fails = false;
  const values = new OnDemand<number>({
    read: () => (fails ? Promise.reject(new Error('no')) : Promise.resolve(++asked)),
    freshMs: () => 10,
    failureMs: 5,
    maxEntries: 2,
    clock: { monotonicMs: () => nowMs },
  });
  const { signal } = new AbortController();
  t.same(await Promise.all([values.get('a', signal), values.get('a', signal)]), [1, 1]);
  nowMs = 9;
  t.equal(await values.get('a', signal), 1);
  nowMs = 10;
  fails = true;
  await t.rejects(values.get('a', signal), { message: 'no' });
  t.same(values.peek('a'), { value: 1, ageMs: 10 });
  await t.rejects(values.get('b', signal), { message: 'no' });
  t.ok(values.isFresh('b'), 'a failure is remembered');
  fails = false;
  await t.rejects(values.get('b', signal), { message: 'no' });
  nowMs = 15;
  t.equal(values.last('b'), undefined);
  t.equal(await values.get('b', signal), 2);
  t.equal(values.last('b'), 2);
  values.put('c', 9);
  t.equal(values.peek('a'), undefined, 'the oldest goes');
});
