import t from 'tap';
import { catchUp } from '../../src/admission/catch-up.js';

const call = { signal: new AbortController().signal, traceparent: undefined };
const review = { namespace: 'team', uid: 'u' };
const trouble = new Error('no answer');

t.test(
  'E41: a live look that fails is an error at the validating door, and at the mutating one it is told',
  async (t) => {
    const told: unknown[] = [];
    const options = {
      reread: () => Promise.reject(trouble),
      onFailure: (error: unknown, uid: string) => void told.push([error, uid]),
    };
    await t.rejects(catchUp('validate', review, options, call), trouble);
    t.same(told, []);
    await catchUp('mutate', review, options, call);
    t.same(told, [[trouble, 'u']]);
  },
);

t.test('E41: a live look is for the namespace, for as long as the caller waits', async (t) => {
  const seen: unknown[] = [];
  const reread = (namespace: string, signal: AbortSignal) =>
    Promise.resolve(seen.push([namespace, signal === call.signal]));
  await catchUp('validate', review, { reread, onFailure: () => t.fail('there was no failure') }, call);
  t.same(seen, [['team', true]]);
});
