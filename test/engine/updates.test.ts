import t from 'tap';
import { judgeUpdate } from '../../src/engine/updates.js';
import { decideNow, engineFor } from '../support/engine.js';
import { draft, draftsOf, objectAt, patched } from '../support/json.js';
import { podOf } from '../support/pods.js';

const engine = engineFor({ prefer: 'Security', match: { podSelector: { matchLabels: { tier: 'web' } } } });
const pod = podOf({}, { name: 'web', labels: { tier: 'web' } });
const before = patched(pod, decideNow(pod, engine).patch);
const about = { namespace: 'shop', namespaceLabels: {} };

t.test('F9: the policy that wins for the pod as it stands counts, whatever labels come with another image', (t) => {
  const after = draft(before);
  objectAt(after, 'metadata')['labels'] = {};
  for (const one of draftsOf(objectAt(after, 'spec')['initContainers'])) one['image'] = 'mallory:1';
  t.match(judgeUpdate({ before, after, ...about }, engine), { decision: 'deny', reason: 'update_of_agent_image' });
  t.match(judgeUpdate({ before: after, after: before, ...about }, engine), { decision: 'skip', reason: 'no_policy' });
  t.end();
});

t.test(
  'what has not the shape of a pod is refused where something could be denied, and let be where it stands',
  (t) => {
    const odd = { ...before, spec: { containers: 'none' } };
    t.match(judgeUpdate({ before, after: odd, ...about }, engine), { decision: 'deny', reason: 'pod_unreadable' });
    t.match(judgeUpdate({ before: odd, after: before, ...about }, engine), {
      decision: 'skip',
      reason: 'pod_unreadable',
    });
    t.match(judgeUpdate({ before, after: odd, ...about }, engineFor()), { decision: 'skip', reason: 'update_allowed' });
    t.end();
  },
);
