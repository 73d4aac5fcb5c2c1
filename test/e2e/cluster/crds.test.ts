import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { customResourceDefinitions } from '../../../src/documents/schema/crd.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { policySchema } from '../../../src/model/policy.js';
import { profileSchema } from '../../../src/model/profile.js';
import { validationRules } from '../../../src/model/validation-rules.js';
import { builtInProfiles } from '../../../src/profile/registry.js';
import { repositoryRoot } from '../../tools/generated.js';
import { startApiServer } from './api-server.js';
import { installDefinitions } from './definitions.js';
import { objectIn } from './kubectl.js';

t.setTimeout(900_000);

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
await installDefinitions(api);

const schemas = { InstrumentationPolicy: policySchema, InstrumentationProfile: profileSchema };
type Kind = keyof typeof schemas;
const isKind = (kind: unknown): kind is Kind => kind === 'InstrumentationPolicy' || kind === 'InstrumentationProfile';

/** Every policy and profile in a folder's YAML files and in the fenced YAML of its pages. */
function documentsUnder(folder: string): readonly (readonly [string, JsonObject])[] {
  const root = new URL(`${folder}/`, repositoryRoot);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|md)$/.test(name) && !/(^|\/)(helm|crds)\//.test(name))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, root), 'utf8');
      const parts = name.endsWith('.md')
        ? [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, block = '']) => block)
        : [text];
      return parts
        .flatMap((part) => parseAllDocuments(part))
        .map((document): unknown => document.toJS())
        .filter(isObject)
        .filter(({ kind }) => isKind(kind))
        .map((document): readonly [string, JsonObject] => [join(folder, name), document]);
    });
}

const apply = (document: JsonObject) =>
  api.kubectl(
    ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'],
    JSON.stringify(document),
  );
const policy = (spec: JsonObject): JsonObject => ({
  apiVersion,
  kind: 'InstrumentationPolicy',
  metadata: { name: 'tried' },
  spec: { profile: { name: 'sysdig' }, ...spec },
});
const profile = (spec: JsonObject): JsonObject => ({
  apiVersion,
  kind: 'InstrumentationProfile',
  metadata: { name: 'tried' },
  spec: { version: '1', ...spec },
});

t.test('the API server takes the definitions as structural, and serves them', async (t) => {
  for (const { metadata } of customResourceDefinitions()) {
    const name = stringOf(objectOf(metadata)?.['name']) ?? '';
    const { status } = objectIn(await api.kubectl(['get', 'crd', name, '-o', 'json']));
    const conditions = listOf(objectOf(status)?.['conditions']).map((condition) => [
      objectOf(condition)?.['type'],
      objectOf(condition)?.['status'],
    ]);
    t.match(Object.fromEntries(conditions), { Established: 'True', NamesAccepted: 'True' });
    t.notMatch(Object.fromEntries(conditions), { NonStructuralSchema: 'True' });
  }
  for (const name of ['ipol,iprof', 'outrider']) {
    t.match(await api.kubectl(['get', name]), { exitCode: 0, stderr: /No resources found/ }, name);
  }
});

t.test('what files may say, objects may say, and defaults are the same', async (t) => {
  const found = ['docs', 'deploy', 'test/golden', 'test/golden-tasks', 'test/fixtures'].flatMap(documentsUnder);
  const builtIn = builtInProfiles().map((each): readonly [string, JsonObject] => {
    const document: unknown = JSON.parse(JSON.stringify(each));
    return ['built in', isObject(document) ? document : {}];
  });
  let accepted = 0;
  for (const [file, document] of [...found, ...builtIn]) {
    const kind = document['kind'];
    if (!isKind(kind)) continue;
    const own = schemas[kind].safeParse(document);
    if (!own.success) continue;
    accepted += 1;
    const answer = await apply(document);
    t.equal(answer.exitCode, 0, `${file}: ${answer.stderr}`);
    if (answer.exitCode !== 0) continue;
    // What the API server wrote defaults into means the same as what was written.
    const back = schemas[kind].safeParse(objectIn(answer));
    t.same(back.success && back.data.spec, own.data.spec, file);
  }
  t.ok(accepted > 20, `${accepted} documents`);
});

/** What the API server says about a field; older ones name the type of its value too. */
function invalid(field: string, words: string): RegExp {
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`${escaped(field)}: Invalid value: (?:"[a-z]+": )?${escaped(words)}`);
}

const both: readonly (readonly [string, JsonObject, string | RegExp])[] = [
  [
    'a podSelector under Forbidden',
    policy({ optOut: 'Forbidden', match: { podSelector: { matchLabels: { app: 'web' } } } }),
    invalid('spec.match.podSelector', validationRules.podSelectorUnderForbidden.message),
  ],
  [
    'an expression without values',
    policy({ match: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }),
    validationRules.selectorNeedsValues.message,
  ],
  [
    'an expression with values too many',
    policy({ match: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } }),
    validationRules.selectorTakesNoValues.message,
  ],
  ['a misspelt mode', policy({ mode: 'Injct' }), 'supported values: "Off", "Report", "Inject"'],
  ['a field nobody knows', policy({ optIn: 'Allowed' }), /field not declared in schema|unknown field "spec.optIn"/],
  ['no profile', { ...policy({}), spec: {} }, 'spec.profile: Required value'],
  ['a precedence out of bounds', policy({ precedence: 1_000_001 }), 'should be less than or equal to 1000000'],
  ['a fraction for precedence', policy({ precedence: 1.5 }), 'must be of type integer'],
  ['no container at all', policy({ containers: { include: [] } }), 'should have at least 1 items'],
  ['a setting that is an object', policy({ profile: { name: 'sysdig', settings: { a: { b: 1 } } } }), 'settings.a'],
  ['a quantity that is none', policy({ agent: { resources: { limits: { cpu: 'much' } } } }), 'should match'],
  [
    'a unit of no quantity',
    policy({ agent: { resources: { limits: { 'ephemeral-storage': '1K' } } } }),
    'should match',
  ],
  [
    'a size that is none',
    profile({ volume: { name: 'v', mountPath: '/v', sizeLimit: '1ki', imageVolume: {} } }),
    'should match',
  ],
  ['a reason no pod proves', policy({ admitUninstrumented: ['image_unresolved'] }), 'Unsupported value'],
  ['no version of a recipe', { ...profile({}), spec: {} }, 'spec.version: Required value'],
];

t.test('what is wrong is refused by both, in our words where the rule is ours', async (t) => {
  for (const [what, document, words] of both) {
    const answer = await apply(document);
    t.match(answer, { exitCode: 1, stderr: words }, what);
    const kind = document['kind'];
    t.equal(isKind(kind) && schemas[kind].safeParse(document).success, false, `${what}: a file`);
  }
});

t.test('rules that the reader of profiles has are the API server’s too', async (t) => {
  const refused: readonly (readonly [JsonObject, string | RegExp])[] = [
    [{ volume: { name: 'v', mountPath: '/v' } }, validationRules.volumeIsFilled.message],
    [{ env: [{ name: 'A' }] }, validationRules.oneSourceOfVariable.message],
    [{ env: [{ name: 'A', value: 'b', fromField: 'spec.nodeName' }] }, validationRules.oneSourceOfVariable.message],
    [
      { sidecar: { name: 's', resources: {}, runAs: 'Workload', runAsUser: 5 } },
      invalid('spec.sidecar.runAsUser', validationRules.ownUserOnly.message),
    ],
    [
      { settings: { port: { type: 'integer', description: 'd', minimum: 5, maximum: 4 } } },
      validationRules.minimumBelowMaximum.message,
    ],
  ];
  for (const [spec, words] of refused)
    t.match(await apply(profile(spec)), { exitCode: 1, stderr: words }, String(words));
});

t.test('what a structural schema cannot say is accepted, and refused by the reader', async (t) => {
  const late: readonly JsonObject[] = [
    profile({ wrapper: { argv: [{ value: 'a', when: {}, more: 1 }] } }),
    profile({ wrapper: { argv: [true] } }),
    // CEL does not see a list whose elements have no type.
    profile({ volume: { name: 'v', mountPath: '/v', copy: { name: 'c', from: '/v', command: ['x'] } } }),
    profile({ sidecar: { name: 's', resources: {}, ports: ['http'] } }),
    profile({ settings: { Upper: { description: 'd' } } }),
    policy({ match: { namespaceSelector: { matchLabels: { ['k'.repeat(318)]: 'v' } } } }),
  ];
  for (const document of late) {
    t.match(await apply(document), { exitCode: 0 });
    const kind = document['kind'];
    t.equal(isKind(kind) && schemas[kind].safeParse(document).success, false);
  }
});

t.test('a fraction as a quantity is text in a cluster', async (t) => {
  const half = (cpu: string | number) => policy({ agent: { resources: { requests: { cpu } } } });
  t.ok(policySchema.safeParse(half(0.5)).success);
  t.match(await apply(half(0.5)), { exitCode: 1, stderr: 'cpu' });
  t.match(await apply(half('0.5')), { exitCode: 0 });
  t.match(await apply(half(2)), { exitCode: 0 });
});

t.test('what kubectl shows', async (t) => {
  t.match(
    (await api.kubectl(['explain', 'instrumentationpolicies.spec.prefer'])).stdout,
    'Availability: on any trouble',
  );
  const created = await api.kubectl(
    ['create', '-f', '-'],
    JSON.stringify(policy({ prefer: 'Security', precedence: 7 })),
  );
  t.equal(created.exitCode, 0, created.stderr);
  const condition = {
    type: 'Ready',
    status: 'False',
    reason: 'SettingsInvalid',
    message: 'spec.profile.settings.region is missing.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  };
  const covered = { ...condition, type: 'Covered', reason: 'PodsMissed', message: '9 pods: 1 missed, 8 instrumented.' };
  const coverage = {
    observedAt: '2026-01-01T00:00:00Z',
    pods: 9,
    readWhole: 9,
    namespaces: 2,
    instrumented: 8,
    partial: 0,
    stale: 0,
    excused: 0,
    missed: 1,
    unproven: 0,
    forged: 0,
    workloads: [
      {
        namespace: 'shop',
        kind: 'Deployment',
        name: 'web',
        state: 'missed',
        counts: { missed: 1 },
        reason: 'another_path',
        detail: 'created 2026-01-01T00:00:00Z',
        pod: 'web-1',
      },
    ],
  };
  const conditions = [condition, { ...condition, type: 'InForce' }, covered];
  const status = JSON.stringify({ status: { observedGeneration: 1, matchedNamespaces: 2, coverage, conditions } });
  const patched = await api.kubectl(['patch', 'ipol', 'tried', '--subresource=status', '--type=merge', '-p', status]);
  t.equal(patched.exitCode, 0, patched.stderr);
  const lines = async (...flags: readonly string[]) =>
    (await api.kubectl(['get', 'ipol', ...flags])).stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  t.match(await lines(), [
    ['NAME', 'MODE', 'PREFER', 'PROFILE', 'IN FORCE', 'READY', 'REASON', 'COVERED', 'AGE'],
    ['tried', 'Inject', 'Security', 'sysdig', 'False', 'False', 'SettingsInvalid', 'False', String],
  ]);
  t.match(await lines('-o', 'wide'), [
    [
      ...['NAME', 'MODE', 'PREFER', 'PRECEDENCE', 'PROFILE', 'IN FORCE', 'READY', 'REASON'],
      ...['COVERED', 'PODS', 'INSTRUMENTED', 'STALE', 'MISSED', 'AGE'],
    ],
    [
      ...['tried', 'Inject', 'Security', '7', 'sysdig', 'False', 'False', 'SettingsInvalid'],
      ...['False', '9', '8', '0', '1', String],
    ],
  ]);
});

t.test('every field says what it is for', (t) => {
  const silent: string[] = [];
  const walk = (node: JsonObject, path: string): void => {
    for (const [name, value] of Object.entries(objectOf(node['properties']) ?? {})) {
      const child = objectOf(value) ?? {};
      if (stringOf(child['description']) === undefined && path !== '') silent.push(`${path}.${name}`);
      walk(child, `${path}.${name}`);
    }
    for (const key of ['items', 'additionalProperties']) {
      const child = objectOf(node[key]);
      if (child !== undefined) walk(child, path);
    }
  };
  for (const definition of customResourceDefinitions()) {
    const [served] = listOf(objectOf(definition['spec'])?.['versions']);
    walk(objectOf(objectOf(objectOf(served)?.['schema'])?.['openAPIV3Schema']) ?? {}, '');
  }
  t.same(silent, []);
  t.end();
});
