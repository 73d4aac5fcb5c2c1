import type { Decision } from '../model/decision.js';
import { reasons, type ReasonCode } from '../model/reasons.js';

/** The API server cuts every warning to 256 characters once all together exceed 4,096; ours stay below both. */
const longest = 250;
const mostTogether = 4000;

/** Remarks that the person who creates the pod should hear; the others are for `explain`. */
const loud: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'capability_left_out',
  'capability_refused',
  'env_kept',
  'exclusion_void',
  'annotation_ignored',
  'annotation_names_unknown',
  'opt_out_ignored',
  'agent_image_unauthorized',
  'credentials_awaited',
  'parts_taken_off',
  'pid1_assumed',
  'parts_put_back',
  'pull_secrets_not_added',
]);

/** The warnings for the person who creates a pod: what was not done and why, and the remarks that matter. */
export function warningsOf(decision: Decision): readonly string[] {
  const warnings: string[] = [];
  const { decision: kind, reason, detail } = decision;
  if (kind === 'partial') warnings.push(line(`partly instrumented, ${reason}: ${detail}`, reasons[reason].remedy));
  if (kind === 'skip' && reasons[reason].tells !== 'nobody') {
    warnings.push(line(`not instrumented, ${reason}: ${detail}`, reasons[reason].remedy));
  }
  for (const step of decision.steps) {
    if (step.result === 'note' && step.reason !== undefined && loud.has(step.reason)) {
      warnings.push(line(`${step.reason}: ${step.detail}`, undefined));
    }
  }
  let left = mostTogether;
  return warnings.filter((text) => (left -= text.length) >= 0);
}

/** What the person whose pod is denied reads: the policy, what is wrong, what to do. */
export function denialOf(decision: Decision): string {
  const { policy, reason, detail } = decision;
  return clipped(
    printable(
      `outrider: policy ${policy ?? '?'} does not let this pod run uninstrumented (${reason}): ${sentence(detail)} ${reasons[reason].remedy}`,
    ),
    2000,
  );
}

function line(what: string, remedy: string | undefined): string {
  const text = printable(`outrider: ${what}`);
  if (text.length > longest) return `${clipped(text, longest - 1)}…`;
  const whole = remedy === undefined ? text : `${sentence(text)} ${remedy}`;
  return whole.length > longest ? text : whole;
}

/** The text with exactly one full stop at its end: texts about faulty documents have one already. */
function sentence(text: string): string {
  return text.replace(/\.?$/, '.');
}

/** The first characters of a text, without half of a surrogate pair at the end. */
function clipped(text: string, length: number): string {
  return text.slice(0, length).replace(/\p{Cs}$/u, '');
}

/** A warning travels in an HTTP header, which holds no control characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}]+/gu, ' ');
}
