import type { Refusal } from '../../../src/cluster/dry-run/refusal.js';
import { countsOf, type JudgedPreview } from '../../../src/cli/preflight/findings.js';
import type { PreflightTotals } from '../../../src/cli/preflight/sentences.js';
import type { Verdict } from '../../../src/cli/preflight/verdict.js';
import type { Side } from '../../../src/engine/preview/side.js';

/** One workload of a scene. */
export interface JudgedWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly verdict: Verdict;
}

const none: Side = {
  decision: 'skip',
  reason: 'no_policy',
  detail: 'no policy matches',
  policy: undefined,
  containers: [],
  growth: { requests: {}, limits: {} },
  parts: '',
  matching: [],
};
const injected: Side = { ...none, decision: 'inject', reason: 'injected', policy: 'default', parts: 'a' };

/** A preview of Deployments with these verdicts. */
export function previewWith(workloads: readonly JudgedWorkload[]): JudgedPreview {
  const rows = workloads.map(({ namespace, name }, index) => ({
    namespace,
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    name,
    replicas: 2,
    template: String(index),
  }));
  const templates = workloads.map(({ verdict, namespace, name }, index) => {
    const id = String(index);
    const example = { namespace, kind: 'Deployment', apiVersion: 'apps/v1', name };
    return [id, { id, example, now: none, then: injected, counted: {}, extra: verdict }] as const;
  });
  return {
    rows,
    templates: new Map(templates),
    changes: [{ name: 'default', change: 'added' }],
    installed: true,
    namespaces: { looked: ['shop'], others: 0 },
    unread: [],
    unreadKinds: [],
  };
}

/** What such a preview comes to. */
export function totalsOf(preview: JudgedPreview): PreflightTotals {
  return { counts: countsOf(preview), workloads: preview.rows.length, asked: preview.rows.length };
}

/** A refusal by a webhook. */
export function refusedBy(words: string, now: 'admitted' | 'refused' | 'unknown' = 'admitted'): Verdict {
  const refusal: Refusal = { by: 'Webhook', name: 'budget.example.com', words };
  return { kind: 'refused', refusal, now, remedy: 'ask whoever runs it' };
}
