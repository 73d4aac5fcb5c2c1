import t from 'tap';
import { readEnvelope, readRequest } from '../../src/admission/envelope.js';
import { exec, updates } from '../../src/model/doors.js';

const request = {
  uid: 'u',
  kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  subResource: 'exec',
  name: 'web-0',
  namespace: 'shop',
  operation: 'CONNECT',
  userInfo: { username: 'jane', groups: ['dev'] },
  object: { kind: 'PodExecOptions', apiVersion: 'v1', command: ['sh'] },
};

function bodyOf(changes: object = {}): Buffer {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { ...request, ...changes } };
  return Buffer.from(JSON.stringify(review));
}

t.test('a request about a running pod is read with who asks', (t) => {
  t.same(readEnvelope(bodyOf(), exec), {
    uid: 'u',
    isAbout: true,
    operation: 'CONNECT',
    subResource: 'exec',
    namespace: 'shop',
    name: 'web-0',
    dryRun: false,
    object: request.object,
    oldObject: undefined,
    user: { username: 'jane', groups: ['dev'] },
  });
  t.same(readEnvelope(bodyOf({ userInfo: undefined }), exec).user, { username: '', groups: [] });
  t.notOk(Object.hasOwn(readRequest(bodyOf()).request, 'userInfo'), 'which is not read unless it is asked for');
  t.end();
});

t.test('an update is about the resource itself or its resize, with what is there', (t) => {
  const about = (changes: object) => {
    const kind = { group: '', version: 'v1', kind: 'Pod' };
    const review = bodyOf({ kind, operation: 'UPDATE', object: { a: 1 }, oldObject: { a: 0 }, ...changes });
    const { isAbout, oldObject } = readEnvelope(review, updates);
    return { isAbout, oldObject };
  };
  t.same(about({ subResource: '' }), { isAbout: true, oldObject: { a: 0 } });
  t.same(about({ subResource: undefined }), { isAbout: true, oldObject: { a: 0 } });
  t.same(about({ subResource: 'resize', dryRun: true }), { isAbout: true, oldObject: { a: 0 } });
  t.same(about({ subResource: 'status' }), { isAbout: false, oldObject: undefined });
  t.same(about({ subResource: '', operation: 'CREATE' }), { isAbout: false, oldObject: undefined });
  t.end();
});

t.test('E29: what is about something else is said to be, and what cannot be read is refused by its field', (t) => {
  t.equal(readEnvelope(bodyOf({ subResource: 'attach' }), exec).isAbout, false);
  const wrong: readonly [object, string][] = [
    [{ object: 'none' }, 'request.object'],
    [{ name: '' }, 'request.name'],
    [{ name: '../../secrets' }, 'request.name'],
    [{ namespace: '' }, 'request.namespace'],
    [{ namespace: 'a/b' }, 'request.namespace'],
    [{ dryRun: 'yes' }, 'request.dryRun'],
    [{ operation: '' }, 'request.operation'],
    [{ kind: {} }, 'request.kind'],
    [{ uid: '' }, 'request.uid'],
  ];
  for (const [changes, field] of wrong) {
    t.throws(() => readEnvelope(bodyOf(changes), exec), { code: 'review_invalid', field });
  }
  t.end();
});
