import fc from 'fast-check';
import t from 'tap';
import { claimedVolumes, withoutServersFields } from '../../../src/cluster/dry-run/pod-spec.js';

const name = fc.constantFrom('data', 'log', 'own', 'cache');

t.test('each claim template is one volume, and each other volume stays', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.uniqueArray(name), (claims, volumes) => {
      const set = { spec: { volumeClaimTemplates: claims.map((each) => ({ metadata: { name: each } })) } };
      const spec = { volumes: volumes.map((each) => ({ name: each, emptyDir: {} })) };
      const made = claimedVolumes(spec, set, 'db-1').volumes ?? spec.volumes;
      const names = made.map((volume) => volume.name);
      t.strictSame([...new Set(names)], names);
      t.strictSame(new Set(names), new Set([...claims, ...volumes]));
    }),
  );
  t.end();
});

t.test('what is not a field of a running pod only is kept', (t) => {
  t.strictSame(withoutServersFields({ nodeName: 'a', hostname: 'b', ephemeralContainers: [] }), { hostname: 'b' });
  t.end();
});
