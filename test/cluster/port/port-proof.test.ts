import t from 'tap';
import { noPortKeys, withPortKeys, type PortKeys } from '../../../src/cluster/port/port-keys.js';
import { PortProof } from '../../../src/cluster/port/port-proof.js';
import { provenPath, tokenOf } from '../../../src/model/door-token.js';

const key = 'a'.repeat(64);
const [earlier, next] = ['b'.repeat(64), 'c'.repeat(64)];
const mutate = '/mutate/pods';
const keys: PortKeys = { ...noPortKeys, current: key, next, previous: earlier, asked: true };
const secretOf = (of: PortKeys) => ({ data: withPortKeys({}, of) });
const entry = (path: string, name = 'p.outrider.outrider.dev') => ({ name, clientConfig: { service: { path } } });

function known(of: PortKeys = keys): PortProof {
  const proof = new PortProof('outrider');
  proof.takeSecret(secretOf(of));
  proof.takeConfiguration('mutating', { webhooks: [entry(provenPath(mutate, key))] });
  proof.takeConfiguration('validating', undefined);
  return proof;
}

t.test('F25: the current token proves the caller, the next and the earlier one too, each at its own door', (t) => {
  const proof = known();
  for (const of of [key, next, earlier]) t.ok(proof.isProven('mutate', tokenOf(of, mutate)));
  t.notOk(proof.isProven('validate', tokenOf(key, mutate)), 'another door’s');
  t.notOk(proof.isProven('mutate', tokenOf('d'.repeat(64), mutate)), 'of no key');
  for (const text of [undefined, '', 'x', `${tokenOf(key, mutate)}0`, key]) t.notOk(proof.isProven('mutate', text));
  proof.takeSecret(secretOf({ ...keys, previous: undefined }));
  t.notOk(proof.isProven('mutate', tokenOf(earlier, mutate)), 'retired');
  t.end();
});

t.test('F25: nobody is asked before the Secret says so, nor while an entry of ours calls without a token', (t) => {
  const open = known({ ...keys, asked: false });
  t.ok(open.isProven('mutate', undefined));
  t.ok(open.isProven('mutate', 'x'));
  const proof = known();
  t.ok(proof.asks);
  proof.takeConfiguration('validating', { webhooks: [entry('/validate/pods')] });
  t.notOk(proof.asks, 'an older replica leads, and wrote it');
  t.ok(proof.isProven('mutate', undefined));
  proof.takeConfiguration('validating', { webhooks: [entry('/x', 'somebody.else')] });
  t.ok(proof.asks, 'others’ entries are theirs');
  proof.takeConfiguration('mutating', {
    webhooks: [{ name: 'p.outrider.outrider.dev', clientConfig: { url: 'https://h/mutate/pods' } }],
  });
  t.notOk(proof.asks, 'by address too');
  proof.takeConfiguration('mutating', undefined);
  t.ok(proof.asks, 'nobody calls by a configuration that is not there');
  t.end();
});

t.test('F25: a Secret that is gone or spoiled takes nothing from what is known', (t) => {
  const proof = known();
  let told = 0;
  proof.onChange(() => {
    told++;
  });
  proof.takeSecret(undefined);
  proof.takeSecret({ data: { 'port.key': 'bm9uZQ==' } });
  t.equal(told, 2);
  t.ok(proof.asks);
  t.ok(proof.isProven('mutate', tokenOf(key, mutate)));
  t.notOk(proof.isProven('mutate', undefined));
  t.end();
});
