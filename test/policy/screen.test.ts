import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { StringMap } from '../../src/model/selector.js';
import { invalidPolicy, rankPolicies, type RankedPolicy } from '../../src/policy/compile.js';
import { screen } from '../../src/policy/screen.js';
import { compiled } from './make.js';

const key = 'outrider.dev/inject';
const excluded = new Set(['kube-system']);
const known = { name: 'broken', precedence: 0, prefer: 'Security', namespaceSelector: {}, podSelector: {} } as const;
const broken = invalidPolicy({ ...known, mode: 'Inject' }, 'spec.optOut: must be Allowed or Forbidden');

function ask(policies: readonly RankedPolicy[], namespaceLabels: StringMap, podLabels: StringMap, namespace = 'shop') {
  return screen(rankPolicies(policies), { namespace, namespaceLabels, podLabels }, excluded, false);
}

function labelled(value: string | undefined): StringMap {
  return value === undefined ? {} : { [key]: value };
}

t.test('what stops a pod before its inside is looked at', (t) => {
  const on = compiled('on');
  const table = [
    { policies: [on], namespace: 'kube-system', reason: 'namespace_excluded', policy: undefined },
    { policies: [], reason: 'no_policy', policy: undefined },
    { policies: [compiled('x', { match: { podSelector: { matchLabels: { a: 'b' } } } })], reason: 'no_policy' },
    { policies: [compiled('off', { mode: 'Off' })], reason: 'policy_off', policy: 'off' },
    { policies: [on, compiled('off', { mode: 'Off', precedence: 1 })], reason: 'policy_off', policy: 'off' },
    { policies: [broken], reason: 'policy_invalid', policy: 'broken' },
    { policies: [invalidPolicy({ ...known, mode: 'Off' }, 'x')], reason: 'policy_off', policy: 'broken' },
    { policies: [compiled('report', { mode: 'Report' })], reason: undefined, policy: 'report' },
    { policies: [on], reason: undefined, policy: 'on' },
  ];
  for (const { policies, namespace, reason, policy } of table) {
    const screening = ask(policies, {}, {}, namespace);
    t.equal(screening.stop?.reason, reason);
    t.equal(screening.policy?.name, policy, reason ?? 'no stop');
    t.strictSame(screening.steps, []);
  }
  t.equal(ask([broken], {}, {}).stop?.detail, 'spec.optOut: must be Allowed or Forbidden');
  t.end();
});

t.test('the label on namespace and pod, in every pair of values', (t) => {
  const table: readonly (readonly [namespace: string | undefined, pod: string | undefined, reason?: string])[] = [
    [undefined, undefined],
    [undefined, 'enabled'],
    [undefined, 'disabled', 'pod_opted_out'],
    [undefined, 'true', 'inject_label_invalid'],
    ['enabled', undefined],
    ['enabled', 'enabled'],
    ['enabled', 'disabled', 'pod_opted_out'],
    ['enabled', '', 'inject_label_invalid'],
    ['disabled', undefined, 'namespace_opted_out'],
    ['disabled', 'enabled'],
    ['disabled', 'disabled', 'pod_opted_out'],
    ['disabled', 'Enabled', 'inject_label_invalid'],
    ['off', undefined, 'inject_label_invalid'],
    ['off', 'enabled', 'inject_label_invalid'],
    ['off', 'disabled', 'pod_opted_out'],
    ['off', 'no', 'inject_label_invalid'],
  ];
  const enforced = compiled('enforced', { optOut: 'Forbidden' });
  for (const [namespace, pod, reason] of table) {
    const title = `namespace ${namespace ?? 'absent'}, pod ${pod ?? 'absent'}`;
    t.equal(ask([compiled('p')], labelled(namespace), labelled(pod)).stop?.reason, reason, title);

    const forbidden = ask([enforced], labelled(namespace), labelled(pod));
    t.equal(forbidden.stop, undefined, `${title}: nobody opts out of an enforced policy (E36)`);
    t.strictSame(
      forbidden.steps.map((step) => step.reason),
      reason === undefined ? [] : ['opt_out_ignored'],
      `${title}: and that is noted`,
    );
    t.equal(ask([broken], labelled(namespace), labelled(pod)).stop?.reason, 'policy_invalid', `${title}: E41`);
  }
  t.match(ask([compiled('p')], {}, labelled('o\nff')).stop?.detail, /pod’s label .* is "o\\nff"/);
  t.match(ask([compiled('p')], labelled('x'.repeat(500)), {}).stop?.detail, /namespace’s label .* is "x{63}…"$/);
  t.end();
});

t.test('a pod’s enabled is no opt-in: without a policy that matches, nothing happens', (t) => {
  const opted = compiled('default', { match: { namespaceSelector: { matchLabels: labelled('enabled') } } });
  t.equal(ask([opted], labelled('enabled'), {}).stop, undefined);
  t.equal(ask([opted], {}, labelled('enabled')).stop?.reason, 'no_policy');
  t.equal(ask([opted], labelled('disabled'), labelled('enabled')).stop?.reason, 'no_policy');
  t.end();
});

t.test('a namespace has its name as a label, also where its manifest has none', (t) => {
  const byName = compiled('p', {
    match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
  });
  t.equal(ask([byName], {}, {}).stop, undefined);
  t.equal(ask([byName], { 'kubernetes.io/metadata.name': 'shop' }, {}).stop, undefined);
  t.equal(ask([byName], {}, {}, 'other').stop?.reason, 'no_policy');
  t.end();
});

t.test('a trace records what was looked at', (t) => {
  const policies = rankPolicies([compiled('p'), compiled('off', { mode: 'Off', precedence: -1 })]);
  const subject = { namespace: 'shop', namespaceLabels: {}, podLabels: {} };
  t.match(screen(policies, subject, excluded, true).steps, [
    { subject: 'policy p', result: 'pass' },
    { subject: 'policy off', result: 'note' },
    { subject: 'opt-out', result: 'pass' },
  ]);
  t.end();
});

t.test('what no policy matches goes no further, whatever its labels', (t) => {
  const value = fc.constantFrom(undefined, 'enabled', 'disabled', 'nonsense');
  const policy = compiled('p', { match: { namespaceSelector: { matchLabels: { team: 'a' } } }, optOut: 'Forbidden' });
  fc.assert(
    fc.property(value, value, fc.boolean(), (namespace, pod, trace) => {
      const subject = { namespace: 'shop', namespaceLabels: labelled(namespace), podLabels: labelled(pod) };
      const screening = screen(rankPolicies([policy]), subject, excluded, trace);
      assert.equal(screening.stop?.reason, 'no_policy');
      assert.equal(screening.policy, undefined);
    }),
  );
  t.end();
});
