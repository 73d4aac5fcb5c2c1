import t from 'tap';
import { mirroredPullSecret, mirroredSecret } from '../../src/engine/mirrored-secret.js';

const source = { name: 'agent', key: 'access-key' };
const copyOf = (policy: string, instance?: string): string => mirroredSecret(policy, source, instance).copy;

t.test('F35: the name of a copy holds the installation', (t) => {
  t.equal(copyOf('payments'), copyOf('payments', 'outrider'), 'the usual one');
  t.match(copyOf('payments', 'canary'), /^canary-payments-[0-9a-f]{10}$/);
  t.equal(mirroredSecret('payments', source).earlierCopy, undefined, 'whose name is what it was');
  t.equal(mirroredSecret('payments', source, 'canary').earlierCopy, copyOf('payments'));
  t.end();
});

t.test('F35: whatever is cut and however names run together, no two installations share one', (t) => {
  const long = 'x-'.repeat(125).concat('x');
  const instances = ['x', 'x-x', 'x-x-x', 'outrider', 'outrider-x'];
  const all = instances.flatMap((instance) => [long, 'x', 'x-x'].map((policy) => copyOf(policy, instance)));
  t.equal(new Set(all).size, all.length);
  for (const name of all) {
    t.ok(name.length <= 253, name);
    t.match(name, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  }
  t.end();
});

t.test('F41: the copy of a pull secret has a name of its own, for each policy, source and installation', (t) => {
  const copies = ['a', 'b'].flatMap((policy) =>
    ['outrider', 'canary'].flatMap((instance) => [
      ...['one', 'two'].map((name) => mirroredPullSecret(policy, name, instance).copy),
      mirroredSecret(policy, { name: 'one', key: '.dockerconfigjson' }, instance).copy,
    ]),
  );
  t.equal(new Set(copies).size, copies.length);
  t.match(mirroredPullSecret('a', 'one'), {
    type: 'kubernetes.io/dockerconfigjson',
    source: { name: 'one', key: '.dockerconfigjson' },
    copy: /^outrider-a-[0-9a-f]{10}$/,
  });
  t.end();
});
