import { known, type Part } from '../../src/cluster/overview/part.js';
import { readReviewCounts } from '../../src/cluster/overview/review-counts.js';
import type { Snapshot } from '../../src/cluster/overview/snapshot.js';
import { policiesOf } from '../../src/cluster/live/read-policies.js';
import type { JsonObject } from '../../src/model/json.js';
import { observedText } from '../../src/model/observed.js';

/** The moment of every snapshot. */
export const now = '2026-11-22T12:00:00Z';
const nowMs = Date.parse(now);

/** A time before, or with a negative number after, the snapshot's. */
export function ago(seconds: number): string {
  return new Date(nowMs - seconds * 1000).toISOString();
}

export const forbidden: Part<never> = { known: false, cause: 'forbidden', why: 'forbidden to you' };
export const absent: Part<never> = { known: false, cause: 'absent', why: 'not found' };

/** A replica's pod. */
export function replica(name: string, ready: boolean): JsonObject {
  return {
    metadata: { name },
    spec: { nodeName: 'node-1' },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ restartCount: ready ? 0 : 7 }],
    },
  };
}

/** A policy as the API server has it, with what the leader says about it. */
export function policy(
  name: string,
  spec: JsonObject,
  conditions: readonly JsonObject[] = [{ type: 'Ready', status: 'True', reason: 'Served', message: 'It is served.' }],
  generations: { readonly observed: number; readonly served?: number } = { observed: 2, served: 2 },
): JsonObject {
  return {
    metadata: { name, generation: 2 },
    spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec },
    status: {
      observedGeneration: generations.observed,
      ...(generations.served === undefined ? {} : { servedGeneration: generations.served }),
      conditions,
    },
  };
}

export const labelled = { match: { namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled' } } } };

/** The Lease, with what the leader wrote on it. */
export function lease(observed: string | undefined, renewedSecondsAgo = 3): JsonObject {
  return {
    metadata: { annotations: observed === undefined ? {} : { 'outrider.dev/observed': observed } },
    spec: {
      holderIdentity: 'outrider-0',
      acquireTime: ago(270_000),
      renewTime: ago(renewedSecondsAgo),
      leaseDurationSeconds: 15,
    },
  };
}

export const observed = observedText({
  selfTest: { reachable: true, latencyMs: 11.6, at: ago(20), why: 'nothing' },
  certificate: {
    notBefore: ago(30 * 86_400),
    notAfter: ago(-60 * 86_400),
    names: ['outrider.outrider-system.svc'],
    authority: 'outrider authority',
  },
  versions: { outrider: '0.1.0', kubernetes: 'v1.36.3' },
});

const metrics = `# HELP outrider_admission_reviews_total Admission reviews answered.
outrider_admission_reviews_total{door="mutate",policy="default",decision="inject",reason="injected"} 12
outrider_admission_reviews_total{door="mutate",policy="default",decision="skip",reason="image_unresolved"} 3
outrider_admission_reviews_total{door="validate",policy="default",decision="inject",reason="injected"} 40
outrider_admission_reviews_total{door="validate",policy="payments",decision="deny",reason="image_unresolved"} 2
outrider_build_info{version="0.1.0"} 1
`;

/** A snapshot of an installation that is well, except for what is given. */
export function snapshot(
  changes: Partial<Omit<Snapshot, 'compiled' | 'policies'>> & { readonly policies?: Part<readonly JsonObject[]> } = {},
): Snapshot {
  const policies = changes.policies ?? known([policy('default', labelled), policy('payments', { ...payments })]);
  return {
    server: 'https://api.example:6443',
    instance: 'outrider',
    ownNamespace: 'outrider-system',
    nowMs,
    version: 'v1.36.3',
    takenBack: known({ entries: new Map(), retries: new Set<string>(), invalid: [] }),
    deployments: known([{ spec: { replicas: 2 } }]),
    pods: known([replica('outrider-0', true), replica('outrider-1', true)]),
    lease: known(lease(observed)),
    configMap: known({ metadata: {} }),
    mutating: known({ webhooks: [{}, {}, {}] }),
    validating: known({ webhooks: [{}, {}] }),
    profiles: known([]),
    namespaces: known(
      new Map([
        ['shop', { 'outrider.dev/inject': 'enabled' }],
        ['cash', { team: 'payments' }],
        ['kube-system', {}],
      ]),
    ),
    secrets: new Map([['sysdig-agent', known(new Set(['shop', 'cash']))]]),
    reviews: new Map([
      ['outrider-0', known(readReviewCounts(metrics))],
      ['outrider-1', known(readReviewCounts(metrics))],
    ]),
    clocks: new Map([
      ['outrider-0', 0.2],
      ['outrider-1', -299],
    ]),
    ...changes,
    policies,
    compiled: policies.known ? known(policiesOf(policies.value, [])) : policies,
  };
}

export const payments: JsonObject = {
  prefer: 'Security',
  precedence: 100,
  match: { namespaceSelector: { matchLabels: { team: 'payments' } } },
};
