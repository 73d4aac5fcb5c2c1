import t from 'tap';
import { SharedCalls } from '../../src/time/shared-calls.js';

const never = new AbortController().signal;

t.test('one call for all, aborted only when all have left', async (t) => {
  const calls = new SharedCalls<number>({ whenLeft: 'abort' });
  const signals: AbortSignal[] = [];
  const finish: ((value: number) => void)[] = [];
  const call = (signal: AbortSignal): Promise<number> => {
    signals.push(signal);
    return new Promise((resolve) => finish.push(resolve));
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const first = calls.run('k', one.signal, call);
  const second = calls.run('k', two.signal, call);
  one.abort();
  await t.rejects(first, { name: 'WaitEnded' });
  t.equal(signals[0]?.aborted, false);
  finish[0]?.(7);
  t.equal(await second, 7);
  t.equal(signals.length, 1);

  const [three, four] = [new AbortController(), new AbortController()];
  const both = [calls.run('k', three.signal, call), calls.run('k', four.signal, call)];
  three.abort();
  four.abort();
  await Promise.all(both.map((each) => t.rejects(each, { name: 'WaitEnded' })));
  t.equal(signals[1]?.aborted, true);
  const later = calls.run('k', never, call);
  finish[2]?.(8);
  t.equal(await later, 8, 'the next caller starts anew');
  await t.rejects(
    calls.run('k', never, () => Promise.reject(new Error('failed'))),
    { message: 'failed' },
  );
});

t.test('a call that goes on when all have left: who asks next finds it', async (t) => {
  let joined = 0;
  const calls = new SharedCalls<number>({ whenLeft: 'goOn', onJoin: () => joined++ });
  const leaving = new AbortController();
  let finish: (value: number) => void = () => undefined;
  const call = (): Promise<number> => new Promise((resolve) => (finish = resolve));
  const first = calls.run('k', leaving.signal, call);
  leaving.abort();
  await t.rejects(first, { name: 'WaitEnded' });
  t.equal(calls.size, 1);
  const second = calls.run('k', never, () => Promise.reject(new Error('a second call')));
  finish(7);
  t.equal(await second, 7);
  t.equal(joined, 1);
  t.equal(calls.size, 0);
});

t.test('a call ends after its longest time, and when everything is closed', async (t) => {
  const untilAborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }));
  const short = new SharedCalls<never>({ whenLeft: 'goOn', longestMs: 5 });
  await t.rejects(short.run('k', never, untilAborted), { message: 'aborted' });
  const long = new SharedCalls<never>({ whenLeft: 'goOn' });
  const waiting = long.run('k', never, untilAborted);
  long.close();
  await t.rejects(waiting, { message: 'aborted' });
});

t.test('one call too many is refused; joining one is not, and who has gone starts none', async (t) => {
  const calls = new SharedCalls<number>({ whenLeft: 'goOn', most: 1 });
  let finish: (value: number) => void = () => undefined;
  const call = (): Promise<number> => new Promise((resolve) => (finish = resolve));
  const first = calls.run('a', never, call);
  await t.rejects(calls.run('b', never, call), { name: 'TooManyCalls' });
  const second = calls.run('a', never, call);
  finish(1);
  t.strictSame(await Promise.all([first, second]), [1, 1]);
  await t.rejects(calls.run('b', AbortSignal.abort(), call), { name: 'WaitEnded' });
  t.equal(calls.size, 0);
});
