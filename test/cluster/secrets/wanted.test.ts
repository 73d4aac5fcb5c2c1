import t from 'tap';
import { obsoleteCopies, wantedKeys } from '../../../src/cluster/secrets/wanted.js';
import { engineFor } from '../../support/engine.js';

t.test('copies for what a canary keeps are wanted, and none of them is obsolete', (t) => {
  const agent = (version: number) => ({
    image: `registry.example.com/agent:${version}`,
    imagePullSecrets: [`pull-${version}`],
    mirrorPullSecrets: true,
  });
  const profile = { name: 'sysdig', settings: { region: 'us2' } };
  const { rules } = engineFor({
    credentials: { mirror: true },
    agent: agent(2),
    canary: { percent: 50, previous: { profile, agent: agent(1) } },
  });
  const namespaces = new Map([['shop', {}]]);
  const copies = wantedKeys({ rules, namespaces, excluded: new Set() }).map(({ name }) => name);
  t.equal(copies.length, 3, 'the key, and a pull secret of each agent');
  t.same([...obsoleteCopies(rules, new Map(copies.map((name) => [name, 'default'])))], []);
  t.same([...obsoleteCopies(rules, new Map([['outrider-default-0000000000', 'default']])).keys()].length, 1);
  t.end();
});
