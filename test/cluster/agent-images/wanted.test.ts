import t from 'tap';
import { agentImageOf, wantedImages, wantsArgv } from '../../../src/cluster/agent-images/wanted.js';
import { policiesOf } from '../../../src/cluster/live/read-policies.js';
import type { JsonObject } from '../../../src/model/json.js';
import { policyObject } from '../state/documents.js';

function viewOf(policies: Readonly<Record<string, JsonObject>>) {
  return policiesOf(
    Object.entries(policies).map(([name, spec]) => policyObject(name, spec)),
    [],
  );
}

t.test('F40: an image is wanted once, however many policies name it, with the pull secrets of all of them', (t) => {
  const view = viewOf({
    a: { agent: { imagePullSecrets: ['one'] } },
    b: { agent: { imagePullSecrets: ['two', 'one'] } },
    other: { agent: { image: 'registry.test/agent:2' } },
  });
  const wanted = wantedImages(view, []);
  t.same([...wanted.keys()], ['quay.io/sysdig/workload-agent:6.3.0', 'registry.test/agent:2']);
  t.match(wanted.get('quay.io/sysdig/workload-agent:6.3.0'), { pullSecrets: ['one', 'two'], policies: ['a', 'b'] });
  const rewrites = [{ from: 'quay.io/', to: 'mirror.test/' }];
  t.ok(wantedImages(view, rewrites).has('mirror.test/sysdig/workload-agent:6.3.0'), 'as it stands in pods');
  const many = Array.from({ length: 40 }, (_, at) => `secret-${at}`);
  const [one] = wantedImages(viewOf({ a: { agent: { imagePullSecrets: many } } }), []).values();
  t.equal(one?.pullSecrets.length, 16);
  t.end();
});

t.test('F40: no image is wanted of a policy whose pods get no keeper', (t) => {
  const view = viewOf({
    strict: { prefer: 'Security' },
    off: { mode: 'Off' },
    node: { profile: { name: 'datadog-node' } },
    broken: { precedence: 'high' },
  });
  t.same([...wantedImages(view, []).keys()], []);
  const reporting = viewOf({ one: { mode: 'Report' } });
  t.equal(wantedImages(reporting, []).size, 1, 'what a policy in Report mode says is to be what it would do');
  const recipe = reporting.rules.byPolicy.get('one')?.recipe;
  t.ok(recipe !== undefined && wantsArgv(recipe) && agentImageOf(recipe, []) !== undefined);
  const strict = view.rules.byPolicy.get('strict')?.recipe;
  t.equal(strict && agentImageOf(strict, []), undefined);
  t.end();
});
