import t from 'tap';
import { keepsCommand, updateTrouble, type ChangedPart } from '../../../src/inject/pod/update-trouble.js';
import { isFinding, readPod, type ContainerView, type PodView } from '../../../src/inject/pod/view.js';
import type { JsonObject } from '../../../src/model/json.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';

const [rule] = [...engineFor({ prefer: 'Security' }).rules.byPolicy.values()];
if (rule === undefined) throw new Error('there is no rule');
const { recipe } = rule;

function viewOf(...containers: readonly JsonObject[]): PodView {
  const view = readPod(podOf({ containers }));
  if (isFinding(view)) throw new Error(view.detail);
  return view;
}

function containerOf(fields: JsonObject): ContainerView {
  const [container] = viewOf({ name: 'agent', image: 'agent:1', ...fields }).containers;
  if (container === undefined) throw new Error('there is no container');
  return container;
}

function changed(before: JsonObject, after: JsonObject, image: string | undefined = 'agent:1'): ChangedPart {
  return { part: 'agent', container: containerOf(before), after: containerOf(after), image, recipe };
}

t.test('F9: an image is one that some policy plans for the part, or stays', (t) => {
  const spoiled = changed({}, { image: 'mallory:1' });
  t.same(updateTrouble([spoiled]), {
    reason: 'update_of_agent_image',
    detail: 'container agent is ours, with image agent:1',
  });
  t.equal(updateTrouble([changed({ image: 'mallory:1' }, { image: 'mallory:1' })]), undefined, 'nothing is changed');
  t.equal(updateTrouble([spoiled, { ...spoiled, image: 'mallory:1' }]), undefined, 'another policy’s');
  t.match(updateTrouble([changed({}, { image: 'x' }, undefined)]), { detail: 'container agent is ours' });
  t.end();
});

t.test('F9: a limit is lowered to the least at most', (t) => {
  const memory = (amount: string): JsonObject => ({ resources: { limits: { memory: amount, cpu: '8' } } });
  t.match(updateTrouble([changed(memory('8Gi'), memory('1Mi'))]), {
    reason: 'update_of_agent_resources',
    detail: /^container agent is ours; its limit for memory is at least /,
  });
  t.match(updateTrouble([changed({}, memory('1Mi'))]), { reason: 'update_of_agent_resources' }, 'from none');
  t.equal(updateTrouble([changed(memory('1Mi'), memory('1Mi'))]), undefined);
  t.equal(updateTrouble([changed(memory('1Mi'), memory('8Gi'))]), undefined);
  t.equal(updateTrouble([changed(memory('8Gi'), {})]), undefined);
  t.end();
});

t.test('who keeps the command of its old image is what the tracer starts, and is not ours', (t) => {
  const [wrapper = ''] = recipe.wrapper ?? [];
  const web = (image: string): JsonObject => ({ name: 'web', image, command: [wrapper, '/app'] });
  const before = viewOf(web('web:1'), { name: 'plain', image: 'plain:1', command: ['/app'] });
  const after = viewOf(web('web:2'), { name: 'plain', image: 'plain:2', command: ['/app'] });
  t.same(keepsCommand(before, after, recipe, new Set()), ['web']);
  t.same(keepsCommand(before, after, recipe, new Set(before.containers)), []);
  t.same(keepsCommand(before, after, { wrapper: undefined }, new Set()), []);
  t.end();
});
