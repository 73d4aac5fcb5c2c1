import t from 'tap';
import { createSelfTestDoor } from '../../src/admission/self-test.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../src/model/json.js';
import { names } from '../../src/model/names.js';
import { hashInWarnings, readAnswer, selfTestData } from '../../src/model/self-test.js';
import { patched } from '../support/json.js';

const door = createSelfTestDoor('outrider-0');

const review = (object: JsonObject): Buffer =>
  Buffer.from(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: '7', kind: { group: '', version: 'v1', kind: 'ConfigMap' }, operation: 'CREATE', object },
    }),
  );

function responseOf(text: string): JsonObject {
  const response = objectOf(objectOf(JSON.parse(text))?.['response']);
  if (response === undefined) throw new Error(text);
  return response;
}

/** The operations that add something, which are all there are. */
function operationsOf(response: JsonObject) {
  const text = Buffer.from(stringOf(response['patch']) ?? '', 'base64').toString('utf8');
  return listOf(JSON.parse(text)).map((one) => {
    const { op, path, value } = isObject(one) ? one : {};
    if (op !== 'add' || typeof path !== 'string' || value === undefined) throw new Error(text);
    return { op, path, value } as const;
  });
}

t.test('E42: the mutating door says who answered, beside other annotations or alone', (t) => {
  for (const annotations of [undefined, {}, { other: 'x' }]) {
    const object = { metadata: { generateName: 'a-', ...(annotations && { annotations }) }, data: selfTestData('n-1') };
    const response = responseOf(door(review(object), { door: 'mutate', isProven: true }));
    t.match(response, { uid: '7', allowed: true, patchType: 'JSONPatch' });
    const changed = patched(object, operationsOf(response));
    const written = objectOf(objectOf(changed['metadata'])?.['annotations']);
    t.same(readAnswer(stringOf(written?.[names.answeredBy]) ?? ''), { identity: 'outrider-0', nonce: 'n-1' });
    t.equal(written?.['other'], annotations?.['other']);
  }
  t.end();
});

t.test('E44: both doors name the configuration that they were called by, and only to who is proven', (t) => {
  const objectHash = '0123456789abcdef'.repeat(2);
  const ask = (door: 'mutate' | 'validate', nonce: string, isProven = true) =>
    responseOf(createSelfTestDoor('outrider-0')(review({ data: selfTestData(nonce) }), { door, isProven, objectHash }));
  const [operation] = operationsOf(ask('mutate', 'n-1'));
  const annotations = objectOf(
    objectOf(patched({ metadata: {} }, [operation ?? []].flat())['metadata'])?.['annotations'],
  );
  const answer = readAnswer(stringOf(annotations?.[names.answeredBy]) ?? '');
  t.same(answer, { identity: 'outrider-0', nonce: 'n-1', objectHash });
  const [warning] = listOf(ask('validate', 'n-1')['warnings']);
  const header = `299 - "${stringOf(warning) ?? ''}"`;
  t.equal(hashInWarnings(['299 - "something else"', header], 'n-1'), objectHash);
  t.equal(hashInWarnings([`299 - "other", ${header}`], 'n-1'), objectHash, 'in one line');
  t.equal(hashInWarnings([header], 'n-2'), undefined, 'of another test');
  t.equal(hashInWarnings([header.replace(objectHash, 'abc')], 'n-1'), undefined);
  for (const nonce of ['', 'a"b', 'a b', 'x'.repeat(65), 'ü']) t.notOk(ask('validate', nonce)['warnings'], nonce);
  for (const door of ['mutate', 'validate'] as const) t.strictSame(ask(door, 'n', false), { uid: '7', allowed: true });
  t.match(readAnswer('{"identity": "a", "nonce": "n", "objectHash": "../x"}'), { nonce: 'n' });
  t.notOk(readAnswer('{"identity": "a", "nonce": "n", "objectHash": "../x"}')?.objectHash);
  t.end();
});

t.test('the validating door allows and changes nothing', (t) => {
  t.same(responseOf(door(review({ data: selfTestData('n') }), { door: 'validate', isProven: true })), {
    uid: '7',
    allowed: true,
  });
  t.throws(() => door(Buffer.from('{}'), { door: 'validate', isProven: true }), { code: 'review_invalid' });
  for (const text of ['', '{', '[]', '{"identity": 1, "nonce": "n"}', '{"identity": "a"}']) {
    t.equal(readAnswer(text), undefined);
  }
  t.end();
});
