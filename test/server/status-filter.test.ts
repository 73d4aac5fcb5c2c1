import fc from 'fast-check';
import t from 'tap';
import { isObject, objectOf, type JsonObject } from '../../src/model/json.js';
import { StatusFilter } from '../../src/server/status-filter.js';

/** What is left of a text that comes in pieces; `undefined` where there is no room for it. */
function filtered(text: string, pieceBytes = 7, roomBytes = 10_000): string | undefined {
  const into = Buffer.alloc(roomBytes);
  const filter = new StatusFilter(into);
  const body = Buffer.from(text);
  for (let at = 0; at < body.length; at += pieceBytes) {
    if (!filter.push(body.subarray(at, at + pieceBytes))) return undefined;
  }
  return into.toString('utf8', 0, filter.length);
}

const review = (object: unknown): string =>
  JSON.stringify({ kind: 'AdmissionReview', request: { uid: 'u', object, dryRun: false } });

t.test('F10: the status of a pod is taken out, whatever it is and wherever it stands', (t) => {
  const others = { metadata: { labels: { status: 'a' } }, spec: { containers: [{ name: 'status', status: {} }] } };
  for (const status of [{}, [], { a: [{ b: '}"]\\' }] }, 'te"xt\\', 1, null, true]) {
    for (const object of [
      { ...others, status },
      { status, ...others },
      { metadata: {}, status, spec: others.spec },
    ]) {
      for (const pieceBytes of [1, 2, 5, 1_000]) {
        t.equal(filtered(review(object), pieceBytes), review({ ...object, status: null }));
        const spaced = JSON.stringify(JSON.parse(review(object)), null, 2);
        t.strictSame(JSON.parse(filtered(spaced, pieceBytes) ?? ''), JSON.parse(review({ ...object, status: null })));
      }
    }
  }
  t.end();
});

t.test('nothing else is taken out', (t) => {
  for (const object of [
    { statuses: 1, Status: 2, statu: 3, '"status': 4, 'status"': 5, '\\status': 6 },
    { list: ['status', { status: 1 }] },
    ['status', 'status'],
    'status',
  ]) {
    t.equal(filtered(review(object), 3), review(object));
  }
  t.end();
});

t.test('whatever a review holds, the rest of it comes out as it is', (t) => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom('status', '"status":', '{"status":'));
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.constantFrom('status', 'spec'), fc.string()), value),
      fc.integer({ min: 1, max: 50 }),
      (object, pieceBytes) => {
        const text = review(object);
        const left: unknown = JSON.parse(filtered(text, pieceBytes, 1_000_000) ?? '');
        const request: JsonObject | undefined = isObject(left) ? objectOf(left['request']) : undefined;
        const want: unknown = JSON.parse(
          review({ ...object, ...(Object.hasOwn(object, 'status') ? { status: null } : {}) }),
        );
        return JSON.stringify({ kind: 'AdmissionReview', request }) === JSON.stringify(want);
      },
    ),
  );
  t.end();
});

t.test('there may be no room for what is left', (t) => {
  const text = review({ spec: 'a'.repeat(100), status: 'b'.repeat(1_000) });
  t.ok(filtered(text, 10, 250) !== undefined);
  t.equal(filtered(text, 10, 120), undefined);
  t.equal(filtered(review({ status: 1 }), 1, 50), undefined);
  t.end();
});
