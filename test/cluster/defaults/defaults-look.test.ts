import t, { type Test } from 'tap';
import type { RequestOptions } from '../../../src/cluster/client/api-client.js';
import { DefaultsLook } from '../../../src/cluster/defaults/defaults-look.js';
import type { DefaultsFound } from '../../../src/cluster/defaults/show-sample.js';
import type { ClusterChange } from '../../../src/cluster/state/cluster-state.js';
import type { Engine } from '../../../src/engine/engine.js';
import { isObject, listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import type { SeenFacts } from '../../../src/model/recipe.js';
import { engineOf, plainFacts, policyText } from '../../support/engine.js';
import { draft, draftsOf, objectAt } from '../../support/json.js';
import { memoryLog, refusal } from '../fake-api.js';
import { createVirtualTime, type VirtualTime } from '../virtual-time.js';

const hourMs = 3_600_000;
const sysdig = { profile: { name: 'sysdig', settings: { region: 'us2' } } };
const datadog = { profile: { name: 'datadog' } };

interface Looking {
  readonly time: VirtualTime;
  /** What was asked for, in its order. */
  readonly asked: { readonly path: string; readonly object: JsonObject; readonly options: RequestOptions }[];
  /** What the API server does with it; by default nothing at all. */
  answer: (template: JsonObject) => JsonObject;
  version: string | undefined;
  seen: SeenFacts;
  /** How often someone was told. */
  told: number;
  readonly look: DefaultsLook;
  readonly lines: readonly JsonObject[];
  /** Replaces the policies. */
  configure(policies: Readonly<Record<string, JsonObject>>): Promise<void>;
  said(policy: string): string;
  found(policy: string): DefaultsFound | undefined;
}

function engineWith(policies: Readonly<Record<string, JsonObject>>): Engine {
  return engineOf(
    Object.entries(policies)
      .map(([name, spec]) => policyText(name, spec))
      .join(''),
    { broken: true },
  );
}

async function lead(t: Test, policies: Readonly<Record<string, JsonObject>> = { one: sysdig }): Promise<Looking> {
  const time = createVirtualTime();
  const { log, lines } = memoryLog();
  const listeners = new Set<(change: ClusterChange) => void>();
  const first = engineWith(policies);
  let rules = first.rules;
  const looking: Looking = {
    time,
    asked: [],
    answer: (template) => template,
    version: 'v1.99.0',
    seen: { nativeSidecars: true, imageVolumes: true, openShift: false },
    told: 0,
    look: new DefaultsLook({
      clock: time,
      sleep: time.sleep,
      random: () => 0.5,
      log,
      instance: 'outrider',
      ownNamespace: 'own',
      client: {
        create: async (path, object, options = {}) => {
          looking.asked.push({ path, object, options });
          await Promise.resolve();
          return looking.answer(object);
        },
      },
      state: {
        configuration: () => ({ rules, policies: [], profiles: [], namespaces: new Map() }),
        onChange: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
      seen: () => looking.seen,
      factsOf: (seen) => ({ ...plainFacts, ...seen }),
      version: () => looking.version,
      onFound: () => (looking.told += 1),
    }),
    lines,
    configure: async (changed) => {
      rules = engineWith(changed).rules;
      for (const listener of listeners) listener({ configuration: true, namespaces: new Set() });
      await time.advance(1_000);
    },
    said: (policy) => {
      const found = looking.look.of(policy);
      return found === undefined ? 'nothing' : `${found.status} ${found.reason}`;
    },
    found: (policy) => looking.look.of(policy),
  };
  const stop = new AbortController();
  const ended = looking.look.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await ended;
  });
  await time.advance(1_000);
  return looking;
}

/** What an API server does that fills in a field of containers which nobody here knows. */
function fillIn(template: JsonObject): JsonObject {
  const copy = draft(template);
  const spec = objectAt(objectAt(copy, 'template'), 'spec');
  for (const container of draftsOf(spec['initContainers'])) container['later'] = 'Default';
  return copy;
}

t.test('F2: the parts are shown in the dry run of a PodTemplate, and what was filled in is said', async (t) => {
  const looking = await lead(t);
  t.equal(looking.asked.length, 1);
  const [{ path, object, options } = { path: '', object: {}, options: {} }] = looking.asked;
  t.equal(path, '/api/v1/namespaces/own/podtemplates');
  t.same(options.query, { dryRun: 'All' });
  t.match(object, { apiVersion: 'v1', kind: 'PodTemplate', metadata: { namespace: 'own' } });
  t.equal(looking.said('one'), 'False AsKnown');
  t.match(looking.found('one')?.message, 'Kubernetes v1.99.0 filled in nothing but what is known.');
  t.equal(looking.told, 1);

  looking.answer = fillIn;
  await looking.time.advance(hourMs);
  t.equal(looking.said('one'), 'True FilledIn');
  const message = looking.found('one')?.message ?? '';
  t.match(message, 'As Kubernetes v1.99.0 filled them in');
  t.match(message, 'list in ownPartsMayDiffer: [{"path":"/*/later","value":"Default"}]');
  t.equal(looking.told, 2);
  t.match(looking.lines.at(-1), { level: 40, found: message });

  looking.answer = (template) => template;
  await looking.time.advance(hourMs);
  t.equal(looking.said('one'), 'False AsKnown');
});

t.test('F2: what could not be looked at is not known, and tried again at a bounded rate', async (t) => {
  const looking = await lead(t);
  const refusals: readonly (readonly [Error, RegExp])[] = [
    [refusal(403, 'Forbidden'), /403 Forbidden; the right that is needed is to create podtemplates there\.$/],
    [refusal(404, 'NotFound'), /the dry run of a PodTemplate failed: 404 NotFound\.$/],
    [refusal(0, 'NoAnswer'), /0 NoAnswer\.$/],
    [refusal(422, 'Invalid'), /422 Invalid\.$/],
    [new TypeError('a fault of ours'), /which the log of the leader has\.$/],
  ];
  for (const [error, message] of refusals) {
    looking.answer = () => {
      throw error;
    };
    await looking.time.advance(hourMs);
    t.equal(looking.said('one'), 'Unknown NotLookedAt');
    t.match(looking.found('one')?.message, message);
  }
  const before = looking.asked.length;
  await looking.time.advance(4 * hourMs);
  t.ok(looking.asked.length > before && looking.asked.length - before <= 8, `${looking.asked.length - before} tries`);

  looking.answer = (template) => template;
  await looking.time.advance(hourMs);
  t.equal(looking.said('one'), 'False AsKnown');
});

t.test('F2: an answer without a part of ours is not taken for one that is as known', async (t) => {
  const looking = await lead(t);
  for (const answer of [{}, { template: { spec: { containers: [{ name: 'app' }] } } }]) {
    looking.answer = () => answer;
    await looking.time.advance(hourMs);
    t.equal(looking.said('one'), 'Unknown NotLookedAt');
    t.match(looking.found('one')?.message, /lacks (spec\.containers is empty|volume )/);
  }
});

t.test('F2: one request for parts that are alike, however many policies, and none while nothing changes', async (t) => {
  const policies = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`p${index}`, sysdig]));
  const looking = await lead(t, policies);
  t.equal(looking.asked.length, 1);
  t.equal(looking.said('p49'), 'False AsKnown');
  await looking.time.advance(40 * 60_000);
  t.equal(looking.asked.length, 1);
  await looking.configure({ ...policies, other: datadog });
  t.equal(looking.asked.length, 2);
  t.equal(looking.said('other'), 'False AsKnown');
});

t.test(
  'F2: nothing is claimed of parts that were not shown: of a changed recipe, another version, other nodes',
  async (t) => {
    const looking = await lead(t);
    const parts = (index: number): string => {
      const spec = objectOf(objectOf(looking.asked[index]?.object['template'])?.['spec']);
      return JSON.stringify(
        listOf(spec?.['containers'])
          .filter(isObject)
          .map(({ name }) => name),
      );
    };
    looking.answer = fillIn;
    await looking.configure({ one: { ...sysdig, prefer: 'Security' } });
    t.equal(looking.asked.length, 2);
    t.equal(looking.said('one'), 'True FilledIn');
    t.equal(looking.said('gone'), 'nothing');

    looking.answer = (template) => template;
    looking.version = 'v1.100.0';
    await looking.time.advance(15_000);
    t.equal(looking.asked.length, 3);
    t.match(looking.found('one')?.message, 'Kubernetes v1.100.0 filled in nothing');

    looking.seen = { ...looking.seen, nativeSidecars: false };
    t.equal(looking.said('one'), 'nothing');
    await looking.time.advance(15_000);
    t.equal(looking.asked.length, 4);
    t.equal(looking.said('one'), 'False AsKnown');
    t.equal(parts(2), '["app"]');
    t.not(parts(3), '["app"]');

    looking.version = undefined;
    await looking.time.advance(15_000);
    t.match(looking.found('one')?.message, 'the API server, of a version not known yet, filled in nothing');
  },
);

t.test('F2: parts that no pod can get are not shown, and what is not there cannot be filled in', async (t) => {
  const looking = await lead(t, { one: { ...sysdig, agent: { placement: 'Native' } }, broken: { prefer: 'Securty' } });
  t.equal(looking.said('broken'), 'nothing');
  looking.seen = { ...looking.seen, nativeSidecars: false };
  await looking.time.advance(15_000);
  t.equal(looking.asked.length, 1);
  t.equal(looking.said('one'), 'Unknown NotLookedAt');
  t.match(looking.found('one')?.message, 'no pod can get them, since the policy asks for placement: Native');
});

t.test('a look ends with the term, and the next one finds out for itself', async (t) => {
  const looking = await lead(t);
  const next = new AbortController();
  const ended = looking.look.run(next.signal);
  t.equal(looking.said('one'), 'nothing');
  await looking.time.advance(1_000);
  t.equal(looking.asked.length, 2);
  next.abort();
  await ended;
  t.equal(looking.asked.length, 2);
});
