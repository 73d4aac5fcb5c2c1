import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import type { PodRequest } from '../../src/engine/engine.js';
import { decideNow, engineFor, engineOf, policyText, type EngineOptions } from '../support/engine.js';
import { podOf } from '../support/pods.js';

const network = podOf({ hostNetwork: true });
const admitting = { prefer: 'Security', admitUninstrumented: ['host_network'] } as const;
const doors = ['mutate', 'validate'] as const;

t.test('F20: whatever else is found, an exempt pod is let in as it is, at both doors', (t) => {
  const labelled = (value: string) => podOf({ hostNetwork: true }, { labels: { 'outrider.dev/inject': value } });
  const narrowed = podOf({ hostNetwork: true }, { annotations: { 'outrider.dev/containers': 'none' } });
  const none = { excludedNamespaces: [] };
  const cases: readonly (readonly [string, JsonObject, JsonObject?, EngineOptions?, Partial<PodRequest>?])[] = [
    ['plain', network],
    ['opted out', labelled('disabled')],
    ['a label that cannot be read', labelled('no')],
    ['such a namespace', network, {}, none, { namespaceLabels: { 'outrider.dev/inject': 'no' } }],
    ['narrowed to nothing', narrowed],
    ['forbidden', labelled('disabled'), { optOut: 'Forbidden' }],
    ['no container is selected', network, { containers: { include: ['other'] } }],
    [
      'a placement that is not possible',
      network,
      { agent: { placement: 'Native' } },
      { facts: { nativeSidecars: false } },
    ],
    ['a delivery that is not', network, { delivery: 'ImageVolume' }, { facts: { imageVolumes: false } }],
    ['no access key', network, {}, { secretState: () => 'missing' }],
  ];
  for (const [what, pod, spec = {}, options = {}, about = {}] of cases) {
    const engine = engineFor({ ...admitting, ...spec }, options);
    for (const door of doors) {
      const { decision, patch } = decideNow(pod, engine, door, about);
      t.match(decision, { decision: 'skip', reason: 'host_network', policy: 'default' }, `${what}, ${door}`);
      t.same(patch, []);
      t.notOk(decision.steps.some(({ subject }) => subject === 'webhook'));
    }
  }
  t.end();
});

t.test('F20: what is not exempt is judged as before', (t) => {
  const validated = (pod: JsonObject, spec: JsonObject = {}, options: EngineOptions = {}) =>
    decideNow(pod, engineFor({ ...admitting, ...spec }, options), 'validate').decision;
  const denied: readonly (readonly [string, JsonObject, JsonObject?])[] = [
    ['host_pid', podOf({ hostPID: true })],
    ['mirror_pod', podOf({ hostNetwork: true }, { annotations: { 'kubernetes.io/config.mirror': 'x' } })],
    ['windows', podOf({ hostNetwork: true, os: { name: 'windows' } })],
    ['virtual_node', podOf({ hostNetwork: true, nodeSelector: { type: 'virtual-kubelet' } })],
    ['sandboxed_runtime', podOf({ hostNetwork: true, runtimeClassName: 'kata-clh' })],
    ['host_network', network, { admitUninstrumented: ['host_pid'] }],
    ['inject_label_invalid', podOf({}, { labels: { 'outrider.dev/inject': 'no' } })],
    ['pod_unreadable', podOf({ hostNetwork: true, containers: [] })],
  ];
  for (const [reason, pod, spec] of denied) t.match(validated(pod, spec), { decision: 'deny', reason });
  t.match(validated(podOf({ hostNetwork: true, runtimeClassName: 'runc' })), {
    decision: 'skip',
    reason: 'host_network',
  });
  const tolerations = Array.from({ length: 101 }, () => ({ operator: 'Exists' }));
  t.match(
    decideNow(podOf({ hostNetwork: true, tolerations }), engineFor(admitting), 'validate', { trace: true }).decision
      .steps,
    [{ subject: 'policy default' }, { subject: 'opt-out' }],
    'a list that is too long to look through',
  );
  t.match(validated(network, { mode: 'Report' }), { reason: 'report_mode' });
  t.match(validated(network, { mode: 'Off' }), { reason: 'policy_off' });
  const excluded = engineFor(admitting, { excludedNamespaces: ['shop'] });
  t.match(decideNow(network, excluded, 'validate').decision, { reason: 'namespace_excluded' });
  t.end();
});

t.test('F20: only the policy that wins exempts a pod', (t) => {
  const profile = { name: 'sysdig', settings: { region: 'us2' } };
  const both = (first: JsonObject, second: JsonObject) =>
    engineOf(policyText('first', { profile, precedence: 2, ...first }) + policyText('second', { profile, ...second }), {
      broken: true,
    });
  const strict = { prefer: 'Security' } as const;
  t.match(decideNow(network, both(admitting, strict), 'validate').decision, { decision: 'skip', policy: 'first' });
  t.match(decideNow(network, both(strict, admitting), 'validate').decision, { decision: 'deny', policy: 'first' });
  const broken = { ...admitting, profile: { name: 'no-such-profile' } };
  t.match(decideNow(network, both(broken, strict), 'validate').decision, {
    decision: 'deny',
    reason: 'policy_invalid',
  });
  t.end();
});

t.test('F20: explain says that nobody asks about such a pod', (t) => {
  const { decision } = decideNow(network, engineFor(admitting), 'mutate', { trace: true });
  const step = decision.steps.find(({ subject }) => subject === 'webhook');
  t.match(step, { result: 'note', detail: /policy default admits host_network: .* without asking/ });
  t.match(decision.steps.at(-1), { subject: 'pod', result: 'stop', reason: 'host_network' });
  const available = engineFor({ admitUninstrumented: ['host_network'] });
  const asked = decideNow(network, available, 'mutate', { trace: true }).decision;
  t.equal(asked.reason, 'host_network');
  t.notOk(asked.steps.some(({ subject }) => subject === 'webhook'));
  t.end();
});
