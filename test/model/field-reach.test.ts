import t from 'tap';
import { policyReach, profileReach } from '../../src/model/field-reach.js';
import { policySchema } from '../../src/model/policy.js';
import { profileSchema, type Profile } from '../../src/model/profile.js';
import { builtInProfiles } from '../../src/profile/registry.js';
import { renderTaskRecipe } from '../../src/profile/render-task.js';
import { renderRecipe } from '../../src/profile/render.js';
import { valueFields } from '../tools/schema-reference.js';

t.test('each field of a policy and a profile says whether it acts on pods, tasks or both, and why not', (t) => {
  for (const [schema, reach] of [
    [policySchema, policyReach],
    [profileSchema, profileReach],
  ] as const) {
    const fields = valueFields(schema).filter((field) => field.startsWith('spec.'));
    t.ok(fields.length > 20);
    t.strictSame(
      fields.filter((field) => !reach.has(field)),
      [],
      'fields that the table does not have: add them',
    );
    t.strictSame(
      [...reach.keys()].filter((field) => !fields.includes(field)),
      [],
      'rows without a field',
    );
    for (const [field, { on, why }] of reach) t.ok(on === 'both' || why !== undefined, `${field} says why`);
  }
  t.end();
});

/** A value that notes which of its fields are read, by their paths in the table's form. */
function recorded<Value extends object>(value: Value, path: string, read: Set<string>): Value {
  return new Proxy(value, {
    get(target, key, receiver): unknown {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol' || typeof found === 'function') return found;
      const isMember = Array.isArray(target);
      const inside = isMember ? `${path}[]` : `${path}.${path.endsWith('.settings') ? 'NAME' : key}`;
      if (!isMember) read.add(inside);
      return typeof found === 'object' && found !== null ? recorded(found, inside, read) : found;
    },
  });
}

const condition = { prefer: 'Security', setting: 'mode', equals: 'full' };
/** A profile in which everything that both recipes read has a value. */
const full = profileSchema.parse({
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationProfile',
  metadata: { name: 'full' },
  spec: {
    version: '1',
    settings: {
      mode: { description: 'd', default: 'full', enum: ['full'] },
      port: { type: 'integer', description: 'd', minimum: 1, maximum: 9 },
    },
    image: 'agent:1',
    wrapper: { argv: ['/full/run', { value: '--full', when: condition }] },
    reservedEnv: ['FULL', { name: 'FULL_TOO', unset: '' }],
    volume: { name: 'full', mountPath: '/full', copy: { image: 'tracer:1', name: 'full-copy', from: '/full' } },
    sidecar: {
      name: 'agent',
      ports: [{ setting: 'port', default: 1 }, { port: 2 }],
      resources: { requests: { cpu: '1', memory: '1Mi' } },
    },
    task: {
      toolsPath: '/full',
      volume: { name: 'full', init: { name: 'init', command: ['x'] } },
      agent: { name: 'agent' },
    },
  },
});

t.test(
  'the recipe for pods reads no field that is the tasks’, and the other way round; what is both’s is read by both',
  (t) => {
    const pods = new Set<string>();
    const tasks = new Set<string>();
    const ofPolicy = new Set<string>();
    const render = (profile: Profile, settings: Readonly<Record<string, string>>): void => {
      for (const prefer of ['Availability', 'Security']) {
        const { spec } = policySchema.parse({
          apiVersion: 'outrider.dev/v1alpha1',
          kind: 'InstrumentationPolicy',
          metadata: { name: 'p' },
          spec: { prefer, profile: { name: profile.metadata.name, settings } },
        });
        const watched = (read: Set<string>): Profile => ({
          ...profile,
          spec: recorded(structuredClone(profile.spec), 'spec', read),
        });
        JSON.stringify(renderRecipe(watched(pods), spec));
        JSON.stringify(renderTaskRecipe(watched(tasks), recorded(spec, 'spec', ofPolicy)));
      }
    };
    render(full, {});
    for (const profile of builtInProfiles())
      render(profile, profile.metadata.name === 'sysdig' ? { region: 'us2' } : {});
    for (const [field, { on }] of profileReach) {
      if (on === 'pods') t.notOk(tasks.has(field), `${field}: not for tasks`);
      if (on === 'tasks') t.notOk(pods.has(field), `${field}: not for pods`);
      // A setting's bounds are looked at with its values, and its description where one is wrong, in the code for both.
      if (on !== 'both' || field.startsWith('spec.settings.')) continue;
      t.ok(pods.has(field), `${field}: for pods`);
      t.ok(tasks.has(field), `${field}: for tasks`);
    }
    for (const [field, { on }] of policyReach) {
      if (on === 'pods') t.notOk(ofPolicy.has(field), `${field} of a policy: not for tasks`);
    }
    for (const field of ['spec.agent.image', 'spec.prefer']) t.ok(ofPolicy.has(field), field);
    t.end();
  },
);
