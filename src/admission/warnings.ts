import type { Decision } from '../model/decision.js';
import { reasons, type ReasonCode } from '../model/reasons.js';

/** The API server cuts every warning to 256 characters once all together exceed 4,096; ours stay below both. */
const longest = 250;
const mostTogether = 4000;

/** Remarks for the person who creates the pod; the others are for `explain`. */
const loud: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'capability_left_out',
  'capability_refused',
  'env_kept',
  'exclusion_void',
  'annotation_ignored',
  'agent_resources_kept',
  'annotation_names_unknown',
  'opt_out_ignored',
  'agent_image_unauthorized',
  'credentials_awaited',
  'parts_taken_off',
  'pid1_assumed',
  'parts_put_back',
  'pull_secrets_not_added',
  'update_keeps_command',
]);

/** The warnings for the person who creates a pod: what was not done and why, and the remarks that matter. */
export function warningsOf(decision: Decision): readonly string[] {
  const warnings: string[] = [];
  const { decision: kind, reason, detail } = decision;
  if (kind === 'partial')
    warnings.push(warningLine(`partly instrumented, ${reason}: ${detail}`, reasons[reason].remedy));
  if (kind === 'skip' && reasons[reason].tells !== 'nobody') {
    warnings.push(warningLine(`not instrumented, ${reason}: ${detail}`, reasons[reason].remedy));
  }
  for (const step of decision.steps) {
    if (step.result === 'note' && step.reason !== undefined && loud.has(step.reason)) {
      warnings.push(warningLine(`${step.reason}: ${step.detail}`, undefined));
    }
  }
  let left = mostTogether;
  return warnings.filter((text) => (left -= text.length) >= 0);
}

/** The message for the person whose pod is denied: the policy, what is wrong, what to do. */
export function denialOf(decision: Decision): string {
  return denialText(decision, 'does not let this pod run uninstrumented');
}

/** The same for an update of a running pod. */
export function denialOfUpdate(decision: Decision): string {
  return denialText(decision, 'does not let this pod be updated');
}

/**
 * The same for anything else. @param what what the policy does not allow, such as `does not let this pod be updated`
 */
export function denialText(
  { policy, reason, detail }: Pick<Decision, 'policy' | 'reason' | 'detail'>,
  what: string,
): string {
  const text = `outrider: policy ${policy ?? '?'} ${what} (${reason}): ${sentence(detail)} ${reasons[reason].remedy}`;
  return clipped(printable(text), 2000);
}

/** One warning, printable and short enough; with the remedy where that fits. */
export function warningLine(what: string, remedy: string | undefined): string {
  const text = printable(`outrider: ${what}`);
  if (text.length > longest) return `${clipped(text, longest - 1)}…`;
  const whole = remedy === undefined ? text : `${sentence(text)} ${remedy}`;
  return whole.length > longest ? text : whole;
}

/** The text with exactly one full stop at its end: texts about invalid documents already end with one. */
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
