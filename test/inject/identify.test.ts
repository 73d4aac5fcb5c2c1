import t from 'tap';
import { throughTheServer } from '../support/cluster.js';
import { decideNow, engineFor } from '../support/engine.js';
import { members, patched } from '../support/json.js';
import { podOf } from '../support/pods.js';

const own = { name: 'sysdig-workload-agent', image: 'shop/web:1', command: ['/app'] };

t.test('a container of the user’s own with our name: ours gets a suffix, and the second pass finds it (E17)', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const pod = podOf({ containers: [own] });
  const first = decideNow(pod, engine);
  t.match(
    first.decision.steps.filter(({ reason }) => reason === 'name_suffixed'),
    [{ detail: 'agent is named sysdig-workload-agent-2' }],
  );
  const after = throughTheServer(patched(pod, first.patch));
  t.match(
    members(after, 'initContainers').map(({ name }) => name),
    ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy', 'sysdig-workload-agent-2'],
  );
  const second = decideNow(after, engine);
  t.match(second, { decision: { decision: 'inject', reason: 'injected' }, patch: [] });
  t.equal(decideNow(after, engine, 'validate').decision.decision, 'inject');
  t.end();
});
