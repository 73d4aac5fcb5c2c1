import t from 'tap';
import { sessionAnnotations } from '../../src/admission/session-answer.js';

t.test('a session’s record is one audit annotation beside what was decided, in ASCII', (t) => {
  const annotations = sessionAnnotations({
    kind: 'exec',
    decision: 'untraced',
    reason: 'report_mode',
    policy: 'payments',
    user: 'jörg',
    namespace: 'shop',
    pod: 'web-0',
    container: 'app',
    command: 'ls',
  });
  const { session, ...decided } = annotations;
  t.same(decided, { decision: 'untraced', reason: 'report_mode', policy: 'payments' });
  t.equal(
    session,
    String.raw`{"kind":"exec","user":"j\u00f6rg","namespace":"shop","pod":"web-0","container":"app","command":"ls"}`,
  );
  t.end();
});
