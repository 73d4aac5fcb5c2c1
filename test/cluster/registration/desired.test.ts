import t from 'tap';
import { desiredRegistration } from '../../../src/cluster/registration/desired.js';
import type { Installation } from '../../../src/cluster/registration/entry.js';
import { entryName, isOwnName, selfTestName } from '../../../src/cluster/registration/entry-names.js';
import { parseMatchConditions } from '../../../src/cluster/registration/match-conditions.js';
import { outcomes } from '../../../src/cluster/registration/outcome.js';
import { registeredPolicies } from '../../../src/cluster/registration/registered-policy.js';
import { apiVersion } from '../../../src/model/names.js';
import { policySchema, type Policy } from '../../../src/model/policy.js';
import { profileRegistry } from '../../../src/profile/registry.js';
import { salvagePolicy } from '../../../src/policy/salvage.js';

const installation: Installation = {
  instance: 'outrider',
  ownNamespace: 'outrider-system',
  excludedNamespaces: ['cert-manager', 'kube-system'],
  address: { service: { name: 'outrider', port: 443 } },
  timeoutSeconds: 7,
};
const conditions = [{ name: 'no-jobs', expression: 'true' }];

const valid = (name: string, spec: object = {}): Policy =>
  policySchema.parse({
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { profile: { name: 'sysdig' }, ...spec },
  });
const { profiles } = profileRegistry();
const state = (policy: Policy) => ({ policy, profile: profiles.get(policy.spec.profile.name), known: undefined });
const broken = (name: string, spec: object) => ({
  policy: undefined,
  profile: undefined,
  known: salvagePolicy({ metadata: { name }, spec: { ...spec } }),
});

/** `name: failurePolicy` of the policies' entries. */
function entries(...states: Parameters<typeof registeredPolicies>[0]) {
  const desired = desiredRegistration(registeredPolicies(states), installation, 'Q0E=', conditions);
  const short = (list: typeof desired.mutating) =>
    list
      .filter(({ name }) => name !== selfTestName)
      .map(({ name, failurePolicy }) => `${name.split('.')[0]}: ${failurePolicy}`);
  return { mutating: short(desired.mutating), validating: short(desired.validating), desired };
}

t.test('which policy has which entries', (t) => {
  const { mutating, validating, desired } = entries(
    state(valid('secure', { prefer: 'Security' })),
    state(valid('available')),
    state(valid('forbidden', { optOut: 'Forbidden' })),
    state(valid('unresolved', { onUnresolvedImage: 'Deny' })),
    state(valid('reporting', { mode: 'Report', prefer: 'Security' })),
    state(valid('off', { mode: 'Off', prefer: 'Security' })),
    broken('broken-secure', { prefer: 'Security', profile: 3 }),
    broken('broken-misspelt', { perfer: 'Security' }),
    broken('broken-available', { profile: 3 }),
    broken('broken-reporting', { prefer: 'Security', mode: 'Report', profile: 3 }),
    broken('broken-whole', { match: 'x' }),
  );
  t.same(mutating, [
    'available: Ignore',
    'forbidden: Ignore',
    'reporting: Ignore',
    'secure: Ignore',
    'unresolved: Ignore',
  ]);
  t.same(validating, [
    'broken-misspelt: Fail',
    'broken-secure: Fail',
    'forbidden: Ignore',
    'secure: Fail',
    'unresolved: Ignore',
  ]);
  t.match(desired.byPolicy.get('off'), { none: 'Off' });
  t.match(desired.byPolicy.get('broken-available'), { none: 'NothingToDo' });
  t.notOk(desired.byPolicy.has('broken-whole'), 'whom it is for is not known');
  t.match(desired.byPolicy.get('broken-secure'), {
    mutating: undefined,
    validating: 'broken-secure.outrider.outrider.dev',
  });
  t.end();
});

t.test('an entry says every field, with the policy’s selectors and the excluded namespaces', (t) => {
  const match = {
    namespaceSelector: { matchLabels: { team: 'a' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] },
    podSelector: { matchLabels: { tier: 'web' } },
  };
  const { desired } = entries(state(valid('web', { match, prefer: 'Security' })));
  const [, mutating] = desired.mutating;
  const common = {
    name: 'web.outrider.outrider.dev',
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    namespaceSelector: {
      matchLabels: { team: 'a' },
      matchExpressions: [
        { key: 'x', operator: 'Exists' },
        {
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: ['cert-manager', 'kube-system', 'outrider-system'],
        },
      ],
    },
    objectSelector: { matchLabels: { tier: 'web' } },
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 7,
    admissionReviewVersions: ['v1'],
    matchConditions: conditions,
  };
  const service = { name: 'outrider', namespace: 'outrider-system', port: 443 };
  t.same(mutating, {
    ...common,
    clientConfig: { service: { ...service, path: '/mutate/pods' }, caBundle: 'Q0E=' },
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
  });
  t.same(desired.validating[1], {
    ...common,
    clientConfig: { service: { ...service, path: '/validate/pods' }, caBundle: 'Q0E=' },
    failurePolicy: 'Fail',
  });
  t.match(desired.mutating[0], {
    name: selfTestName,
    failurePolicy: 'Ignore',
    clientConfig: { service: { path: '/mutate/self-test' } },
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['outrider-system'] }],
    },
    objectSelector: { matchLabels: { 'outrider.dev/self-test': 'true' } },
    rules: [{ resources: ['configmaps'] }],
    sideEffects: 'None',
    timeoutSeconds: 5,
    matchConditions: [],
  });
  const byUrl = desiredRegistration([], { ...installation, address: { url: 'https://host:8443/' } }, 'Q0E=', []);
  t.same(byUrl.validating[0]?.clientConfig, { url: 'https://host:8443/validate/self-test', caBundle: 'Q0E=' });
  t.end();
});

t.test('names and order depend on the names of policies alone', (t) => {
  const some = ['b', 'a.b', 'a', 'c-d'].map((name) => state(valid(name)));
  t.same(entries(...some).desired.mutating, entries(...[...some].reverse()).desired.mutating);

  const long = 'a'.repeat(253);
  const names = [long, `${'a'.repeat(252)}b`, `${'a'.repeat(210)}.${'b'.repeat(40)}`, 'a', 'self-test'].map((name) =>
    entryName(name, 'outrider'),
  );
  t.equal(new Set(names).size, names.length);
  for (const name of [...names, selfTestName]) {
    t.ok(name.length <= 253);
    t.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?){2,}$/);
    t.ok(isOwnName(name, 'outrider'));
  }
  t.notOk(isOwnName('a.other.outrider.dev', 'outrider'));
  t.notOk(names.includes(selfTestName));
  t.end();
});

t.test('F20: a policy that admits what a pod alone proves is not asked about such pods, at neither door', (t) => {
  const admitUninstrumented = ['host_network', 'mirror_pod', 'port_taken'];
  const names = (which: 'mutating' | 'validating', ...states: Parameters<typeof registeredPolicies>[0]) =>
    entries(...states)
      .desired[which].slice(1)
      .map(({ matchConditions }) => matchConditions.map(({ name }) => name));
  const secure = valid('a', { prefer: 'Security', admitUninstrumented });
  const exempt = ['no-jobs', 'exempt.outrider.dev/mirror-pod', 'exempt.outrider.dev/host-network'];
  t.same(names('mutating', state(secure)), [exempt]);
  t.same(names('validating', state(secure)), [exempt]);
  const node = { name: 'datadog-node', settings: { site: 'datadoghq.com' } };
  const onTheNode = valid('a', { prefer: 'Security', admitUninstrumented, profile: node });
  t.same(names('validating', state(onTheNode)), [exempt.slice(0, 2)], 'its profile traces pods of the host’s network');
  t.same(
    names('validating', { ...state(secure), profile: undefined }),
    [['no-jobs']],
    'nothing is known of its profile',
  );
  for (const spec of [{}, { optOut: 'Forbidden' }, { prefer: 'Security', mode: 'Report' }]) {
    t.same(names('mutating', state(valid('a', { ...spec, admitUninstrumented }))), [['no-jobs']], JSON.stringify(spec));
  }
  t.same(
    names('validating', broken('a', { prefer: 'Security', admitUninstrumented, profile: 3 })),
    [['no-jobs']],
    'what is not valid admits nothing',
  );
  t.same(names('mutating', state(secure), state(valid('b')))[1], ['no-jobs'], 'and each policy for itself');
  t.end();
});

t.test('F20: more match conditions than the API server takes are not written, and said', (t) => {
  const policies = registeredPolicies([
    state(valid('a', { prefer: 'Security', admitUninstrumented: ['host_network', 'host_pid'] })),
    state(valid('b', { prefer: 'Security' })),
  ]);
  const of = (length: number) =>
    desiredRegistration(
      policies,
      installation,
      'Q0E=',
      Array.from({ length }, (_, index) => ({ name: `c${index}`, expression: 'true' })),
    );
  const lengths = ({ validating }: ReturnType<typeof of>) =>
    validating.slice(1).map((entry) => entry.matchConditions.length);
  t.same(lengths(of(62)), [64, 62]);
  t.same(lengths(of(63)), [63, 63], 'the setting’s stay');
  const nothing = { wrong: new Set<string>(), foreign: new Map<string, readonly string[]>(), failure: undefined };
  const said = (length: number) => outcomes(of(length), { mutating: nothing, validating: nothing }, undefined);
  t.match(said(62).get('a'), { configured: true, reason: 'Configured' });
  t.match(said(63).get('a'), {
    configured: false,
    reason: 'TooManyConditions',
    message: /would have 65 match conditions, and the API server takes 64: .* give fewer with --match-conditions/,
  });
  t.match(said(63).get('b'), { configured: true, reason: 'Configured' });
  t.end();
});

t.test('match conditions are read with the place of what is wrong', (t) => {
  t.same(parseMatchConditions(' '), []);
  t.same(parseMatchConditions('[{"name": "example.com/a", "expression": "true"}]'), [
    { name: 'example.com/a', expression: 'true' },
  ]);
  for (const [text, message] of [
    ['{', /--match-conditions is no JSON; give an array such as/],
    ['{}', /is no JSON array/],
    ['[{"name": "a"}]', /has at \[0\] no object with the texts name and expression/],
    ['[{"name": "a", "expression": "true", "when": 1}]', /has at \[0\] the unknown field when/],
    ['[{"name": "not good", "expression": "true"}]', /has at \[0\]\.name "not good"/],
    ['[{"name": "a", "expression": " "}]', /has at \[0\]\.expression nothing/],
    ['[{"name": "a", "expression": "true"}, {"name": "a", "expression": "false"}]', /has the name a twice/],
    ['[{"name": "exempt.outrider.dev/a", "expression": "true"}]', /such names are those of policies/],
    [JSON.stringify(Array.from({ length: 65 }, () => ({}))), /has 65 conditions, and the API server takes 64/],
  ] as const) {
    t.throws(() => parseMatchConditions(text), { code: 'usage', field: 'match-conditions', message });
  }
  t.end();
});
