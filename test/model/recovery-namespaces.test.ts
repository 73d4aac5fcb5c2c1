import t from 'tap';
import { isRecoveryNamespace, recoveryNamespaces } from '../../src/model/recovery-namespaces.js';

t.test('F20: namespaces that a cluster recovers by are known by their whole names', (t) => {
  const all = Object.values(recoveryNamespaces).flat();
  t.equal(new Set(all).size, all.length);
  for (const name of all) {
    t.match(name, /^[a-z0-9-]+$/);
    t.ok(isRecoveryNamespace(name));
    t.notOk(isRecoveryNamespace(`${name}-2`));
  }
  t.notOk(isRecoveryNamespace('kube-system'), 'it is never touched');
  t.notOk(isRecoveryNamespace('constructor'));
  t.end();
});
