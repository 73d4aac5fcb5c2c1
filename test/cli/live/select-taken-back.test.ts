import t from 'tap';
import { selectTakenBack, type TakenBackSelection } from '../../../src/cli/live/select-taken-back.js';
import { namedWorkloads } from '../../../src/cluster/live/workload-kinds.js';
import { takenBackKey } from '../../../src/model/taken-back.js';
import { entryOf } from '../../support/taken-back-entry.js';

const entries = [
  entryOf(),
  entryOf({ name: 'api', policy: 'payments' }),
  entryOf({ namespace: 'bank', kind: 'StatefulSet', name: 'db', policy: 'payments' }),
];
const all = new Map(entries.map((entry) => [takenBackKey(entry), entry]));
const named = (selection: TakenBackSelection) => {
  const { entries: found, others } = selectTakenBack(all, selection);
  return { found: found.map(({ namespace, name }) => `${namespace}/${name}`), others };
};

t.test('objects by name, each in the one namespace', (t) => {
  const objects = namedWorkloads(['deploy/web', 'sts/db', 'deploy/no']);
  t.same(named({ objects, namespace: 'shop' }), { found: ['shop/web'], others: ['sts/db', 'deploy/no'] });
  t.same(named({ objects, namespace: 'bank' }).found, ['bank/db']);
  t.end();
});

t.test('all, those of a policy, those of a namespace, in order', (t) => {
  const of = (policy: string | undefined, namespace: string | undefined) => named({ policy, namespace }).found;
  t.same(of(undefined, undefined), ['bank/db', 'shop/api', 'shop/web']);
  t.same(of('payments', undefined), ['bank/db', 'shop/api']);
  t.same(of('payments', 'shop'), ['shop/api']);
  t.same(of(undefined, 'elsewhere'), []);
  t.end();
});
