import t from 'tap';
import type { Askers } from '../../src/image/askers.js';
import { SharedQuestions } from '../../src/image/shared-questions.js';
import { forever } from './fake-registry.js';

t.test('F24: what two namespaces ask for at once is asked once, for both', async (t) => {
  const questions = new SharedQuestions<string>(10_000);
  let answer: (text: string) => void = () => undefined;
  const asked: Askers[] = [];
  const ask = (_: AbortSignal, askers: Askers): Promise<string> => {
    asked.push(askers);
    return new Promise((resolve) => (answer = resolve));
  };
  const one = questions.run('image', 'web', forever, ask);
  const joined: string[] = [];
  const end = asked[0]?.onJoin((namespace) => void joined.push(namespace));
  const other = questions.run('image', 'pay', forever, ask);
  t.strictSame([...(asked[0]?.namespaces ?? [])], ['web', 'pay']);
  end?.();
  void questions.run('image', 'shop', forever, ask);
  t.strictSame(joined, ['pay']);
  t.equal(asked.length, 1);
  answer('it');
  t.strictSame(await Promise.all([one, other]), ['it', 'it']);
  const again = questions.run('image', 'pay', forever, ask);
  t.strictSame([...(asked[1]?.namespaces ?? [])], ['pay'], 'a later question is nobody else’s');
  answer('again');
  t.equal(await again, 'again');
});
