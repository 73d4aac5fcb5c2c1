import t from 'tap';
import { provenByPod } from '../../src/model/exemption.js';
import { obstacleOrder } from '../../src/model/obstacle-order.js';
import { obstacleSchema, type Obstacle } from '../../src/model/profile.js';
import { reasons } from '../../src/model/reasons.js';
import { exemptConditions, exemptionsOf, exemptPrefix } from '../../src/policy/exempt.js';
import type { PolicySpec } from '../../src/model/policy.js';
import { policyOf } from './make.js';

const specOf = (spec: Readonly<Record<string, unknown>>): PolicySpec => policyOf('p', spec).spec;
const every: ReadonlySet<Obstacle> = new Set(obstacleOrder);
const network = { prefer: 'Security', admitUninstrumented: ['host_network'] };

t.test('F20: what a policy exempts follows from what it admits, and from the obstacles of its profile', (t) => {
  t.same(exemptionsOf(specOf(network), every), [
    { reason: 'host_network', unless: ['mirror_pod', 'windows', 'virtual_node', 'sandboxed_runtime'] },
  ]);
  t.same(exemptionsOf(specOf(network), new Set(['host_network', 'host_pid'])), [
    { reason: 'host_network', unless: [] },
  ]);
  t.same(exemptionsOf(specOf(network), new Set(['mirror_pod', 'windows'])), [], 'the profile traces such pods');
  t.same(
    exemptionsOf(
      specOf({ ...network, admitUninstrumented: ['virtual_node', 'host_pid', 'windows', 'host_pid'] }),
      every,
    ),
    [
      { reason: 'windows', unless: ['mirror_pod'] },
      { reason: 'host_pid', unless: ['mirror_pod', 'sandboxed_runtime', 'host_network'] },
    ],
    'what is admitted keeps no other from being exempt',
  );
  const others = ['sandboxed_runtime', 'virtual_node', 'process_namespace_refused', 'port_taken'];
  t.same(
    exemptionsOf(specOf({ ...network, admitUninstrumented: others }), every),
    [],
    'the pod alone does not prove them',
  );
  for (const spec of [{ mode: 'Report' }, { mode: 'Off' }, { prefer: 'Availability' }, { admitUninstrumented: [] }]) {
    t.same(exemptionsOf(specOf({ ...network, ...spec }), every), [], JSON.stringify(spec));
  }
  t.end();
});

t.test('F20: a match condition for each of them', (t) => {
  const conditionsOf = (spec: Readonly<Record<string, unknown>>, skipWhen = every) =>
    exemptConditions(exemptionsOf(specOf(spec), skipWhen));
  t.same(conditionsOf(network, new Set(['virtual_node', 'host_network'])), [
    {
      name: 'exempt.outrider.dev/host-network',
      expression:
        "!(has(object.spec.hostNetwork) && object.spec.hostNetwork) || (has(object.spec.nodeSelector) && 'type' in object.spec.nodeSelector && object.spec.nodeSelector['type'] == 'virtual-kubelet' || has(object.spec.tolerations) && (object.spec.tolerations.size() > 100 || object.spec.tolerations.exists(t, has(t.key) && t.key == 'virtual-kubelet.io/provider')))",
    },
  ]);
  const all = conditionsOf({ ...network, admitUninstrumented: [...provenByPod] });
  t.equal(new Set(all.map(({ name }) => name)).size, provenByPod.length);
  for (const { name } of all) t.ok(name.startsWith(exemptPrefix));
  t.same(conditionsOf({}), []);
  t.end();
});

t.test('every obstacle has its place in the order, and those that a pod proves can be admitted', (t) => {
  t.same([...obstacleOrder].sort(), [...obstacleSchema.options].sort());
  for (const reason of provenByPod) t.ok(reasons[reason].admissible);
  t.end();
});
