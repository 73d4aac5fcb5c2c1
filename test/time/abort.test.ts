import t from 'tap';
import { unlessAborted, WaitEnded } from '../../src/time/abort.js';

t.test('the promise decides, unless the signal aborts first', async (t) => {
  const { signal } = new AbortController();
  t.equal(await unlessAborted(Promise.resolve(7), signal), 7);
  await t.rejects(unlessAborted(Promise.reject(new Error('failed')), signal), { message: 'failed' });
  const ending = new AbortController();
  const waiting = unlessAborted(new Promise<never>(() => undefined), ending.signal);
  const reason = new Error('late');
  ending.abort(reason);
  await t.rejects(waiting, { name: 'WaitEnded', cause: reason });
  await t.rejects(unlessAborted(Promise.resolve(7), ending.signal), WaitEnded, 'aborted before');
});
