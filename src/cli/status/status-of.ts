import type { Snapshot } from '../../cluster/overview/snapshot.js';
import { installationFindings, isAbsent, type StatusParts } from './findings.js';
import { installationParts } from './parts.js';
import { excludedByWebhooks, labelledNamespaces, policyReports } from './policies.js';
import { policyFindings } from './policy-findings.js';
import type { Health, StatusFinding, StatusReport } from './report.js';

/**
 * The status in a snapshot. Pure.
 *
 * @param how.excluded the namespaces that are assumed to be excluded if the webhooks do not say it
 * @param how.programName the program's name in the suggested commands
 */
export function statusOf(
  snapshot: Snapshot,
  how: { readonly excluded: readonly string[]; readonly programName: string },
): StatusReport {
  const { server, instance, ownNamespace } = snapshot;
  const excluded = new Set([...(excludedByWebhooks(snapshot) ?? how.excluded), ownNamespace]);
  const parts: StatusParts = {
    server,
    instance,
    namespace: ownNamespace,
    ...installationParts(snapshot),
    policies: policyReports(snapshot, excluded),
    namespaces: labelledNamespaces(snapshot, excluded),
  };
  const installation = installationFindings(parts, how.programName);
  // Without an installation nothing looks at policies, and there is a finding about that already.
  const policies = isAbsent(parts) ? [] : policyFindings(parts, snapshot, how.programName);
  const findings = [...installation, ...policies].sort((a, b) => weight(a) - weight(b));
  return { ...parts, health: healthOf(findings), findings };
}

const weights: Readonly<Record<StatusFinding['severity'], number>> = { problem: 0, unknown: 1, note: 2 };

function weight({ severity }: StatusFinding): number {
  return weights[severity];
}

function healthOf(findings: readonly StatusFinding[]): Health {
  if (findings.some(({ severity }) => severity === 'problem')) return 'attention';
  return findings.some(({ severity }) => severity === 'unknown') ? 'unknown' : 'healthy';
}
