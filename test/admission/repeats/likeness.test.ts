import t from 'tap';
import { hintOf, Likeness, tokenVolume, uidOf } from '../../../src/admission/repeats/likeness.js';
import { skippedOf } from '../../../src/admission/review-json.js';
import { madeUp, podOf, reviewText } from '../../bench/pods.js';

const text = reviewText(podOf({ namespace: 'shop', containers: 2, variables: 2, command: true }), 'shop');
const bytes = (of: string): Buffer => Buffer.from(of);
const likenessOf = (of: string): Likeness => new Likeness(bytes(of), skippedOf(bytes(of)));
const isLike = (kept: string, other: string): boolean => likenessOf(kept).has(bytes(other), skippedOf(bytes(other)));

const otherToken = `${tokenVolume}b2cd5`;
const renamed = text.replaceAll(madeUp.tokenVolume, otherToken);

t.test('reviews are alike that differ in what the API server makes up, or in what nobody reads', (t) => {
  t.ok(text.includes(madeUp.tokenVolume));
  const others = {
    itself: text,
    uid: text.replace(madeUp.review, '00000000-6393-11e8-b7cc-42010a800002'),
    token: renamed,
    'time of the managed fields': text.replace(madeUp.time, '2026-11-29T00:00:00Z'),
    'longer managed fields': text.replace('"f:generateName":{}', '"f:generateName":{},"f:more":{}'),
    'empty managed fields': text.replace(/"managedFields":\[.*?\]\},"spec"/, '"managedFields":[]},"spec"'),
    user: text.replace('"username":"', '"username":"somebody-'),
    'all of it': renamed.replace('"username":"', '"username":"a').replace(madeUp.time, 'never'),
  };
  for (const [what, other] of Object.entries(others)) {
    t.ok(isLike(text, other), what);
    t.ok(isLike(other, text), `${what}, the other way`);
  }
  t.end();
});

t.test('no byte may differ that is read', (t) => {
  const kept = likenessOf(text);
  const { userFrom, userTo, listFrom, listTo } = skippedOf(bytes(text));
  const body = bytes(text);
  let differing = 0;
  for (let at = text.indexOf('"kind":{'); at < body.length; at++) {
    if ((at >= userFrom && at < userTo) || (at >= listFrom && at < listTo)) continue;
    const before = body[at] ?? 0;
    body[at] = before === 0x7a ? 0x79 : 0x7a;
    if (kept.has(body, skippedOf(body))) t.fail(`alike with another byte at ${at}: ${text.slice(at - 20, at + 20)}`);
    differing++;
    body[at] = before;
  }
  t.ok(differing > 3000, `${differing} bytes`);
  t.ok(kept.has(body, skippedOf(body)));
  t.end();
});

t.test('a name is only another’s where it stands in the same places, and nowhere else', (t) => {
  const labelled = (value: string, of = text): string => of.replace('"app":"web"', `"app":"${value}"`);
  const bare = reviewText(
    podOf({ namespace: 'shop', containers: 1, variables: 0, command: true, without: 'defaults' }),
    'shop',
  );
  const asImage = (name: string, of = text): string => of.replace(/"image":"[^"]*"/, `"image":"${name}"`);
  const inNamespace = (name: string, of = text): string => of.replaceAll('"namespace":"shop"', `"namespace":"${name}"`);
  const others: Readonly<Record<string, readonly [string, string]>> = {
    'the other name as a label': [labelled(otherToken), renamed.replace('"app":"web"', `"app":"${otherToken}"`)],
    'a label that is no longer the name': [labelled(madeUp.tokenVolume), labelled(madeUp.tokenVolume, renamed)],
    'a mount that keeps its name': [
      text,
      renamed.replace(`{"name":"${otherToken}","readOnly"`, `{"name":"${madeUp.tokenVolume}","readOnly"`),
    ],
    'no name that is made up': [text, text.replaceAll(madeUp.tokenVolume, `${tokenVolume}B2CD5`)],
    'a longer name': [text, text.replaceAll(madeUp.tokenVolume, `${tokenVolume}b2cd55`)],
    'a shorter body': [text, text.slice(0, -2)],
    'a much shorter body': [text, text.slice(0, 1_500)],
    'the name as an image': [asImage(madeUp.tokenVolume), asImage(otherToken, renamed)],
    'the name as an image, and no volume': [asImage(madeUp.tokenVolume, bare), asImage(otherToken, bare)],
    'the name as a namespace': [inNamespace(madeUp.tokenVolume), inNamespace(otherToken, renamed)],
    'the name as a namespace, and no volume': [inNamespace(madeUp.tokenVolume, bare), inNamespace(otherToken, bare)],
    'the name as a ServiceAccount’s': [
      text.replace('"serviceAccountName":"default"', `"serviceAccountName":"${madeUp.tokenVolume}"`),
      renamed.replace('"serviceAccountName":"default"', `"serviceAccountName":"${otherToken}"`),
    ],
    'a container of the name': [
      text.replace('"name":"app-0"', `"name":"${madeUp.tokenVolume}"`),
      renamed.replace('"name":"app-0"', `"name":"${otherToken}"`),
    ],
    'a variable of the name': [
      text.replace('{"name":"SETTING_0"', `{"name":"${madeUp.tokenVolume}"`),
      renamed.replace('{"name":"SETTING_0"', `{"name":"${otherToken}"`),
    ],
    'no user': [text, text.replace(/"userInfo":\{.*?\},"object"/, '"object"')],
    'no managed fields': [text, text.replace(/"managedFields":\[.*?\]\},"spec"/, '"other":[]},"spec"')],
  };
  for (const [what, [one, other]] of Object.entries(others)) {
    t.notOk(isLike(one, other), what);
    t.notOk(isLike(other, one), `${what}, the other way`);
  }
  const without = reviewText(
    podOf({ namespace: 'shop', containers: 1, variables: 0, command: true, without: 'defaults' }),
    'shop',
  );
  t.notOk(without.includes(tokenVolume));
  t.ok(isLike(without, without), 'a pod without a token');
  t.notOk(isLike(without, text));
  t.end();
});

t.test('a body that ends anywhere is like none that goes on', (t) => {
  const kept = likenessOf(text);
  const body = bytes(text);
  for (let end = 0; end < body.length; end++) {
    const cut = body.subarray(0, end);
    if (kept.has(cut, skippedOf(cut))) t.fail(`alike at ${end}`);
  }
  t.ok(kept.has(body, skippedOf(body)));
  t.end();
});

t.test('a review is only known in an API server’s own form, and a pod by its template', (t) => {
  t.equal(uidOf(bytes(text)), madeUp.review);
  const strange = [
    text.replace('{"kind"', '{ "kind"'),
    text.replace(madeUp.review, 'x'),
    text.replace(madeUp.review, 'G'.repeat(36)),
    '',
    '{}',
  ];
  for (const one of strange) t.equal(uidOf(bytes(one)), undefined, one.slice(0, 80));
  const hint = hintOf(bytes(text), skippedOf(bytes(text)));
  t.match(hint, `${madeUp.replicaSet}-","namespace":"shop"`);
  t.equal(hintOf(bytes(renamed), skippedOf(bytes(renamed))), hint);
  const bare = text.replace('"generateName"', '"name"');
  t.equal(hintOf(bytes(bare), skippedOf(bytes(bare))), undefined);
  t.end();
});
