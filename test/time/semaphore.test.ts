import t from 'tap';
import { Semaphore } from '../../src/time/semaphore.js';
import { never } from '../image/registry/fake-registry.js';

t.test('a semaphore: in order, per key, and giving up leaves no hole', async (t) => {
  const semaphore = new Semaphore();
  const order: string[] = [];
  const first = await semaphore.acquire('a', 1, never);
  const other = await semaphore.acquire('b', 1, never);
  const controller = new AbortController();
  const second = semaphore.acquire('a', 1, controller.signal);
  const third = semaphore.acquire('a', 1, never).then((release) => {
    order.push('third');
    return release;
  });
  const fourth = semaphore.acquire('a', 1, never).then((release) => {
    order.push('fourth');
    return release;
  });
  controller.abort();
  await t.rejects(second, { name: 'AbortError' });
  first();
  (await third)();
  (await fourth)();
  other();
  t.strictSame(order, ['third', 'fourth']);
  const again = await Promise.all([semaphore.acquire('a', 2, never), semaphore.acquire('a', 2, never)]);
  for (const release of again) release();
  await t.rejects(semaphore.acquire('a', 1, AbortSignal.abort()), { name: 'AbortError' });
});
