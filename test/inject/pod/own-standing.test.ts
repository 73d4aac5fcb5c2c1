import t from 'tap';
import { standingParts, startsTracer } from '../../../src/inject/pod/own-standing.js';
import { isFinding, readPod, type PodView } from '../../../src/inject/pod/view.js';
import type { JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { draft, draftsOf, nameOf, objectAt, patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

const engine = engineFor({ prefer: 'Security' });
const [rule] = [...engine.rules.byPolicy.values()];
if (rule === undefined) throw new Error('there is no rule');
const agent = 'sysdig-workload-agent';
const image = 'quay.io/sysdig/workload-agent:6.3.0';

function viewOf(pod: JsonObject): PodView {
  const view = readPod(pod);
  if (isFinding(view)) throw new Error(view.detail);
  return view;
}

function partsOf(pod: JsonObject) {
  const { byPolicy } = engine.rules;
  return [...byPolicy.values()].flatMap((one) =>
    standingParts(viewOf(pod), one, engine.facts).map(({ part, container, image: planned }) => [
      part,
      container.name,
      planned,
    ]),
  );
}

const instrumented = patched(podOf(), decideNow(podOf(), engine).patch);

t.test('the parts of an instrumented pod are found, with the images that new ones have', (t) => {
  t.match(partsOf(instrumented), [
    ['tools', /-tools$/, /^ghcr\.io\/outrider\/outrider:/],
    ['files', /./, image],
    ['agent', agent, image],
  ]);
  t.ok(startsTracer(viewOf(instrumented), rule.recipe));
  t.end();
});

t.test(
  'F9: a part stays ours by its name when image and command are another’s, where the tracer starts something',
  (t) => {
    const copy = draft(instrumented);
    for (const one of draftsOf(objectAt(copy, 'spec')['initContainers'])) {
      if (nameOf(one) === agent) Object.assign(one, { image: 'mallory/agent:1', env: [] });
    }
    t.match(partsOf(copy)[2], ['agent', agent, image]);
    t.end();
  },
);

t.test('F9: a container that is made to be found in a part’s place does not hide the part', (t) => {
  const named = { name: agent, image: 'mallory/app:1', command: ['/m'] };
  const pod = podOf({ containers: [{ name: 'web', image: 'shop/web:1', command: ['/app'] }, named] });
  const copy = draft(patched(pod, decideNow(pod, engine).patch));
  const spec = objectAt(copy, 'spec');
  const real = draftsOf(spec['initContainers']).find((one) => nameOf(one) === `${agent}-2`);
  const alike = draftsOf(spec['containers']).find((one) => nameOf(one) === agent);
  if (real === undefined || alike === undefined) throw new Error('the pod is made otherwise');
  alike['env'] = draftsOf(real['env']).map((one) => ({ name: nameOf(one), value: 'x' }));
  const newer = engineFor({
    prefer: 'Security',
    agent: { placement: 'Container' },
    profile: { name: 'sysdig', settings: { region: 'us2', version: '7' } },
  });
  for (const command of [alike['command'] ?? [], ['/m']]) {
    alike['command'] = command;
    const [newRule] = newer.rules.byPolicy.values();
    if (newRule === undefined) throw new Error('there is no rule');
    const found = standingParts(viewOf(copy), newRule, newer.facts).filter(({ part }) => part === 'agent');
    t.ok(
      found.some(({ container }) => container.name === `${agent}-2`),
      'the real one is ours',
    );
    const byName = found.find(({ container }) => container.name === agent);
    t.notOk(byName && found.every(({ brings }) => brings), 'and not every one of the name may write to the files');
  }
  t.end();
});

t.test('what only has a name of ours is none in a pod without the tracer', (t) => {
  const alike = podOf({ containers: [{ name: agent, image: 'mine:1', command: ['/mine'] }] });
  t.same(partsOf(alike), []);
  t.notOk(startsTracer(viewOf(alike), rule.recipe));
  t.end();
});
