import t from 'tap';
import { KeptOperations } from '../../../src/inject/pod/kept-operations.js';
import { deepFrozen } from '../../../src/model/json.js';
import { KeptOperation } from '../../../src/model/patch.js';

const mount = deepFrozen({ name: 'agent', mountPath: '/opt/agent' });

t.test('what is a recipe’s comes back as the same operation', (t) => {
  const kept = new KeptOperations();
  const { volumeMounts } = kept.pathsOf('containers', 3);
  const first = kept.add(volumeMounts.end, mount);
  t.strictSame({ ...first }, { op: 'add', path: '/spec/containers/3/volumeMounts/-', value: mount });
  t.ok(first instanceof KeptOperation);
  t.equal(kept.add(kept.pathsOf('containers', 3).volumeMounts.end, mount), first);
  t.not(kept.add(kept.pathsOf('initContainers', 3).volumeMounts.end, mount), first, 'of another place');
  t.not(kept.add(volumeMounts.end, deepFrozen({ ...mount })), first, 'of another recipe');
  const list = kept.addList(volumeMounts.list, [mount]);
  t.strictSame({ ...list }, { op: 'add', path: '/spec/containers/3/volumeMounts', value: [mount] });
  t.equal(kept.addList(volumeMounts.list, [mount]), list);
  t.not(kept.addList(volumeMounts.list, [mount, mount]), list);
  t.end();
});

t.test('what is not frozen is a pod’s, and is not kept', (t) => {
  const kept = new KeptOperations();
  const own = { name: 'own' };
  for (const make of [() => kept.add('/spec/volumes/-', own), () => kept.addList('/spec/volumes', [mount, own])]) {
    const operation = make();
    t.notOk(operation instanceof KeptOperation);
    t.not(make(), operation);
  }
  t.end();
});

t.test('a value is made once of what it is made from', (t) => {
  const kept = new KeptOperations();
  const names = deepFrozen(['SYS_PTRACE']);
  let made = 0;
  const make = () => ({ add: ['SYS_PTRACE', `${made++}`] });
  const operation = kept.add('/spec/containers/0/securityContext/capabilities', names, make);
  t.equal(kept.add('/spec/containers/0/securityContext/capabilities', names, make), operation);
  t.equal(made, 1);
  t.end();
});

t.test('as many as a cluster’s pods can ask for are not kept', (t) => {
  const kept = new KeptOperations();
  const values = Array.from({ length: 100 }, (_, index) => deepFrozen({ index }));
  const first = values.map((value) => kept.add('/spec/volumes/-', value));
  const again = values.map((value) => kept.add('/spec/volumes/-', value));
  t.strictSame(
    again.map((operation) => ({ ...operation })),
    first.map((operation) => ({ ...operation })),
  );
  t.ok(again.filter((operation, index) => operation === first[index]).length < 50);
  t.ok(again.filter((operation) => operation instanceof KeptOperation).length < 50, 'and look like none that is');
  t.not(kept.pathsOf('containers', 1000), kept.pathsOf('containers', 1000), 'nor the paths of a container far behind');
  const { end } = kept.pathsOf('containers', 0).volumeMounts;
  const operation = kept.add(end, mount);
  t.equal(kept.add(end, mount), operation);
  for (let index = 1; index < 10_000; index++) kept.add(kept.pathsOf('containers', index).volumeMounts.end, mount);
  t.not(kept.add(end, mount), operation, 'a pod of very many containers makes it begin anew');
  t.equal(kept.add(end, mount), kept.add(end, mount));
  t.end();
});
