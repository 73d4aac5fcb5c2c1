import t from 'tap';
import type { DoorOptions } from '../../../src/admission/door-options.js';
import { createDoor } from '../../../src/admission/handler.js';
import { Recording } from '../../../src/admission/repeats/recording.js';
import { skippedOf } from '../../../src/admission/review-json.js';
import { madeUp, podOf, reviewText } from '../../bench/pods.js';
import { engineFor } from '../../support/engine.js';

const text = reviewText(podOf({ namespace: 'shop', containers: 1, variables: 0, command: true }), 'shop');
const call = { signal: new AbortController().signal, traceparent: undefined };
const engine = engineFor(
  { agent: { image: 'agent:1' } },
  { known: { 'agent:1': { entrypoint: ['/agent'], cmd: [] } } },
);

function record(about: Partial<DoorOptions> = {}, body = text) {
  const recording = new Recording({
    engine: () => engine,
    namespaceLabels: () => undefined,
    onReviewed: () => undefined,
    onFailure: (error) => t.fail(String(error)),
    ...about,
  });
  const door = createDoor('mutate', recording.options);
  const bytes = Buffer.from(body);
  return { recording, answer: door(bytes, call), bytes };
}

t.test('an answer is kept behind its uid, with what was told of the review', (t) => {
  const { recording, answer, bytes } = record();
  if (typeof answer !== 'string') throw new Error('it asks a registry');
  const kept = recording.of(madeUp.review, answer, bytes, skippedOf(bytes));
  t.match(kept, {
    reviewed: { door: 'mutate', namespace: 'shop', decision: 'inject' },
    decision: { reason: 'injected' },
  });
  t.notOk(kept?.answer.includes(madeUp.review));
  t.ok(kept !== undefined && answer.endsWith(kept.answer));
  t.equal(recording.of('another', answer, bytes, skippedOf(bytes)), undefined, 'an answer to another review');
  t.end();
});

t.test('a live look is nothing that can be asked again', async (t) => {
  let looks = 0;
  const { recording, answer, bytes } = record({
    reread: () => {
      looks++;
      return Promise.resolve();
    },
  });
  const kept = recording.of(madeUp.review, await answer, bytes, skippedOf(bytes));
  t.equal(looks, 1);
  t.equal(kept, undefined);
});
