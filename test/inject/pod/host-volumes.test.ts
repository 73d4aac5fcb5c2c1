import t from 'tap';
import type { Terms } from '../../../src/inject/pod/differences/difference.js';
import { planHostVolumes } from '../../../src/inject/pod/host-volumes.js';
import type { Search } from '../../../src/inject/pod/identify.js';
import { isFinding, readPod, type PodView } from '../../../src/inject/pod/view.js';
import type { JsonObject } from '../../../src/model/json.js';
import { policySchema } from '../../../src/model/policy.js';
import { findProfile, profileRegistry } from '../../../src/profile/registry.js';
import { renderRecipe } from '../../../src/profile/render.js';
import { plainFacts } from '../../support/engine.js';

const { spec } = policySchema.parse({
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationPolicy',
  metadata: { name: 'p' },
  spec: { profile: { name: 'datadog-node' } },
});
const rendered = renderRecipe(findProfile(profileRegistry([]), 'datadog-node'), spec);
const recipe = { ...rendered, hostVolumes: [{ name: 'proc', path: '/proc', type: 'Directory' }] };
const terms: Terms = {
  part: 'volume',
  facts: plainFacts,
  volumes: [],
  minimumLimits: () => undefined,
  ownLimits: () => undefined,
  reservedEnv: new Set(),
};
const keep = (search: Search) => ('member' in search ? search.member : undefined);

function viewWith(...volumes: readonly JsonObject[]): PodView {
  const view = readPod({ spec: { containers: [{ name: 'agent' }], volumes } });
  if (isFinding(view)) throw new Error(view.detail);
  return view;
}

t.test('a volume of the pod with the same path is used, however it is called and written', (t) => {
  for (const path of ['/proc', '/proc/', '//proc', '/./proc', '/x/../proc']) {
    const { members, names } = planHostVolumes(recipe, viewWith({ name: 'mine', hostPath: { path } }), keep, terms);
    t.strictSame(members, [], path);
    t.equal(names.get('proc'), 'mine', path);
  }
  t.end();
});

t.test('else one is added, under a free name', (t) => {
  const value = { hostPath: { path: '/proc', type: 'Directory' } };
  const plain = planHostVolumes(
    recipe,
    viewWith({ name: 'odd', hostPath: {} }, { name: 'x', emptyDir: {} }),
    keep,
    terms,
  );
  t.match(plain.members, [{ name: 'proc', value, present: undefined }]);
  const taken = planHostVolumes(recipe, viewWith({ name: 'proc', hostPath: { path: '/proc2' } }), keep, terms);
  t.match(taken.members, [{ name: 'proc-2', value: { ...value, name: 'proc-2' } }]);
  t.equal(taken.names.get('proc'), 'proc-2');
  t.end();
});
