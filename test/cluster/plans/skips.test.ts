import t from 'tap';
import { Skips, type Skip } from '../../../src/cluster/plans/skips.js';

const skip: Skip = { key: 'key', calledFor: 'true', namespaces: {}, needsJudge: true };

t.test('W69: the entries follow each change of what is skipped, and nothing else', (t) => {
  let told = 0;
  const skips = new Skips(() => told++);
  skips.settle(new Map([['payments', skip]]));
  skips.settle(new Map([['payments', { ...skip, namespaces: {} }]]));
  t.equal(told, 1);
  for (const change of [{ key: 'other' }, { calledFor: 'false' }, { needsJudge: false }]) {
    skips.settle(new Map([['payments', skip]]));
    const before = told;
    skips.settle(new Map([['payments', { ...skip, ...change }]]));
    t.equal(told, before + 1, JSON.stringify(change));
  }
  told = 0;
  skips.drop((policy) => policy === 'orders');
  t.equal(told, 0);
  skips.drop((policy) => policy === 'payments');
  t.equal(told, 1);
  t.equal(skips.of('payments'), undefined);
  skips.settle(new Map([['payments', skip]]));
  skips.forget();
  t.equal(skips.of('payments'), undefined);
  t.end();
});
