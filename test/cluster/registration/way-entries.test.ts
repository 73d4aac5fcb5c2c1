import t from 'tap';
import { desiredRegistration } from '../../../src/cluster/registration/desired.js';
import type { Installation } from '../../../src/cluster/registration/entry.js';
import { entryName, isOwnName, wayEntryName } from '../../../src/cluster/registration/entry-names.js';
import { registeredPolicies } from '../../../src/cluster/registration/registered-policy.js';
import type { OfferedWays } from '../../../src/cluster/registration/way-entries.js';
import { unlessSameImages } from '../../../src/cluster/registration/way-conditions.js';
import { sessionsOf, type SessionDefaults } from '../../../src/model/sessions.js';
import { apiVersion } from '../../../src/model/names.js';
import { policySchema } from '../../../src/model/policy.js';
import { salvagePolicy } from '../../../src/policy/salvage.js';

const installation: Installation = {
  instance: 'outrider',
  ownNamespace: 'outrider-system',
  excludedNamespaces: [],
  address: { service: { name: 'outrider', port: 443 } },
  timeoutSeconds: 7,
};
const everything: OfferedWays = {
  subjects: new Set(['pods', 'exec', 'attach', 'debug', 'updates']),
  lack: undefined,
  breakGlassGroups: ['system:masters'],
};

function state(name: string, spec: object, sessionDefaults: SessionDefaults = 'Trace') {
  const policy = policySchema.parse({
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { profile: { name: 'sysdig' }, ...spec },
  });
  const sessions = sessionsOf(policy.spec, sessionDefaults);
  return { policy, profile: undefined, known: undefined, sessions, sessionDefaults };
}

/** The entries for running pods of one policy, as `way: failurePolicy`. */
function entriesOf(one: Parameters<typeof registeredPolicies>[0][number], offered: OfferedWays = everything) {
  const conditions = [{ name: 'no-jobs', expression: 'true' }];
  const desired = desiredRegistration(registeredPolicies([one]), installation, 'Q0E=', conditions, offered);
  const of = (kind: 'mutating' | 'validating') => desired[kind].filter(({ name }) => name.includes('.way-'));
  const short = (kind: 'mutating' | 'validating') =>
    of(kind).map(({ name, failurePolicy }) => `${/way-([a-z]+)/.exec(name)?.[1] ?? ''}: ${failurePolicy}`);
  const [found] = [...desired.byPolicy.values()].map((entries) => entries.found);
  return {
    mutating: short('mutating'),
    validating: short('validating'),
    found,
    of,
    one: (kind: 'mutating' | 'validating', way: string) => of(kind).find(({ name }) => name.includes(`.way-${way}.`)),
  };
}

t.test('a policy is asked about what it does not simply allow', (t) => {
  const secure = entriesOf(state('p', { prefer: 'Security' }));
  t.same(secure.mutating, ['exec: Ignore', 'debug: Ignore']);
  t.same(secure.validating, ['exec: Fail', 'attach: Ignore', 'debug: Fail', 'updates: Fail']);
  const forbidden = entriesOf(state('p', { optOut: 'Forbidden' }));
  t.same(forbidden.mutating, ['exec: Ignore', 'debug: Ignore']);
  t.same(forbidden.validating, ['exec: Ignore', 'attach: Ignore', 'debug: Ignore', 'updates: Ignore']);
  const available = entriesOf(state('p', {}));
  t.same([available.mutating, available.validating], [[], []]);
  t.same(available.found, { wanted: [], registered: [], lack: undefined, withoutBreakGlass: [] });
  t.same(entriesOf(state('p', { sessions: { exec: 'Record', attach: 'Deny' } })).validating, [
    'exec: Ignore',
    'attach: Ignore',
  ]);
  t.same(entriesOf(state('p', { prefer: 'Security', mode: 'Report' })).validating, [
    'exec: Ignore',
    'attach: Ignore',
    'debug: Ignore',
  ]);
  t.same(entriesOf(state('p', { prefer: 'Security', mode: 'Off' })).validating, []);
  t.end();
});

t.test('what is only written down does not fail closed: an upgrade locks nobody out', (t) => {
  const before = entriesOf(state('p', { prefer: 'Security' }, 'Record'));
  t.same(before.mutating, []);
  t.same(before.validating, ['exec: Ignore', 'attach: Ignore', 'debug: Ignore', 'updates: Fail']);
  t.end();
});

t.test(
  'an entry for a session says every field; its selector on labels is empty, and no condition is of new pods',
  (t) => {
    const match = { namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: { matchLabels: { tier: 'web' } } };
    const exempt = { users: ['jane', 'o"neil\\', 'zoë'], groups: ['sre'] };
    const found = entriesOf(state('web', { prefer: 'Security', match, sessions: { exempt } }));
    const common = {
      name: 'web.way-exec.outrider.outrider.dev',
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CONNECT'],
          resources: ['pods/exec'],
          scope: 'Namespaced',
        },
      ],
      matchPolicy: 'Equivalent',
      namespaceSelector: {
        matchLabels: { team: 'a' },
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'outrider-system'] },
        ],
      },
      objectSelector: {},
      sideEffects: 'None',
      timeoutSeconds: 7,
      admissionReviewVersions: ['v1'],
      matchConditions: [
        {
          name: 'exempt.outrider.dev/callers',
          expression:
            '!(has(request.userInfo.username) && request.userInfo.username in ["jane", "o\\"neil\\\\", "zo\\U000000eb"]) && ' +
            '!(has(request.userInfo.groups) && request.userInfo.groups.exists(group, group in ["sre", "system:masters"]))',
        },
      ],
    };
    const service = { name: 'outrider', namespace: 'outrider-system', port: 443 };
    t.same(found.one('mutating', 'exec'), {
      ...common,
      clientConfig: { service: { ...service, path: '/mutate/exec' }, caBundle: 'Q0E=' },
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
    });
    t.same(found.one('validating', 'exec'), {
      ...common,
      clientConfig: { service: { ...service, path: '/validate/exec' }, caBundle: 'Q0E=' },
      failurePolicy: 'Fail',
    });
    t.same(found.one('validating', 'debug')?.objectSelector, { matchLabels: { tier: 'web' } }, 'a pod has labels');
    t.end();
  },
);

t.test(
  'updates are asked about where images differ, and a resize always; whom a policy exempts is of sessions',
  (t) => {
    const found = entriesOf(state('web', { prefer: 'Security', sessions: { exempt: { users: ['jane'] } } }));
    const entry = found.one('validating', 'updates');
    t.same(
      entry?.rules.map(({ resources, operations }) => [resources, operations]),
      [
        [['pods'], ['UPDATE']],
        [['pods/resize'], ['UPDATE']],
      ],
    );
    t.same(
      entry?.matchConditions.map(({ name }) => name),
      ['exempt.outrider.dev/callers', 'exempt.outrider.dev/same-images'],
    );
    t.notMatch(entry?.matchConditions[0]?.expression, /jane/);
    t.same(entry?.matchConditions[1], unlessSameImages);
    t.end();
  },
);

t.test('without anybody who is exempt nothing fails closed, and that is said', (t) => {
  const nobody = { ...everything, breakGlassGroups: [] };
  const found = entriesOf(state('p', { prefer: 'Security' }), nobody);
  t.same(found.validating, ['exec: Ignore', 'attach: Ignore', 'debug: Ignore', 'updates: Ignore']);
  t.same(found.found?.withoutBreakGlass, ['exec', 'debug', 'updates']);
  t.same(found.one('validating', 'exec')?.matchConditions, []);
  const own = entriesOf(state('p', { prefer: 'Security', sessions: { exempt: { groups: ['sre'] } } }), nobody);
  t.same(own.validating, ['exec: Fail', 'attach: Ignore', 'debug: Fail', 'updates: Ignore']);
  t.same(own.found?.withoutBreakGlass, ['updates']);
  t.end();
});

t.test('what not every replica answers has no entry, and why is said', (t) => {
  const secure = state('p', { prefer: 'Security' });
  const older = entriesOf(secure, { ...everything, subjects: new Set(), lack: 'OlderReplicas' });
  t.same([older.mutating, older.validating], [[], []]);
  t.match(older.found, { wanted: ['exec', 'attach', 'debug', 'updates'], registered: [], lack: 'OlderReplicas' });
  const off = entriesOf(secure, { ...everything, subjects: new Set(['debug', 'updates']), lack: 'SessionsOff' });
  t.same(off.validating, ['debug: Fail', 'updates: Fail']);
  t.match(off.found, { lack: 'SessionsOff' });
  const lets = state('p', { sessions: { debug: 'Record' } });
  t.equal(entriesOf(lets, { ...everything, subjects: new Set(['debug']), lack: 'SessionsOff' }).found?.lack, undefined);
  t.end();
});

t.test('E41: a Security policy that is not valid, with no last valid version, opens no running pods', (t) => {
  const broken = (spec: object, sessionDefaults: SessionDefaults) => ({
    policy: undefined,
    profile: undefined,
    known: salvagePolicy({ metadata: { name: 'p' }, spec: { ...spec } }),
    sessionDefaults,
  });
  t.same(entriesOf(broken({ prefer: 'Security', profile: 3 }, 'Trace')).validating, [
    'exec: Fail',
    'debug: Fail',
    'updates: Fail',
  ]);
  t.same(entriesOf(broken({ prefer: 'Security', profile: 3 }, 'Record')).validating, ['updates: Fail']);
  t.same(entriesOf(broken({ profile: 3 }, 'Trace')).validating, []);
  t.end();
});

t.test('no policy’s name gives an entry of another policy’s', (t) => {
  const policies = ['payments', 'payments.way-exec', 'payments.way-exec.way-exec', 'way-exec', 'a'.repeat(253)];
  const names = policies.flatMap((policy) => [
    entryName(policy, 'outrider'),
    ...['exec', 'attach'].map((way) => wayEntryName(policy, way, 'outrider')),
  ]);
  t.equal(new Set(names).size, names.length);
  for (const name of names) {
    t.ok(name.length <= 253, name);
    t.ok(isOwnName(name, 'outrider'), 'a version before takes it away, too');
    t.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?){2,}$/);
  }
  t.end();
});
