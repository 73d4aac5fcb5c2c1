import { getEventListeners } from 'node:events';
import t from 'tap';
import { endingWith, isAborted, unlessAborted, WaitEnded } from '../../src/time/abort.js';

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

t.test('what ends with a signal ends before it too, and leaves no listener behind', (t) => {
  const whole = new AbortController();
  const first = endingWith(whole.signal);
  first.end();
  t.ok(isAborted(first.over.signal));
  t.notOk(isAborted(whole.signal));
  t.equal(getEventListeners(whole.signal, 'abort').length, 0);
  const second = endingWith(whole.signal);
  whole.abort();
  t.ok(isAborted(second.over.signal));
  t.ok(isAborted(endingWith(whole.signal).over.signal), 'one that begins too late');
  t.end();
});
