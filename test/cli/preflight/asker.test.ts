import t from 'tap';
import type { DryRunAnswer } from '../../../src/cluster/dry-run/dry-run-pods.js';
import { Asker, type Question } from '../../../src/cli/preflight/asker.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';

const bare: JsonObject = { metadata: {}, spec: { containers: [{ name: 'app' }] } };
const instrumented: JsonObject = { metadata: {}, spec: { containers: [{ name: 'app' }, { name: 'agent' }] } };

function question(namespace: string): Question {
  const maker = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object: {} };
  return { namespace, maker, bare, instrumented, policy: 'default' };
}

function countOf(pod: JsonObject): number {
  const containers = objectOf(pod['spec'])?.['containers'];
  return Array.isArray(containers) ? containers.length : 0;
}

/** An API server that answers so, and how many containers each pod has that it is asked about. */
function scene(answer: (pod: JsonObject, namespace: string) => DryRunAnswer) {
  const sent: number[] = [];
  const asker = new Asker({
    pods: {
      create: (namespace, pod) => {
        sent.push(countOf(pod));
        return Promise.resolve(answer(pod, namespace));
      },
    },
    instance: 'outrider',
    uid: () => 'uid',
    random: () => 0.5,
  });
  return { asker, sent };
}

const refused: DryRunAnswer = { kind: 'refused', refusal: { by: 'Webhook', name: 'a.example.com', words: 'no' } };
const admitted: DryRunAnswer = { kind: 'admitted', pod: {} };

t.test('only after a refusal the pod without our parts is asked about', async (t) => {
  const well = scene(() => admitted);
  t.match(await well.asker.ask(question('a')), { kind: 'admitted' });
  t.strictSame(well.sent, [2]);
  const { asker, sent } = scene((pod) => (countOf(pod) > 1 ? refused : admitted));
  t.match(await asker.ask(question('a')), { kind: 'refused', now: 'admitted' });
  t.strictSame(sent, [2, 1]);
  const both = scene(() => refused);
  t.match(await both.asker.ask(question('a')), { kind: 'refused', now: 'refused' });
  const own = scene(() => ({
    kind: 'refused',
    refusal: { by: 'Webhook', name: 'a.outrider.outrider.dev', words: '' },
  }));
  t.match(await own.asker.ask(question('a')), { kind: 'unknown' });
  t.strictSame(own.sent, [2]);
});

t.test('where pods may not be created, nothing more is asked', async (t) => {
  const { asker, sent } = scene((_pod, namespace) =>
    namespace === 'b' ? { kind: 'forbidden', words: 'no' } : admitted,
  );
  t.match(await asker.ask(question('b')), { kind: 'not_asked', why: 'no_right' });
  t.match(await asker.ask(question('b')), { kind: 'not_asked', why: 'no_right' });
  t.match(await asker.ask(question('a')), { kind: 'admitted' });
  t.equal(sent.length, 2);
  t.strictSame(asker.withoutRight, ['b']);
  t.equal(asker.asked, 1);
});

t.test('the first answer in a namespace is waited for, so that a missing right is met once', async (t) => {
  const { asker, sent } = scene(() => ({ kind: 'forbidden', words: 'no' }));
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => asker.ask(question('a'))));
  t.ok(verdicts.every(({ kind }) => kind === 'not_asked'));
  t.equal(sent.length, 1);
});

t.test('a name that was made up is not in the words', async (t) => {
  const { asker } = scene((pod) => {
    const start = stringOf(objectOf(pod['metadata'])?.['generateName']) ?? '';
    return { kind: 'refused', refusal: { by: 'Kyverno', words: `Pod/a/${start}x7k2p was blocked` } };
  });
  t.match(await asker.ask(question('a')), { refusal: { words: 'Pod/a/POD was blocked' } });
});
