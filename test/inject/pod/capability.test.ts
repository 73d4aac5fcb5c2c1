import t from 'tap';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import { decideNow, engineFor, type EngineOptions } from '../../support/engine.js';
import { at, patched } from '../../support/json.js';
import { podWith } from '../../support/pods.js';

interface Outcome {
  readonly added: JsonValue | undefined;
  readonly remarks: readonly unknown[];
}

function outcome(
  pod: JsonObject,
  spec: JsonObject = {},
  options: EngineOptions = {},
  namespaceLabels: Readonly<Record<string, string>> = {},
): Outcome {
  const { patch, decision } = decideNow(pod, engineFor(spec, options), 'mutate', { namespaceLabels });
  const remarks = decision.steps.flatMap(({ reason }) => (reason?.startsWith('capability') === true ? [reason] : []));
  const container = at(patched(pod, patch), 'spec', 'containers', 0);
  return { added: at(container, 'securityContext', 'capabilities', 'add'), remarks };
}

const withSecurity = (securityContext: JsonValue) => podWith({ command: ['/app'], securityContext });

t.test('E22: the capability is added wherever it is not there yet', (t) => {
  const table: readonly (readonly [JsonValue, JsonValue | undefined, readonly string[]])[] = [
    [null, ['SYS_PTRACE'], []],
    [{}, ['SYS_PTRACE'], []],
    [{ capabilities: null }, ['SYS_PTRACE'], []],
    [{ capabilities: { drop: ['ALL'] } }, ['SYS_PTRACE'], []],
    [{ capabilities: { add: ['KILL'], drop: ['ALL'] } }, ['KILL', 'SYS_PTRACE'], []],
    [{ capabilities: { add: ['SYS_PTRACE'] } }, ['SYS_PTRACE'], []],
    [{ capabilities: { add: ['CAP_SYS_PTRACE'] } }, ['CAP_SYS_PTRACE'], []],
    [{ capabilities: { add: ['ALL'] } }, ['ALL'], []],
    [{ privileged: true }, undefined, []],
    [{ capabilities: { drop: ['SYS_PTRACE'] } }, undefined, ['capability_dropped']],
    [{ capabilities: { drop: ['CAP_SYS_PTRACE'] } }, undefined, ['capability_dropped']],
    [{ runAsUser: 0 }, ['SYS_PTRACE'], []],
    [{ runAsUser: 1000 }, ['SYS_PTRACE'], ['capability_without_effect']],
    [{ runAsNonRoot: true }, ['SYS_PTRACE'], ['capability_without_effect']],
    [{ runAsUser: 0, runAsNonRoot: true }, ['SYS_PTRACE'], []],
    [{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true }, ['SYS_PTRACE'], []],
  ];
  for (const [securityContext, added, remarks] of table) {
    t.same(outcome(withSecurity(securityContext)), { added, remarks }, JSON.stringify(securityContext));
  }
  const byPod = podWith({ command: ['/app'] }, { securityContext: { runAsUser: 5 } });
  t.same(outcome(byPod).remarks, ['capability_without_effect']);
  t.end();
});

t.test('E23: it is left out where it would be refused, unless the policy insists', (t) => {
  const pod = podWith({ command: ['/app'] });
  const label = (level: string) => ({ 'pod-security.kubernetes.io/enforce': level });
  const left = { added: undefined, remarks: ['capability_left_out'] };
  const added = { added: ['SYS_PTRACE'], remarks: [] };
  t.same(outcome(pod, {}, {}, label('baseline')), left);
  t.same(outcome(pod, {}, {}, label('restricted')), left);
  t.same(outcome(pod, {}, { facts: { podSecurityDefault: 'baseline' } }), left);
  t.same(outcome(pod, {}, { facts: { podSecurityDefault: 'baseline' } }, label('privileged')), added);
  t.same(outcome(pod, {}, {}, label('nonsense')), left, 'a level that does not exist counts as restricted');
  t.same(outcome(pod, {}, {}, { 'pod-security.kubernetes.io/warn': 'restricted' }), added, 'warn refuses nothing');
  t.same(outcome(pod, {}, { facts: { openShift: true } }), left);
  t.same(outcome(podWith({ command: ['/app'] }, { schedulerName: 'fargate-scheduler' })), left);
  const fargate = { labels: { 'eks.amazonaws.com/fargate-profile': 'fp' } };
  t.same(outcome(podWith({ command: ['/app'] }, {}, fargate)), left);
  t.same(outcome(pod, { capability: 'Always' }, {}, label('baseline')), {
    added: ['SYS_PTRACE'],
    remarks: ['capability_refused'],
  });
  t.same(outcome(pod, { capability: 'Never' }), { added: undefined, remarks: [] });
  t.same(
    outcome(pod, { profile: { name: 'datadog' } }),
    { added: undefined, remarks: [] },
    'a profile that asks for none',
  );
  t.end();
});

t.test('E22: a pod from which the capability was taken off lacks a part under Security', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const pod = withSecurity({ capabilities: { add: ['KILL'] } });
  const final = patched(pod, decideNow(pod, engine).patch);
  t.equal(decideNow(final, engine, 'validate').decision.decision, 'inject');
  const lacking = patched(final, [{ op: 'remove', path: '/spec/containers/0/securityContext/capabilities/add/1' }]);
  t.match(decideNow(lacking, engine, 'validate').decision, {
    decision: 'deny',
    reason: 'parts_missing',
    detail: 'missing: capability SYS_PTRACE of container web',
  });
  t.end();
});
