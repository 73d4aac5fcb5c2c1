import { amountText } from '../../model/amounts.js';
import type { Output } from '../io.js';
import { sidesOf, type PreviewRow } from '../preview/preview.js';
import type { NamespaceGrowth } from '../preview/sums.js';
import { verdictIn, type JudgedPreview } from './findings.js';
import type { PreflightTotals } from './sentences.js';
import type { Verdict } from './verdict.js';

/** Writes a preflight for programs, a line for each workload, so that it is never in memory as one text. */
export function writePreflightJson(
  preview: JudgedPreview,
  growth: readonly NamespaceGrowth[],
  about: PreflightTotals & { readonly server: string; readonly requests: number },
  out: Output,
): void {
  const { changes, installed, namespaces, unread, unreadKinds } = preview;
  const { server, requests, asked, counts } = about;
  const quotas = growth.flatMap(({ namespace, quotas: rows = [] }) =>
    rows.map(({ quota, resource, hard, used, change, fits }) => ({
      namespace,
      quota,
      resource,
      hard: amountText(hard, resource),
      used: amountText(used, resource),
      change: amountText(change, resource),
      fits,
    })),
  );
  const summary = { workloads: about.workloads, ...counts, asked, requests };
  const head = { server, policies: changes, installed, namespaces, summary, unread, unreadKinds, quotas };
  const text = JSON.stringify(head, undefined, 2);
  out.write(`${text.slice(0, text.lastIndexOf('\n}'))},\n  "workloads": [`);
  for (const [index, row] of preview.rows.entries()) {
    out.write(`${index === 0 ? '' : ','}\n    ${JSON.stringify(rowOf(row, preview))}`);
  }
  out.write(`${preview.rows.length === 0 ? '' : '\n  '}]\n}\n`);
}

function rowOf(row: PreviewRow, preview: JudgedPreview): object {
  const { namespace, kind, apiVersion, name, part, replicas } = row;
  const { now, then } = sidesOf(row, preview);
  return {
    namespace,
    kind,
    apiVersion,
    name,
    ...(part === undefined ? {} : { part }),
    replicas: replicas ?? null,
    now: { decision: now.decision, reason: now.reason, policy: now.policy ?? null },
    then: { decision: then.decision, reason: then.reason, policy: then.policy ?? null },
    apiServer: verdictJson(verdictIn(row, preview)),
  };
}

function verdictJson(verdict: Verdict): object {
  switch (verdict.kind) {
    case 'refused': {
      const { refusal, now, remedy } = verdict;
      return { verdict: 'refused', ...refusal, now, remedy };
    }
    case 'admitted':
      return { verdict: 'admitted' };
    case 'not_asked':
      return { verdict: 'not_asked', why: verdict.why };
    case 'unknown':
      return { verdict: 'unknown', why: verdict.why };
  }
}
