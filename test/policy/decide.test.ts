import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { ContainerFinding, DecisionKind, Door, Finding } from '../../src/model/decision.js';
import { canDeny, type PolicySpec, type Prefer } from '../../src/model/policy.js';
import { admissibleReasons, reasonCodes, reasons, type ReasonCode } from '../../src/model/reasons.js';
import { invalidPolicy, rankPolicies, type RankedPolicy } from '../../src/policy/compile.js';
import { decide, noFindings, type Findings } from '../../src/policy/decide.js';
import { screen, type Screening } from '../../src/policy/screen.js';
import { deniedAsUnresolved, skippedAsUnresolved } from '../../src/policy/unresolved.js';
import { compiled } from './make.js';

type Spec = Readonly<Record<string, unknown>>;

const security: Spec = { prefer: 'Security' };
const forbidden: Spec = { optOut: 'Forbidden' };
const enforced: Spec = { ...security, ...forbidden };
const denyUnresolved: Spec = { onUnresolvedImage: 'Deny' };

/** A policy that matches everything, and a pod without labels that passes the screening. */
function passed(spec: Spec): Screening {
  return screened(compiled('p', spec));
}

function screened(policy: RankedPolicy, label?: string): Screening {
  const podLabels = label === undefined ? {} : { 'outrider.dev/inject': label };
  return screen(rankPolicies([policy]), { namespace: 'shop', namespaceLabels: {}, podLabels }, new Set(), false);
}

function about(reason: ReasonCode): Finding {
  return { reason, detail: `detail of ${reason}` };
}

/** Selected containers c0, c1, …: fine where no reason is given. */
function containers(...leftOut: readonly (ReasonCode | undefined)[]): readonly ContainerFinding[] {
  return leftOut.map((reason, index) => ({
    name: `c${index}`,
    list: 'containers',
    ...(reason === undefined ? {} : { leftOut: about(reason) }),
  }));
}

function found(findings: Partial<Findings>): Findings {
  return { ...noFindings, containers: containers(undefined), ...findings };
}

type Answer = readonly [DecisionKind, ReasonCode];
interface Row {
  readonly title: string;
  readonly spec: Spec;
  readonly findings: Findings;
  readonly mutate: Answer;
  readonly validate: Answer;
}

function row(title: string, spec: Spec, findings: Partial<Findings>, mutate: Answer, validate: Answer = mutate): Row {
  return { title, spec, findings: found(findings), mutate, validate };
}

const fine = containers(undefined, undefined);
const unauthorized = containers('image_unauthorized');
const mixed = containers('image_unauthorized', 'pid1_entrypoint');
const partly = containers(undefined, 'pid1_entrypoint');
const admitsPid1: Spec = { ...security, admitUninstrumented: ['pid1_entrypoint'] };
const skipUnresolved: Spec = { ...security, onUnresolvedImage: 'Skip' };

const table: readonly Row[] = [
  row('all instrumented', {}, { containers: fine }, ['inject', 'injected']),
  row('all instrumented', security, { containers: fine }, ['inject', 'injected']),
  row('all instrumented', enforced, { containers: fine }, ['inject', 'injected']),

  row('obstacle', {}, { obstacle: about('host_network') }, ['skip', 'host_network']),
  row('obstacle', security, { obstacle: about('host_network') }, ['skip', 'host_network'], ['deny', 'host_network']),
  row(
    'obstacle, admitted',
    { ...security, admitUninstrumented: ['host_network'] },
    { obstacle: about('host_network') },
    ['skip', 'host_network'],
  ),
  row(
    'obstacle, another one admitted',
    { ...security, admitUninstrumented: ['windows'] },
    { obstacle: about('host_network') },
    ['skip', 'host_network'],
    ['deny', 'host_network'],
  ),
  row('obstacle', forbidden, { obstacle: about('host_network') }, ['skip', 'host_network']),
  row('obstacle', denyUnresolved, { obstacle: about('host_network') }, ['skip', 'host_network']),
  row(
    'obstacle and nothing else known',
    security,
    { obstacle: about('internal_error'), containers: [] },
    ['skip', 'internal_error'],
    ['deny', 'internal_error'],
  ),
  row('obstacle before a look-alike', forbidden, { obstacle: about('windows'), tampered: about('tampered') }, [
    'skip',
    'windows',
  ]),
  row(
    'a missing agent image is no unresolved image',
    skipUnresolved,
    { obstacle: about('agent_image_missing') },
    ['skip', 'agent_image_missing'],
    ['deny', 'agent_image_missing'],
  ),

  row('look-alike', {}, { tampered: about('tampered') }, ['skip', 'parts_differ']),
  row('look-alike', denyUnresolved, { tampered: about('tampered') }, ['skip', 'parts_differ']),
  row('look-alike', security, { tampered: about('tampered') }, ['skip', 'tampered'], ['deny', 'tampered']),
  row('look-alike', forbidden, { tampered: about('tampered') }, ['skip', 'tampered'], ['deny', 'tampered']),
  row('look-alike', enforced, { tampered: about('tampered') }, ['skip', 'tampered'], ['deny', 'tampered']),

  row('instrumented otherwise', {}, { differing: about('parts_differ') }, ['skip', 'parts_differ']),
  row('instrumented otherwise', denyUnresolved, { differing: about('parts_differ') }, ['skip', 'parts_differ']),
  row(
    'instrumented otherwise',
    security,
    { differing: about('parts_differ') },
    ['skip', 'parts_differ'],
    ['deny', 'parts_differ'],
  ),
  row(
    'instrumented otherwise',
    forbidden,
    { differing: about('parts_differ') },
    ['skip', 'tampered'],
    ['deny', 'tampered'],
  ),
  row(
    'instrumented otherwise',
    enforced,
    { differing: about('parts_differ') },
    ['skip', 'tampered'],
    ['deny', 'tampered'],
  ),

  row('no container selected by the policy', {}, { containers: [] }, ['skip', 'no_container_selected']),
  row('no container selected by the policy', security, { containers: [] }, ['skip', 'no_container_selected']),
  row('no container left by the annotation', {}, { containers: [], narrowed: true }, ['skip', 'no_container_selected']),
  row(
    'no container left by the annotation',
    security,
    { containers: [], narrowed: true },
    ['skip', 'no_container_selected'],
    ['deny', 'no_container_selected'],
  ),
  row('narrowed to some', security, { containers: fine, narrowed: true }, ['inject', 'injected']),

  row('all left out, one reason', {}, { containers: unauthorized }, ['skip', 'image_unauthorized']),
  row('all left out, one reason', forbidden, { containers: unauthorized }, ['skip', 'image_unauthorized']),
  row(
    'all left out, one reason',
    security,
    { containers: unauthorized },
    ['skip', 'image_unauthorized'],
    ['deny', 'image_unauthorized'],
  ),
  row('all left out, one reason', skipUnresolved, { containers: unauthorized }, ['skip', 'image_unauthorized']),
  row(
    'all left out, one reason',
    denyUnresolved,
    { containers: unauthorized },
    ['skip', 'image_unauthorized'],
    ['deny', 'image_unauthorized'],
  ),
  row('all left out, reasons differ', {}, { containers: mixed }, ['skip', 'no_container_instrumented']),
  row(
    'all left out, reasons differ',
    security,
    { containers: mixed },
    ['skip', 'no_container_instrumented'],
    ['deny', 'no_container_instrumented'],
  ),
  row(
    'all left out, one of them excused: what is left to mend is the reason',
    admitsPid1,
    { containers: mixed },
    ['skip', 'no_container_instrumented'],
    ['deny', 'image_unauthorized'],
  ),
  row(
    'all left out, one by its image',
    denyUnresolved,
    { containers: mixed },
    ['skip', 'no_container_instrumented'],
    ['deny', 'image_unauthorized'],
  ),
  row('all left out, all excused', { ...admitsPid1, onUnresolvedImage: 'Skip' }, { containers: mixed }, [
    'skip',
    'no_container_instrumented',
  ]),
  row(
    'a broken annotation about images is no excuse',
    skipUnresolved,
    { containers: containers('images_annotation_invalid') },
    ['skip', 'images_annotation_invalid'],
    ['deny', 'images_annotation_invalid'],
  ),
  row(
    'a broken annotation about images is no way round a look-up',
    denyUnresolved,
    { containers: containers('images_annotation_invalid') },
    ['skip', 'images_annotation_invalid'],
    ['deny', 'images_annotation_invalid'],
  ),

  row('some left out, one reason', {}, { containers: partly }, ['partial', 'pid1_entrypoint']),
  row('some left out, one reason', denyUnresolved, { containers: partly }, ['partial', 'pid1_entrypoint']),
  row(
    'E39: some left out, one reason',
    security,
    { containers: partly },
    ['partial', 'pid1_entrypoint'],
    ['deny', 'pid1_entrypoint'],
  ),
  row('some left out, admitted', admitsPid1, { containers: partly }, ['partial', 'pid1_entrypoint']),
  row(
    'some left out, admitted, but a part is missing',
    admitsPid1,
    { containers: partly, missing: ['volume'] },
    ['partial', 'pid1_entrypoint'],
    ['deny', 'parts_missing'],
  ),
  row('some left out, reasons differ', {}, { containers: [...mixed, ...fine] }, [
    'partial',
    'some_containers_left_out',
  ]),
  row(
    'some left out, reasons differ',
    security,
    { containers: [...mixed, ...fine] },
    ['partial', 'some_containers_left_out'],
    ['deny', 'some_containers_left_out'],
  ),

  row('parts missing', {}, { missing: ['volume'] }, ['inject', 'injected'], ['skip', 'parts_missing']),
  row('parts missing', forbidden, { missing: ['volume'] }, ['inject', 'injected'], ['skip', 'parts_missing']),
  row('parts missing', denyUnresolved, { missing: ['volume'] }, ['inject', 'injected'], ['skip', 'parts_missing']),
  row('parts missing', security, { missing: ['volume', 'env'] }, ['inject', 'injected'], ['deny', 'parts_missing']),
  row('parts missing where nothing was planned', skipUnresolved, { containers: unauthorized, missing: ['volume'] }, [
    'skip',
    'image_unauthorized',
  ]),

  row('Report', { mode: 'Report' }, { containers: fine }, ['skip', 'report_mode']),
  row('Report', { ...security, mode: 'Report' }, { containers: partly, missing: ['volume'] }, ['skip', 'report_mode']),
  row('Report', { ...enforced, mode: 'Report' }, { tampered: about('tampered') }, ['skip', 'report_mode']),
];

interface StopRow {
  readonly title: string;
  readonly screening: Screening;
  readonly mutate: Answer;
  readonly validate: Answer;
}

function broken(prefer: Prefer, mode: PolicySpec['mode'] = 'Inject'): RankedPolicy {
  const known = { name: 'p', precedence: 0, prefer, mode, namespaceSelector: {}, podSelector: {} };
  return invalidPolicy(known, 'spec.profile: required');
}

function stop(title: string, screening: Screening, mutate: Answer, validate: Answer = mutate): StopRow {
  return { title, screening, mutate, validate };
}

const nowhere = { namespace: 'kube-system', namespaceLabels: {}, podLabels: {} };
const optedOutNamespace = { namespace: 'shop', namespaceLabels: { 'outrider.dev/inject': 'disabled' }, podLabels: {} };
const strict = compiled('p', security);
const stops: readonly StopRow[] = [
  stop('excluded namespace', screen(rankPolicies([strict]), nowhere, new Set(['kube-system']), false), [
    'skip',
    'namespace_excluded',
  ]),
  stop('no policy', screen(rankPolicies([]), nowhere, new Set(), false), ['skip', 'no_policy']),
  stop('mode Off', passed({ mode: 'Off' }), ['skip', 'policy_off']),
  stop('mode Off', passed({ ...enforced, mode: 'Off' }), ['skip', 'policy_off']),
  stop('pod opts out', screened(compiled('p'), 'disabled'), ['skip', 'pod_opted_out']),
  stop('pod opts out', screened(strict, 'disabled'), ['skip', 'pod_opted_out']),
  stop('namespace opts out', screen(rankPolicies([strict]), optedOutNamespace, new Set(), false), [
    'skip',
    'namespace_opted_out',
  ]),
  stop('invalid label', screened(compiled('p'), 'off'), ['skip', 'inject_label_invalid']),
  stop('invalid label', screened(compiled('p', denyUnresolved), 'off'), ['skip', 'inject_label_invalid']),
  stop('invalid label', screened(strict, 'off'), ['skip', 'inject_label_invalid'], ['deny', 'inject_label_invalid']),
  stop('invalid label, Report', screened(compiled('p', { ...security, mode: 'Report' }), 'off'), [
    'skip',
    'inject_label_invalid',
  ]),
  stop('E41: invalid policy', screened(broken('Availability')), ['skip', 'policy_invalid']),
  stop('E41: invalid policy', screened(broken('Security')), ['skip', 'policy_invalid'], ['deny', 'policy_invalid']),
  stop(
    'E41: invalid policy, opted out',
    screened(broken('Security'), 'disabled'),
    ['skip', 'policy_invalid'],
    ['deny', 'policy_invalid'],
  ),
];

t.test('every path of a pod that passed the screening', (t) => {
  for (const { title, spec, findings, mutate, validate } of table) {
    for (const [door, expected] of [
      ['mutate', mutate],
      ['validate', validate],
    ] as const) {
      const { decision, reason, policy, prefer } = decide(passed(spec), findings, door);
      t.strictSame([decision, reason], expected, `${title}, ${JSON.stringify(spec)}, ${door}`);
      t.equal(policy, 'p');
      t.equal(prefer, spec['prefer'] ?? 'Availability');
    }
  }
  t.end();
});

t.test('mode Report says what mode Inject would do', (t) => {
  for (const { title, spec, findings } of table) {
    const inject = { ...spec, mode: 'Inject' };
    // What the validating door would find missing, the mutating one would have added.
    const last = decide(passed(inject), { ...findings, missing: [] }, 'validate');
    const wanted = last.decision === 'deny' ? last : decide(passed(inject), findings, 'mutate');
    for (const door of ['mutate', 'validate'] as const) {
      const { decision, would } = decide(passed({ ...spec, mode: 'Report' }), findings, door);
      t.equal(decision, 'skip');
      const { reason, detail } = wanted;
      t.match(would, { decision: wanted.decision, reason, detail }, `${title}, ${JSON.stringify(spec)}, ${door}`);
    }
    if (spec['mode'] !== 'Report') t.equal(decide(passed(spec), findings, 'mutate').would, undefined, title);
  }
  const report = { mode: 'Report' };
  const stopped = (screening: Screening) => decide(screening, noFindings, 'mutate').would;
  t.match(stopped(screened(compiled('p', report), 'disabled')), { decision: 'skip', reason: 'pod_opted_out' });
  t.match(stopped(screened(compiled('p', { ...security, ...report }), 'off')), {
    decision: 'deny',
    reason: 'inject_label_invalid',
  });
  t.match(stopped(screened(broken('Security', 'Report'))), { decision: 'deny', reason: 'policy_invalid' });
  for (const { screening, title } of stops) {
    const isReported = title.endsWith('Report');
    t.equal(stopped(screening) !== undefined, isReported, title);
  }
  t.end();
});

t.test('every stop of the screening', (t) => {
  for (const { title, screening, mutate, validate } of stops) {
    for (const [door, expected] of [
      ['mutate', mutate],
      ['validate', validate],
    ] as const) {
      const { decision, reason, policy, steps } = decide(screening, noFindings, door);
      t.strictSame([decision, reason], expected, `${title}, ${door}`);
      t.equal(policy, screening.policy?.name);
      t.match(steps.at(-1), { subject: 'pod', result: 'stop', reason: expected[1] });
    }
  }
  const prefers = stops.map(({ screening }) => decide(screening, noFindings, 'mutate').prefer);
  t.strictSame(new Set(prefers), new Set([undefined, 'Availability', 'Security']));
  t.end();
});

t.test('every reason that is the policy’s to give is given in the tables', (t) => {
  const given = new Set([...table, ...stops].flatMap(({ mutate, validate }) => [mutate[1], validate[1]]));
  const own: readonly ReasonCode[] = [
    'injected',
    'no_policy',
    'policy_off',
    'report_mode',
    'namespace_excluded',
    'namespace_opted_out',
    'pod_opted_out',
    'inject_label_invalid',
    'no_container_selected',
    'no_container_instrumented',
    'some_containers_left_out',
    'parts_missing',
    'parts_differ',
    'tampered',
    'policy_invalid',
  ];
  for (const reason of own) t.ok(given.has(reason), reason);
  t.end();
});

t.test('a decision’s detail names what it is about', (t) => {
  const detail = (spec: Spec, findings: Partial<Findings>, door: Door = 'mutate') =>
    decide(passed(spec), found(findings), door).detail;
  t.equal(detail({}, { containers: fine }), 'c0, c1');
  t.equal(detail({}, { containers: unauthorized }), 'c0: detail of image_unauthorized');
  t.equal(
    detail({}, { containers: mixed }),
    'c0: image_unauthorized, detail of image_unauthorized; c1: pid1_entrypoint, detail of pid1_entrypoint',
  );
  t.equal(detail(admitsPid1, { containers: mixed }, 'validate'), 'c0: detail of image_unauthorized');
  t.equal(detail(security, { missing: ['volume', 'env'] }, 'validate'), 'missing: volume, env');
  t.match(detail({}, { containers: [], narrowed: true }), /annotation names none/);
  t.match(detail({}, { containers: [] }), /policy selects none/);
  t.match(detail({}, { containers: containers(...Array.from({ length: 9 }, () => undefined)) }), /c4, and 4 more$/);

  const odd: ContainerFinding = { name: `a\n${'b'.repeat(1000)}`, list: 'containers' };
  t.equal(detail({}, { containers: [odd] }), `"a\\n${'b'.repeat(61)}…"`, 'a name that is none is quoted and shortened');
  t.match(detail({}, { containers: [{ ...odd, leftOut: about('pid1_entrypoint') }] }), /^"a\\nb{61}…": detail/);

  const report = { mode: 'Report' };
  t.equal(detail(report, { containers: fine }), 'would be inject (injected): c0, c1');
  t.match(detail(report, { containers: partly }), /^would be partial \(pid1_entrypoint\): c1: /);
  t.match(detail({ ...security, ...report }, { containers: partly }), /^would be deny \(pid1_entrypoint\): c1: /);
  t.match(detail({ ...security, ...report }, { missing: ['volume'] }, 'validate'), /^would be inject /);
  t.end();
});

t.test('a decision carries the steps of the screening, the remarks, and what stopped', (t) => {
  const remark = { subject: 'c0', result: 'note', detail: 'x', reason: 'env_kept' } as const;
  const ignored = screened(compiled('p', forbidden), 'disabled');
  t.match(decide(ignored, found({ containers: partly, remarks: [remark] }), 'mutate').steps, [
    { subject: 'opt-out', reason: 'opt_out_ignored' },
    remark,
    { subject: 'c1', result: 'stop', reason: 'pid1_entrypoint' },
  ]);
  t.match(decide(passed({}), found({ containers: unauthorized }), 'mutate').steps, [
    { subject: 'c0', result: 'stop' },
    { subject: 'pod', result: 'stop', reason: 'image_unauthorized' },
  ]);
  t.strictSame(decide(passed({}), found({}), 'mutate').steps, []);
  t.end();
});

// An image that declares a volume was found.
const isUnresolved = (code: ReasonCode): boolean =>
  code === 'too_many_lookups' ||
  code === 'caller_unproven' ||
  (/^(image|registry|lookup)_/.test(code) && code !== 'image_declares_volume');

t.test('the reasons of unresolved images are those that the table of reasons names so', (t) => {
  for (const code of reasonCodes) {
    const expected = reasons[code].about === 'container' && isUnresolved(code);
    t.equal(skippedAsUnresolved(code), expected, code);
    t.equal(deniedAsUnresolved(code), expected || code === 'images_annotation_invalid', code);
  }
  t.end();
});

const reasonOf = (...kinds: readonly string[]) =>
  fc.constantFrom(...reasonCodes.filter((code) => kinds.includes(reasons[code].about)));
const arbitraryFinding = reasonOf('decision').map(about);
const arbitraryContainers = fc.array(fc.option(reasonOf('container'), { nil: undefined }), { maxLength: 4 });
const arbitraryFindings: fc.Arbitrary<Findings> = fc.record({
  obstacle: fc.option(arbitraryFinding, { nil: undefined, freq: 2 }),
  tampered: fc.option(fc.constant(about('tampered')), { nil: undefined, freq: 2 }),
  differing: fc.option(fc.constant(about('parts_differ')), { nil: undefined, freq: 2 }),
  missing: fc.array(fc.constantFrom('volume', 'env', 'sidecar'), { maxLength: 2 }),
  containers: arbitraryContainers.map((reasons) => containers(...reasons)),
  narrowed: fc.boolean(),
  remarks: fc.constant([]),
});
const arbitrarySpec = fc.record({
  mode: fc.constantFrom('Off', 'Report', 'Inject'),
  prefer: fc.constantFrom('Availability', 'Security'),
  optOut: fc.constantFrom('Allowed', 'Forbidden'),
  onUnresolvedImage: fc.constantFrom(undefined, 'Skip', 'Deny'),
  admitUninstrumented: fc.subarray([...admissibleReasons]),
});
const arbitraryPolicy: fc.Arbitrary<RankedPolicy> = fc.oneof(
  { weight: 8, arbitrary: arbitrarySpec.map((spec) => compiled('p', spec)) },
  { weight: 1, arbitrary: fc.constantFrom(broken('Security'), broken('Security', 'Report'), broken('Availability')) },
);
const arbitraryLabel = fc.constantFrom(undefined, undefined, undefined, 'enabled', 'disabled', 'off');

t.test('the mutating door never denies, and only validating entries that can deny do', (t) => {
  fc.assert(
    fc.property(arbitraryPolicy, arbitraryLabel, arbitraryFindings, (policy, label, findings) => {
      const screening = screened(policy, label);
      assert.notEqual(decide(screening, findings, 'mutate').decision, 'deny');
      const mayDeny = policy.valid
        ? canDeny(policy.spec) && policy.spec.mode === 'Inject'
        : policy.prefer === 'Security' && policy.mode === 'Inject';
      if (!mayDeny) assert.notEqual(decide(screening, findings, 'validate').decision, 'deny');
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test('where the validating door does not deny and nothing is missing, both doors say the same', (t) => {
  fc.assert(
    fc.property(arbitraryPolicy, arbitraryLabel, arbitraryFindings, (policy, label, findings) => {
      const whole = { ...findings, missing: [] };
      const screening = screened(policy, label);
      const validated = decide(screening, whole, 'validate');
      if (validated.decision !== 'deny') assert.deepEqual(validated, decide(screening, whole, 'mutate'));
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test('E41: Security lets no uninstrumented pod pass the validating door without an excuse', (t) => {
  fc.assert(
    fc.property(arbitrarySpec, arbitraryLabel, arbitraryFindings, (fields, label, findings) => {
      const spec = { ...fields, mode: 'Inject', prefer: 'Security' };
      const policy = compiled('p', spec);
      const { decision } = decide(screened(policy, label), findings, 'validate');
      const whole = findings.obstacle ?? findings.tampered ?? findings.differing;
      const leftOut = findings.containers.flatMap((one) => (one.leftOut === undefined ? [] : [one.leftOut.reason]));
      const excused = (reason: ReasonCode) =>
        fields.admitUninstrumented.includes(reason) ||
        (reason === 'pid1_in_pod' && fields.admitUninstrumented.includes('pid1_entrypoint')) ||
        (fields.onUnresolvedImage === 'Skip' && isUnresolved(reason) && isContainers(reason));
      const complete = findings.missing.length === 0 || leftOut.length === findings.containers.length;
      const mayRun =
        fields.optOut === 'Allowed' && (label === 'disabled' || label === 'off')
          ? label === 'disabled'
          : whole !== undefined
            ? excused(whole.reason)
            : findings.containers.length === 0
              ? !findings.narrowed
              : leftOut.every(excused) && complete;
      assert.equal(decision !== 'deny', mayRun);
    }),
    { numRuns: 2000 },
  );
  t.end();
});

function isContainers(reason: ReasonCode): boolean {
  return reasons[reason].about === 'container';
}
