import t from 'tap';
import { createDoor } from '../../src/admission/handler.js';
import { byProof, unprovenDoors } from '../../src/server/in-cluster/unproven-doors.js';
import type { ReviewContext } from '../../src/server/review-context.js';
import { engineFor, reviewOf } from '../support/engine.js';
import { podOf } from '../support/pods.js';
import { fakeTiming } from '../cluster/fake-api.js';
import { observers } from './harness.js';

t.test('F26: unproven reviews are counted, said once a minute, and no reviews otherwise', async (t) => {
  const { logger, metrics, metric, lines } = await observers();
  const timing = fakeTiming();
  const { clock } = timing;
  const engine = engineFor();
  const seen: string[] = [];
  const options = unprovenDoors(
    { engine: () => engine, namespaceLabels: () => undefined, onFailure: (error) => void seen.push(String(error)) },
    { logger, metrics, clock },
  );
  t.equal(options.reread, undefined);
  t.equal(options.otherVersions, undefined);
  t.equal(options.engine(), options.engine(), 'made once');
  const door = createDoor('mutate', options);
  const call = { signal: new AbortController().signal, traceparent: undefined };
  const ask = () => door(Buffer.from(JSON.stringify(reviewOf(podOf(), { namespace: 'unknown' }))), call);
  for (let at = 0; at < 10; at++) t.type(ask(), 'string');
  t.equal(await metric('outrider_unproven_reviews_total', { door: 'mutate' }), 10);
  t.equal(await metric('outrider_unproven_reviews_total', { door: 'validate' }), 0);
  t.equal(await metric('outrider_admission_reviews_total'), undefined);
  t.equal(lines().length, 1);
  await timing.advance(60_000);
  ask();
  t.match(lines()[1], /"reviews":10,/);
  t.same(seen, []);
});

t.test('F25: each caller has a handler of its own', (t) => {
  const handler = byProof(
    () => 'proven',
    () => 'unproven',
  );
  const context: ReviewContext = {
    door: 'mutate',
    deadlineMs: 0,
    signal: new AbortController().signal,
    traceparent: undefined,
    isProven: true,
  };
  t.equal(handler(Buffer.alloc(0), context), 'proven');
  t.equal(handler(Buffer.alloc(0), { ...context, isProven: false }), 'unproven');
  t.end();
});
