import fc from 'fast-check';
import t from 'tap';
import { canBothSelect } from '../../../src/cluster/status/selector-overlap.js';
import { policyStatus, type PolicyFacts } from '../../../src/cluster/status/policy-status.js';
import { profileStatus } from '../../../src/cluster/status/profile-status.js';
import { reachOfPolicies } from '../../../src/cluster/status/reach.js';
import { PolicyBook } from '../../../src/cluster/state/policy-book.js';
import { ProfileBook } from '../../../src/cluster/state/profile-book.js';
import { pickObject, type WatchedObject } from '../../../src/cluster/state/watched-object.js';
import { resources } from '../../../src/cluster/client/resources.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import {
  conditionTypes,
  policyStatusSchema,
  profileStatusSchema,
  type ConditionType,
  type PolicyStatus,
} from '../../../src/model/status.js';
import type { LabelSelector, StringMap } from '../../../src/model/selector.js';
import { compileSelector } from '../../../src/policy/selector.js';
import { policyObject, profileObject } from '../state/documents.js';

const wallMs = Date.parse('2026-11-22T12:00:00.500Z');
const sessionWays = { wanted: ['exec', 'attach', 'debug', 'updates'], lack: undefined, withoutBreakGlass: [] } as const;
const configured = {
  configured: true,
  reason: 'Configured',
  message: 'the API server calls the webhook',
  ways: { ...sessionWays, registered: sessionWays.wanted },
};
const present = { status: 'True', reason: 'Present', message: 'It is there.' } as const;
const facts: PolicyFacts = {
  profiles: [],
  reach: { matchedNamespaces: 2, overlap: undefined, recovery: [] },
  webhook: configured,
  inForce: {
    of: { uid: 'uid-payments', generation: 1 },
    inForce: true,
    reason: 'Proven',
    message: 'It was seen.',
    sinceMs: wallMs,
  },
  credentials: present,
  defaults: { status: 'False', reason: 'AsKnown', message: 'Nothing but what is known.' },
  agent: undefined,
  claimed: { status: 'True', reason: 'ApiServerInjects', message: 'It does so in one namespace.' },
  coverage: undefined,
  takesKey: true,
  takenBack: undefined,
  sharedUser: false,
  before: undefined,
  wallMs,
};

function watched(kind: 'policies' | 'profiles', object: JsonObject): WatchedObject {
  const picked = pickObject(resources[kind])(object);
  if (picked === undefined) throw new Error('nothing is kept of it');
  return picked;
}

/** The policies and profiles that there are at one time. */
type Version = readonly [policies: readonly JsonObject[], profiles?: readonly JsonObject[]];

/** The states after these versions of policies and profiles were seen one after the other. */
function booksAfter(...versions: readonly Version[]) {
  const policies = new PolicyBook({});
  const profiles = new ProfileBook();
  for (const [policyObjects, profileObjects = []] of versions) {
    profiles.update(profileObjects.map((object) => watched('profiles', object)));
    policies.update(
      policyObjects.map((object) => watched('policies', object)),
      profiles.registry,
    );
  }
  return { policies: policies.states, profiles: profiles.states, rules: policies.rules };
}

function statusAfter(more: Partial<PolicyFacts>, ...versions: readonly Version[]): PolicyStatus {
  const { policies, profiles } = booksAfter(...versions);
  const [policy] = policies;
  if (policy === undefined) throw new Error('there is no policy');
  const status = policyStatus(policy, { ...facts, profiles, ...more });
  // What is written is what the definition allows.
  policyStatusSchema.parse(JSON.parse(JSON.stringify(status)));
  return status;
}

function said({ conditions }: PolicyStatus, type: ConditionType): string {
  const found = conditions.find((condition) => condition.type === type);
  return found === undefined ? 'nothing' : `${found.status} ${found.reason}`;
}

const good = policyObject('payments', { prefer: 'Security' });
const own = (spec: JsonObject = {}) => policyObject('payments', { profile: { name: 'own' }, ...spec });

t.test('a policy that is carried out as it stands is Ready', (t) => {
  const status = statusAfter({}, [[good]]);
  t.match(status, { observedGeneration: 1, servedGeneration: 1, profile: /^sysdig\//, matchedNamespaces: 2 });
  t.same(
    status.conditions.map(({ type }) => type),
    conditionTypes,
  );
  t.same(
    conditionTypes.map((type) => said(status, type)),
    [
      'True Served',
      'True Resolved',
      'True Configured',
      'True Proven',
      'True Present',
      'False NoOverlap',
      'False NoRecoveryBlocked',
      'False NoWayRound',
      'Unknown AuditOff',
      'Unknown Pending',
      'False AsKnown',
      'True Asked',
      'False NoLockOut',
      'True ApiServerInjects',
    ],
  );
  for (const condition of status.conditions) {
    t.match(condition, { observedGeneration: 1, lastTransitionTime: '2026-11-22T12:00:00Z' });
    t.match(condition.message, /^[A-Z].*\.$/s, condition.type);
  }
  t.end();
});

t.test('where nobody has the API server instrument pods, nothing is said of that', (t) => {
  const { conditions } = statusAfter({ claimed: 'off' }, [[good]]);
  t.same(
    conditions.map(({ type }) => type),
    conditionTypes.filter((type) => type !== 'ApiServerInjects'),
  );
  t.equal(said(statusAfter({ claimed: undefined }, [[good]]), 'ApiServerInjects'), 'Unknown Pending');
  t.end();
});

t.test('of running pods nothing is said that nobody looked at', (t) => {
  const looked = { found: undefined, observedAt: undefined, trouble: undefined };
  const of = (spec: JsonObject, coverage: PolicyFacts['coverage']): string =>
    said(statusAfter({ coverage }, [[policyObject('payments', spec)]]), 'Covered');
  t.equal(of({ mode: 'Off' }, looked), 'Unknown Off');
  t.equal(of({}, looked), 'Unknown Pending');
  t.equal(of({}, undefined), 'Unknown AuditOff');
  t.equal(of({ prefer: 'Sometimes' }, looked), 'Unknown PolicyInvalid');
  t.end();
});

t.test('each thing that is wrong has its reason, and Ready repeats the first', (t) => {
  const broken = policyObject('payments', { prefer: 'Securty' }, { generation: 2 });
  const table: readonly (readonly [
    what: string,
    status: PolicyStatus,
    ready: string,
    type: ConditionType,
    itself: string,
    message: RegExp,
  ])[] = [
    [
      'form',
      statusAfter({}, [[good]], [[broken]]),
      'False PolicyInvalid',
      'ProfileResolved',
      'Unknown PolicyInvalid',
      /did you mean Security\?.* Generation 1 goes on\.$/,
    ],
    [
      'form, at the start',
      statusAfter({}, [[broken]]),
      'False PolicyInvalid',
      'ProfileResolved',
      'Unknown PolicyInvalid',
      /its pods are denied \(policy_invalid\)\.$/,
    ],
    [
      'form, under Availability',
      statusAfter({}, [[policyObject('payments', { cover: 1 })]]),
      'False PolicyInvalid',
      'ProfileResolved',
      'Unknown PolicyInvalid',
      /its pods run uninstrumented/,
    ],
    [
      'whom it is for',
      statusAfter({ reach: undefined }, [[policyObject('payments', { match: 1 })]]),
      'False PolicyInvalid',
      'ProfileResolved',
      'Unknown PolicyInvalid',
      /whom it is for cannot be read/,
    ],
    [
      'settings',
      statusAfter({}, [[policyObject('payments', { profile: { name: 'sysdig' } })]]),
      'False SettingsInvalid',
      'ProfileResolved',
      'False SettingsInvalid',
      /region/,
    ],
    [
      'no such profile',
      statusAfter({}, [[own()]]),
      'False ProfileUnknown',
      'ProfileResolved',
      'False ProfileUnknown',
      /there is no such profile/,
    ],
    [
      'profile gone',
      statusAfter({}, [[own()], [profileObject('own')]], [[own()]]),
      'False ProfileDeleted',
      'ProfileResolved',
      'False ProfileDeleted',
      /until Outrider restarts/,
    ],
    [
      'profile broken',
      statusAfter(
        {},
        [[own()], [profileObject('own')]],
        [[own()], [profileObject('own', { env: 1 }, { generation: 2 })]],
      ),
      'False ProfileInvalid',
      'ProfileResolved',
      'False ProfileInvalid',
      /Generation 1 of the profile goes on/,
    ],
    [
      'webhook not yet',
      statusAfter({ webhook: undefined }, [[good]]),
      'Unknown Pending',
      'WebhookConfigured',
      'Unknown Pending',
      /not been looked at/,
    ],
    [
      'webhook refused',
      statusAfter(
        { webhook: { configured: false, reason: 'NotWritten', message: 'the webhook cannot be written: 403' } },
        [[good]],
      ),
      'False NotWritten',
      'WebhookConfigured',
      'False NotWritten',
      /^The webhook cannot be written: 403\.$/,
    ],
    [
      'paused',
      statusAfter({ webhook: { configured: false, reason: 'Paused', message: 'paused until 13:00' } }, [[good]]),
      'False Paused',
      'WebhookConfigured',
      'False Paused',
      /^Paused until 13:00\.$/,
    ],
    [
      'no certificate',
      statusAfter({ webhook: { configured: false, reason: 'CertificatePending', message: 'no certificate' } }, [
        [good],
      ]),
      'Unknown CertificatePending',
      'WebhookConfigured',
      'Unknown CertificatePending',
      /certificate/,
    ],
    [
      'key missing',
      statusAfter({ credentials: { status: 'False', reason: 'Missing', message: 'missing in shop' } }, [[good]]),
      'False Missing',
      'CredentialsPresent',
      'False Missing',
      /^Missing in shop\.$/,
    ],
  ];
  for (const [what, status, ready, type, itself, message] of table) {
    t.equal(said(status, 'Ready'), ready, what);
    t.equal(said(status, type), itself, what);
    t.match(status.conditions[0]?.message, message, what);
  }
  t.equal(statusAfter({}, [[good]], [[broken]]).servedGeneration, 1);
  t.equal(statusAfter({}, [[broken]]).servedGeneration, undefined);
  const odd = statusAfter({ webhook: { configured: false, reason: 'Weather', message: 'rain' } }, [[good]]);
  t.equal(said(odd, 'WebhookConfigured'), 'False NotWritten', 'the list is closed');
  t.end();
});

t.test('U18: which key a policy needs is not known while no version of it is carried out', (t) => {
  const found = (more: Partial<PolicyFacts>, ...versions: readonly Version[]) =>
    said(statusAfter(more, ...versions), 'CredentialsPresent');
  const lacksRegion = policyObject('payments', { profile: { name: 'sysdig' } });
  t.equal(found({ takesKey: false, credentials: undefined }, [[lacksRegion]]), 'Unknown PolicyInvalid');
  t.equal(found({ takesKey: false, credentials: undefined }, [[good]]), 'True NotNeeded');
  t.equal(found({}, [[good]], [[lacksRegion]]), 'True Present', 'the last valid version goes on');
  t.end();
});

t.test('what does not keep a policy from being Ready', (t) => {
  const off = { configured: false, reason: 'Off', message: 'the policy is Off' };
  const missing = { status: 'False', reason: 'Missing', message: 'missing' } as const;
  const unread = { status: 'Unknown', reason: 'NotRead', message: 'forbidden' } as const;
  const ready = (more: Partial<PolicyFacts>, spec: JsonObject) =>
    said(statusAfter(more, [[policyObject('payments', spec)]]), 'Ready');
  t.equal(ready({ webhook: off, credentials: missing }, { mode: 'Off' }), 'True Off');
  t.equal(ready({}, { mode: 'Report' }), 'True Reporting');
  t.equal(ready({ credentials: unread }, {}), 'True Served');
  t.equal(ready({ credentials: undefined, takesKey: false }, {}), 'True Served');
  const overlap = { policies: ['default'], namespaces: ['a', 'b', 'c', 'd', 'e'] };
  const overlapping = statusAfter({ reach: { matchedNamespaces: 9, overlap, recovery: [] } }, [[good]]);
  t.equal(said(overlapping, 'Ready'), 'True Served');
  t.equal(said(overlapping, 'Overlapping'), 'True BlocksOthersPods');
  const { message } = overlapping.conditions.find(({ type }) => type === 'Overlapping') ?? {};
  t.match(message, /^Policy default wins .* 5 namespaces \(a, b, c and 2 more\)/);
  t.end();
});

t.test('a condition keeps its time while its status does', (t) => {
  const parsed: unknown = JSON.parse(JSON.stringify(statusAfter({ wallMs: wallMs - 3_600_000 }, [[good]])));
  const before = objectOf(parsed);
  const at = (status: PolicyStatus, type: ConditionType) =>
    status.conditions.find((condition) => condition.type === type)?.lastTransitionTime;
  const refused = { configured: false, reason: 'NotWritten', message: 'no' };
  const next = statusAfter({ before, webhook: refused }, [[good]]);
  t.equal(at(next, 'WebhookConfigured'), '2026-11-22T12:00:00Z');
  t.equal(at(next, 'Ready'), '2026-11-22T12:00:00Z');
  t.equal(at(next, 'CredentialsPresent'), '2026-11-22T11:00:00Z');
  const nonsense = { conditions: [null, 7, { type: 'Ready', status: 'True', lastTransitionTime: 'yesterday' }] };
  t.equal(at(statusAfter({ before: nonsense }, [[good]]), 'Ready'), '2026-11-22T12:00:00Z');
  t.end();
});

t.test('profiles: valid, not valid, and with a name that is taken', (t) => {
  const statusOf = (...versions: readonly JsonObject[]) => {
    const { policies, profiles } = booksAfter(...versions.map((object) => [[own()], [object]] as const));
    const [profile] = profiles;
    if (profile === undefined) throw new Error('there is no profile');
    const status = profileStatus(profile, { policies, before: undefined, wallMs });
    profileStatusSchema.parse(JSON.parse(JSON.stringify(status)));
    return status;
  };
  const kept = booksAfter([
    [policyObject('a', { canary: { percent: 10, previous: { profile: { name: 'own' } } } })],
    [profileObject('own')],
  ]);
  const [other] = kept.profiles;
  t.equal(
    other && profileStatus(other, { ...kept, before: undefined, wallMs }).policies,
    1,
    'a canary keeps it in use',
  );
  const broken = profileObject('own', { env: 1 }, { generation: 2 });
  t.match(statusOf(profileObject('own')), {
    servedGeneration: 1,
    policies: 1,
    conditions: [{ reason: 'Valid', status: 'True' }],
  });
  t.match(statusOf(profileObject('own'), broken), {
    observedGeneration: 2,
    servedGeneration: 1,
    policies: 1,
    conditions: [
      { type: 'Ready', status: 'False', reason: 'ProfileInvalid', message: /spec\.env .* Generation 1 goes on\.$/ },
    ],
  });
  t.match(statusOf(broken), { policies: 0, conditions: [{ reason: 'ProfileInvalid' }] });
  t.match(statusOf(profileObject('sysdig')), { conditions: [{ status: 'False', reason: 'NameTaken' }] });
  t.end();
});

const payments = { matchLabels: { team: 'payments' } };

t.test('where a Security policy stops pods of others while we are down', (t) => {
  const namespaces = new Map<string, StringMap>([
    ['shop', { team: 'payments' }],
    ['bank', { team: 'payments' }],
    ['kube-system', { team: 'payments' }],
    ['blog', {}],
  ]);
  const strict = (spec: JsonObject = {}, name = 'strict') =>
    policyObject(name, { prefer: 'Security', match: { namespaceSelector: payments }, ...spec });
  const reach = (...objects: readonly JsonObject[]) =>
    reachOfPolicies({ ...booksAfter([objects]), namespaces }, new Set(['kube-system'])).get('strict');
  const ahead = (spec: JsonObject = {}) => policyObject('ahead', { precedence: 9, ...spec });
  const overlap = { policies: ['ahead'], namespaces: ['shop', 'bank'] };

  t.same(reach(strict()), { matchedNamespaces: 2, overlap: undefined, recovery: [] });
  t.same(reach(strict(), ahead()), { matchedNamespaces: 2, overlap, recovery: [] });
  t.same(reach(strict(), ahead({ mode: 'Off', prefer: 'Security' }))?.overlap, overlap, 'an Off policy wins as well');
  t.same(reach(strict(), ahead({ prefer: 'Availabilty', mode: 'Off' }))?.overlap, overlap, 'one that is not valid too');
  t.equal(reach(strict(), ahead({ prefer: 'Security' }))?.overlap, undefined, 'it stops them itself');
  t.equal(reach(strict(), ahead({ precedence: -1 }))?.overlap, undefined, 'it wins over nobody');
  t.equal(reach(strict({ mode: 'Report' }), ahead())?.overlap, undefined, 'its entry stops nothing');
  t.equal(reach(strict({ prefer: 'Availability' }), ahead())?.overlap, undefined);
  t.equal(
    reach(strict(), ahead({ match: { namespaceSelector: { matchLabels: { team: 'blog' } } } }))?.overlap,
    undefined,
  );
  const pods = (value: string) => ({ namespaceSelector: payments, podSelector: { matchLabels: { app: value } } });
  t.equal(reach(strict({ match: pods('a') }), ahead({ match: pods('b') }))?.overlap, undefined);
  t.same(reach(strict({ match: pods('a') }), ahead({ match: pods('a') }))?.overlap, overlap);
  t.same(reach(strict({ match: pods('a') }), ahead())?.overlap, overlap);
  t.equal(reach(policyObject('strict', { match: 1 })), undefined);
  t.end();
});

t.test('F20: where a Security policy stops what a cluster recovers by while we are down', (t) => {
  const namespaces = new Map<string, StringMap>([
    ['shop', {}],
    ['calico-system', {}],
    ['cert-manager', { team: 'payments', 'outrider.dev/inject': 'disabled' }],
    ['rook-ceph', {}],
    ['my-calico-system', {}],
  ]);
  const recovery = (object: JsonObject, excluded = ['rook-ceph']) =>
    reachOfPolicies({ ...booksAfter([[object]]), namespaces }, new Set(excluded)).get('strict')?.recovery;
  const strict = (spec: JsonObject = {}) => policyObject('strict', { prefer: 'Security', ...spec });
  t.same(
    recovery(strict()),
    ['calico-system', 'cert-manager'],
    'a label that opts out does not keep the entry from failing',
  );
  t.same(recovery(strict(), []), ['calico-system', 'cert-manager', 'rook-ceph']);
  t.same(recovery(strict({ match: { namespaceSelector: payments } })), ['cert-manager']);
  t.same(recovery(strict({ profile: 3 })), ['calico-system', 'cert-manager'], 'one that is not valid denies too');
  for (const spec of [
    { prefer: 'Availability' },
    { mode: 'Report' },
    { mode: 'Off' },
    { optOut: 'Forbidden', prefer: 'Availability' },
  ]) {
    t.same(recovery(strict(spec)), [], JSON.stringify(spec));
  }

  const said20 = (recovery: readonly string[], spec: JsonObject = {}) => {
    const status = statusAfter({ reach: { matchedNamespaces: 9, overlap: undefined, recovery } }, [[strict(spec)]]);
    const found = status.conditions.find(({ type }) => type === 'BlocksRecovery');
    return `${said(status, 'Ready')}, ${said(status, 'BlocksRecovery')}: ${found?.message ?? ''}`;
  };
  t.equal(said20([]), 'True Served, False NoRecoveryBlocked: It stops no pod that a cluster is known to recover by.');
  t.equal(
    said20(['cert-manager']),
    'True Served, True StopsRecoveryPods: While Outrider is down, no pod can be created in namespace cert-manager, and a cluster may need them to recover. Exclude it with --excluded-namespaces (chart: excludedNamespaces: [cert-manager]), or by the policy’s namespaceSelector; or admit what the pods are with admitUninstrumented, such as host_network.',
  );
  const many = Array.from({ length: 12 }, (_, index) => `n${index}`);
  const message = said20(many, { admitUninstrumented: ['host_network', 'mirror_pod'] });
  t.match(
    message,
    'no pod can be created in namespaces n0, n1, n2 and 9 more but those that it admits for mirror_pod, host_network',
  );
  t.match(message, 'excludedNamespaces: [n0,n1,n2,n3,n4,n5,n6,n7,n8,n9,…]');
  t.match(said(statusAfter({ reach: undefined }, [[good]]), 'BlocksRecovery'), 'False');
  t.end();
});

t.test('selectors that some labels satisfy can both select', (t) => {
  const key = fc.constantFrom('a', 'b');
  const value = fc.constantFrom('1', '2', '3');
  const expression = fc.oneof(
    fc.record({
      key,
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.array(value, { minLength: 1 }),
    }),
    fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  );
  const selector: fc.Arbitrary<LabelSelector> = fc.record(
    { matchLabels: fc.dictionary(key, value), matchExpressions: fc.array(expression, { maxLength: 3 }) },
    { requiredKeys: [] },
  );
  const possible = [undefined, '1', '2', '3', 'other'];
  const allLabels = possible.flatMap((a) =>
    possible.map((b): StringMap => ({ ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) })),
  );
  fc.assert(
    fc.property(selector, selector, (one, other) => {
      const [first, second] = [compileSelector(one), compileSelector(other)];
      return canBothSelect(one, other) === allLabels.some((labels) => first(labels) && second(labels));
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

const userOfWorkload: JsonObject = {
  ...profileObject('own'),
  spec: {
    version: '1',
    image: 'own/agent:1',
    sidecar: { name: 'own', runAs: 'Workload', resources: { requests: { cpu: '1m', memory: '1Mi' } } },
  },
};

t.test('F8: a policy that a pod’s author could get round is Weak, and says how', (t) => {
  const weakOf = (spec: JsonObject, more: Partial<PolicyFacts> = {}, profiles: readonly JsonObject[] = []) => {
    const { conditions } = statusAfter(more, [[policyObject('payments', spec)], profiles]);
    const found = conditions.find(({ type }) => type === 'Weak');
    return found === undefined ? '' : `${found.status} ${found.reason}: ${found.message}`;
  };
  const security = { prefer: 'Security' };
  const rows: readonly (readonly [spec: JsonObject, said: RegExp])[] = [
    [{}, /^False TrustsAuthors/],
    [{ containers: { exclude: ['x'] } }, /^False TrustsAuthors/],
    [security, /^False NoWayRound/],
    [{ optOut: 'Forbidden' }, /^False NoWayRound/],
    [{ ...security, containers: { exclude: ['image:x', { image: 'y' }] } }, /^False NoWayRound/],
    [{ ...security, containers: { exclude: ['istio-proxy', 'image:x'] } }, /could name a container istio-proxy, which/],
    [{ optOut: 'Forbidden', containers: { exclude: ['a', 'b'] } }, /could name a container a or b, which/],
    [{ ...security, containers: { include: ['web'] } }, /containers\.include does not have\.$/],
    [{ ...security, containers: { cover: ['Main'] } }, /in an init container or a native sidecar/],
    [{ ...security, containers: { cover: ['Init'] } }, /in a main container/],
    [{ ...security, match: { podSelector: { matchLabels: { a: 'b' } } } }, /leave out the labels/],
    [{ ...security, match: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } } }, /the labels/],
    [{ ...security, admitUninstrumented: ['windows', 'mirror_pod'] }, /^False NoWayRound/],
    [
      { ...security, admitUninstrumented: ['windows', 'host_pid', 'pid1_in_pod'] },
      /bring about host_pid, pid1_in_pod, /,
    ],
    [{ optOut: 'Forbidden', admitUninstrumented: ['host_pid'] }, /^False NoWayRound/],
    [{ ...security, onUnresolvedImage: 'Skip' }, /nobody can look up/],
    [{ ...security, containers: { cover: ['Main'], exclude: ['x'] } }, /leaves alone; or run a program/],
  ];
  for (const [spec, said] of rows) t.match(weakOf(spec), said, JSON.stringify(spec));
  t.match(weakOf(security, { sharedUser: true }), /since OpenShift gives a namespace one user\.$/);
  t.match(weakOf({ ...security, profile: { name: 'own' } }, {}, [userOfWorkload]), /gives it the workload’s user\.$/);
  t.match(said(statusAfter({}, [[policyObject('payments', { prefer: 'Securty' })]]), 'Weak'), 'Unknown PolicyInvalid');
  t.end();
});

t.test(
  'F2: what the API server fills in is said with what becomes of pods, and keeps nothing from being Ready',
  (t) => {
    const found = {
      status: 'True',
      reason: 'FilledIn',
      message: 'As Kubernetes v1.99.0 filled them in, a is not so.',
    } as const;
    const table: readonly (readonly [spec: JsonObject, fate: string])[] = [
      [{ prefer: 'Security' }, ' Pods with that are denied.'],
      [{ optOut: 'Forbidden' }, ' Pods with that are denied.'],
      [{}, ' Pods with that count as partly instrumented.'],
      [{ prefer: 'Security', mode: 'Report' }, ''],
      [{ prefer: 'Security', mode: 'Off' }, ''],
    ];
    for (const [spec, fate] of table) {
      const status = statusAfter({ defaults: found }, [[policyObject('payments', spec)]]);
      t.equal(said(status, 'UnknownDefaults'), 'True FilledIn');
      t.match(said(status, 'Ready'), /^True/);
      t.equal(status.conditions.find(({ type }) => type === 'UnknownDefaults')?.message, `${found.message}${fate}`);
    }
    t.equal(said(statusAfter({ defaults: undefined }, [[good]]), 'UnknownDefaults'), 'Unknown Pending');
    const broken = policyObject('payments', { prefer: 'Securty' });
    t.equal(said(statusAfter({ defaults: undefined }, [[broken]]), 'UnknownDefaults'), 'Unknown PolicyInvalid');
    const refused = { status: 'Unknown', reason: 'NotLookedAt', message: 'It is not known: 403.' } as const;
    const unseen = statusAfter({ defaults: refused }, [[good]]);
    t.equal(said(unseen, 'UnknownDefaults'), 'Unknown NotLookedAt');
    t.equal(said(unseen, 'Ready'), 'True Served');
    t.end();
  },
);

t.test('F40: the status shows what is known of the agent’s image, and why nothing is', (t) => {
  const image = 'quay.io/sysdig/workload-agent:6.3.0';
  const found = { digest: `sha256:${'0'.repeat(64)}`, foundAt: '2026-11-29T04:00:00.000Z' };
  const agentOf = (agent: PolicyFacts['agent']) => statusAfter({ agent }, [[good]]).agent;
  t.equal(agentOf(undefined), undefined);
  t.same(agentOf({ image, found, problem: undefined, given: false }), { image, argvKnown: true, ...found });
  const problem = `registry_unreachable: ${'x'.repeat(2_000)}`;
  t.match(agentOf({ image, found, problem, given: false }), { argvKnown: true, problem: /^registry_unreachable/ });
  const lost = agentOf({ image, found: undefined, problem, given: false });
  t.match(lost, { argvKnown: false, digest: undefined });
  t.equal(lost?.problem?.length, 1_024);
  t.same(agentOf({ image, found, problem, given: true }), { image, argvKnown: true }, 'the operator’s word');
  t.end();
});
