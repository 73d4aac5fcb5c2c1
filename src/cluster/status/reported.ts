import { wouldDecisions, wouldText, type WouldCount, type WouldDecision } from '../../model/coverage.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import { mostReportReasons, policyStatusSchema, type PolicyStatus } from '../../model/status.js';
import type { CoverageFound } from './facts.js';

/** What a policy in mode Report would do, as its status says it. */
export type Report = NonNullable<PolicyStatus['report']>;

/**
 * What a policy in mode Report would do with its running pods. What an earlier leader found stays, with its date, until this
 * one has looked; what was decided by another generation of the policy does not.
 *
 * @param found `undefined` if there are no sweeps
 * @param generation the generation that is carried out
 * @param before the status that the policy has in the API server
 */
export function reportOf(
  found: CoverageFound | undefined,
  generation: number | undefined,
  before: JsonObject | undefined,
): Report | undefined {
  if (found === undefined || generation === undefined) return undefined;
  const { found: policy, observedAt } = found;
  if (policy === undefined || observedAt === undefined) {
    const earlier = readReport(before);
    return earlier?.generation === generation ? earlier : undefined;
  }
  if (found.generation !== generation) return undefined;
  const would = withoutGuesses(policy.would ?? []);
  return {
    observedAt,
    generation,
    pods: policy.pods,
    ...sumsOf(would),
    reasons: would.slice(0, mostReportReasons).map(({ decision, reason, pods }) => ({ decision, reason, pods })),
  };
}

/** The same for people; empty if there is nothing to say. */
export function reportSentence(report: Report | undefined): string {
  if (report === undefined || report.reasons.length === 0) return '';
  return `In mode Inject: ${reportText(report)}.`;
}

/** `12 inject, 2 deny (host_network)`. */
export function reportText({ reasons }: Report): string {
  return wouldText(reasons);
}

/** What a status says; `undefined` if it says nothing, or nothing in a known form. */
export function readReport(status: JsonObject | undefined): Report | undefined {
  const report = objectOf(status?.['report']);
  const read = report === undefined ? undefined : policyStatusSchema.shape.report.safeParse(report);
  return read?.success === true ? read.data : undefined;
}

/** What is unknown, whatever it may turn out to be. */
function withoutGuesses(would: readonly WouldCount[]): readonly WouldCount[] {
  const counts = new Map<string, WouldCount>();
  for (const { decision, reason, pods } of would) {
    const key = `${decision} ${reason}`;
    counts.set(key, { decision, reason, pods: pods + (counts.get(key)?.pods ?? 0) });
  }
  return [...counts.values()];
}

function sumsOf(would: readonly WouldCount[]): Record<WouldDecision, number> {
  const sums = { inject: 0, partial: 0, skip: 0, deny: 0, unknown: 0 };
  for (const decision of wouldDecisions) {
    for (const one of would) if (one.decision === decision) sums[decision] += one.pods;
  }
  return sums;
}
