import fc from 'fast-check';
import t from 'tap';
import { nameless } from '../../../src/cluster/dry-run/nameless.js';

t.test('a name that was made up becomes POD, wherever it is', (t) => {
  const generated = { metadata: { generateName: 'web-preflight-' } };
  t.equal(nameless('Pod/shop/web-preflight-x7k2p was blocked', generated), 'Pod/shop/POD was blocked');
  t.equal(nameless('pod web-preflight- has no name yet', generated), 'pod POD has no name yet');
  t.equal(nameless('web-1 is another', generated), 'web-1 is another');
  const named = { metadata: { name: 'db-1000000007' } };
  t.equal(nameless('db-1000000007: data-db-1000000007', named), 'POD: data-POD');
  t.equal(nameless('no pod at all', { metadata: {} }), 'no pod at all');
  t.end();
});

t.test('a long name is cut as the API server cuts it', (t) => {
  const start = `${'w'.repeat(60)}-preflight-`;
  t.equal(nameless(`${'w'.repeat(58)}abcde is refused`, { metadata: { generateName: start } }), 'POD is refused');
  t.end();
});

t.test('whatever the name is, nothing of it stays', (t) => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,40}[a-z0-9]$/);
  fc.assert(
    fc.property(name, fc.stringMatching(/^[a-z0-9]{5}$/), (start, end) => {
      const pod = { metadata: { generateName: `${start}-preflight-` } };
      t.equal(nameless(`${start}-preflight-${end}`, pod), 'POD');
    }),
  );
  t.end();
});
