import t from 'tap';
import { refusalOf } from '../../src/cluster/client/api-error.js';
import { carriesToken, provenPath, tokenOf, withoutTokens } from '../../src/model/door-token.js';
import { allDoors } from '../../src/model/doors.js';

const key = '0'.repeat(64);

t.test('F25: a token is a segment that the API server takes, and another at each door and of each key', (t) => {
  const tokens = allDoors.flatMap(({ path }) => [tokenOf(key, path), tokenOf('1'.repeat(64), path)]);
  for (const token of tokens) t.match(token, /^[0-9a-f]{56}$/);
  t.equal(new Set(tokens).size, tokens.length);
  t.equal(provenPath('/mutate/pods', undefined), '/mutate/pods');
  t.equal(provenPath('/mutate/pods', key), `/mutate/pods/${tokenOf(key, '/mutate/pods')}`);
  t.ok(carriesToken(provenPath('/validate/pods', key)));
  t.ok(carriesToken(`https://outrider.example${provenPath('/validate/pods', key)}`));
  for (const path of ['/mutate/pods', '/mutate/pods/', '/mutate/pods/abc', '']) t.notOk(carriesToken(path), path);
  t.end();
});

t.test('F25: what the API server prints of a call that failed is shown without the token', (t) => {
  for (const { path } of allDoors) {
    const proven = provenPath(path, key);
    const said = `failed to call webhook: Post "https://outrider.own.svc:443${proven}?timeout=5s": dial tcp: refused`;
    t.equal(withoutTokens(said), said.replace(tokenOf(key, path), '…'));
  }
  const path = provenPath('/validate/self-test', key);
  const body = { kind: 'Status', reason: 'InternalError', message: `Post "https://x${path}?timeout=5s": EOF` };
  const { message } = refusalOf('POST /api/v1/namespaces/own/configmaps', 500, body);
  t.match(message, 'Post "https://x/validate/self-test/…?timeout=5s": EOF', 'in each error of the API server');
  t.equal(withoutTokens('sha256:1234'), 'sha256:1234');
  t.end();
});
