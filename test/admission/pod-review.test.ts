import t from 'tap';
import type { DoorOptions, Reviewed } from '../../src/admission/door-options.js';
import { PatchEncoder } from '../../src/admission/patch-encoder.js';
import { PodReview } from '../../src/admission/pod-review.js';
import { pods } from '../../src/model/doors.js';
import { engineFor, reviewOf } from '../support/engine.js';
import { podOf } from '../support/pods.js';

function setUp(prefer: 'Availability' | 'Security') {
  const engine = engineFor({ prefer });
  const failures: unknown[] = [];
  const told: Reviewed[] = [];
  const options: DoorOptions = {
    engine: () => engine,
    namespaceLabels: () => ({}),
    onReviewed: (reviewed) => void told.push(reviewed),
    onFailure: (error) => void failures.push(error),
  };
  return { options, failures, told };
}

const body = () => Buffer.from(JSON.stringify(reviewOf(podOf())));
const call = { signal: new AbortController().signal, traceparent: undefined };

t.test('a door that may not patch does not, whatever was decided', async (t) => {
  const { options, failures, told } = setUp('Availability');
  const dumb = { ...pods.doors.mutate, maySay: [] };
  const answer = await new PodReview(dumb, options, new PatchEncoder(), body(), call).answer();
  t.match(answer, '"allowed":true');
  t.notMatch(answer, '"patch"');
  t.match(failures, [/a patch at the door mutate/]);
  t.match(told, [{ door: 'mutate', reason: 'internal_error' }], 'told once');
});

t.test('a door that may not deny leaves it to the failure policy', (t) => {
  const { options, failures, told } = setUp('Security');
  const dumb = { ...pods.doors.validate, maySay: [] };
  const review = new PodReview(dumb, options, new PatchEncoder(), body(), call);
  t.throws(() => review.answer(), /a denial at the door validate/);
  t.equal(failures.length, 1);
  t.same(told, []);
  t.end();
});
