import t from 'tap';
import type { InForceState, WebhookState } from '../../../src/cluster/status/facts.js';
import { inForce, inForceSince } from '../../../src/cluster/status/in-force.js';
import type { PolicyState } from '../../../src/cluster/state/cluster-configuration.js';
import type { JsonObject } from '../../../src/model/json.js';

const current: PolicyState = {
  name: 'payments',
  uid: 'u',
  generation: 2,
  served: 'Current',
  servedGeneration: 2,
  problem: undefined,
  policy: undefined,
  known: undefined,
  profile: undefined,
  sessions: undefined,
  sessionDefaults: 'Trace',
};
const webhook: WebhookState = { configured: true, reason: 'Configured', message: 'written' };
const sinceMs = Date.parse('2026-11-22T12:00:00Z');
const proven: InForceState = {
  of: { uid: 'u', generation: 2 },
  inForce: true,
  reason: 'Proven',
  message: 'P.',
  sinceMs,
};
const earlier = (status: string, observedGeneration: number, reason = 'Proven'): JsonObject => ({
  conditions: [
    { type: 'InForce', status, reason, message: 'E.', observedGeneration, lastTransitionTime: '2026-11-22T11:00:00Z' },
  ],
});
const said = (
  policy: PolicyState,
  state: InForceState | undefined,
  before?: JsonObject,
  of: WebhookState | undefined = webhook,
): string => {
  const { status, reason, message } = inForce(policy, { inForce: state, webhook: of, before });
  return `${status} ${reason} ${message}`;
};

t.test('E44: what was proven of this very version is said', (t) => {
  t.equal(said(current, proven), 'True Proven P.');
  t.equal(said(current, { ...proven, inForce: false, reason: 'Proving' }, earlier('True', 2)), 'False Proving P.');
  t.equal(inForce(current, { inForce: proven, webhook, before: undefined }).sinceMs, sinceMs);
  for (const of of [undefined, { uid: 'u', generation: 1 }, { uid: 'another', generation: 2 }]) {
    t.match(said(current, { ...proven, of }), /^False Pending/, 'of another version it says nothing');
  }
  t.end();
});

t.test('E44: a leader that has not looked yet leaves what was said of the same generation', (t) => {
  const unknown: InForceState = { ...proven, inForce: undefined, reason: 'Proving' };
  for (const state of [undefined, unknown]) {
    t.equal(said(current, state, earlier('True', 2)), 'True Proven E.');
    t.equal(said(current, state, earlier('False', 2, 'Unreachable')), 'False Unreachable E.');
  }
  t.match(said(current, undefined, earlier('True', 1)), /^False Pending/);
  t.equal(said(current, unknown, earlier('True', 1)), 'False Proving P.');
  t.match(said(current, undefined, earlier('True', 2, 'Weather')), /^False Pending/, 'the list is closed');
  t.match(said(current, undefined, { conditions: [7, null] }), /^False Pending/);
  t.end();
});

t.test('E44: without the entries, and while another version goes on, it is not in force', (t) => {
  const paused = { configured: false, reason: 'Paused', message: 'paused' };
  t.match(said(current, proven, undefined, paused), /^False Paused/);
  t.match(said(current, proven, undefined, { ...paused, reason: 'Weather' }), /^False NotWritten/);
  t.match(said(current, proven, undefined, { ...paused, reason: 'TooManyConditions' }), /^True Proven/);
  const certificate = { ...paused, reason: 'CertificatePending' };
  t.match(said(current, undefined, earlier('True', 2), certificate), /^True Proven E/, 'a leader that begins');
  const problem = { code: 'policy_invalid', message: 'prefer is wrong.', field: 'spec.prefer' } as const;
  const older: PolicyState = { ...current, served: 'LastValid', servedGeneration: 1, problem };
  t.equal(said(older, proven), 'False PolicyInvalid Generation 2 is not carried out. It is generation 1 that goes on.');
  t.match(said({ ...older, served: 'None' }, proven), /^False PolicyInvalid .* No version is\.$/);
  t.match(said({ ...current, problem }, proven), /^True/, 'its profile was deleted, and goes on');
  t.end();
});

t.test('E44: since when it is in force can be read from the status', (t) => {
  t.equal(inForceSince(earlier('True', 2)), Date.parse('2026-11-22T11:00:00Z'));
  for (const status of [earlier('False', 2), undefined, {}, { conditions: [{ type: 'InForce', status: 'True' }] }]) {
    t.equal(inForceSince(status), undefined);
  }
  t.end();
});
