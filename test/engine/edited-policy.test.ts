import t from 'tap';
import { decideNow, engineFor } from '../support/engine.js';
import { patched } from '../support/json.js';
import { podWith } from '../support/pods.js';

t.test(
  'a policy that is edited between two calls for one pod: the second leaves what the first has made and said',
  (t) => {
    const before = engineFor({ profile: { name: 'sysdig', settings: { region: 'us1' } } });
    const after = engineFor({ profile: { name: 'sysdig', settings: { region: 'us2' } } });
    const pod = podWith({ command: ['/app'] });
    const first = patched(pod, decideNow(pod, before).patch);
    const second = decideNow(first, after);
    t.match(second.decision, { decision: 'partial', reason: 'parts_differ' });
    t.same(second.patch, []);
    t.same(decideNow(first, before).patch, []);
    t.end();
  },
);
