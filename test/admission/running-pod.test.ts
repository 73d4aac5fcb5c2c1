import t from 'tap';
import { reviewedOf, sessionRecordOf } from '../../src/admission/running-pod.js';

const call = { signal: new AbortController().signal, traceparent: '00-1-2-01' };

t.test('what is told of a review names the pod, and one that has no name yet by a question mark', (t) => {
  const review = { uid: 'u', namespace: 'team', name: 'web', dryRun: true };
  const verdict = { decision: 'skip', reason: 'other_request', policy: undefined } as const;
  const answering = { door: 'validate-exec', review, call, startMs: performance.now() } as const;
  const told = reviewedOf(answering, verdict);
  t.match(told, { uid: 'u', namespace: 'team', owner: 'Pod/web', dryRun: true, reason: 'other_request' });
  t.equal(told.traceparent, call.traceparent);
  t.ok(told.durationMs >= 0);
  t.equal(reviewedOf({ ...answering, review: { ...review, name: '' } }, verdict).owner, 'Pod/?');
  t.end();
});

t.test('the record of a session masks secrets, and bounds what people wrote', (t) => {
  const who = { user: { username: 'ann', groups: [] }, namespace: 'team', name: 'web' };
  const decided = {
    kind: 'exec',
    decision: 'denied',
    reason: 'session_denied',
    policy: 'strict',
    container: 'c'.repeat(5000),
    detail: 'd'.repeat(5000),
    command: ['env', 'PASSWORD=hunter2', 'x'.repeat(50_000)],
  } as const;
  const record = sessionRecordOf(who, decided);
  t.match(record, { kind: 'exec', decision: 'denied', policy: 'strict', user: 'ann', namespace: 'team', pod: 'web' });
  const text = JSON.stringify(record);
  t.notMatch(text, /hunter2/);
  t.ok(text.length < 10_000, `${text.length} characters`);
  t.notOk('detail' in sessionRecordOf(who, { ...decided, detail: '' }));
  t.end();
});
