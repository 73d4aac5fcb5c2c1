import { isStrict, type PolicySpec } from '../model/policy.js';
import type { ReasonCode } from '../model/reasons.js';

/** The facts of profile and cluster that decide whether the workload can read the agent's environment. */
export interface AgentUser {
  /** Whether, by its profile, the agent runs as the workload's user. */
  readonly asWorkload: boolean;
  /** The platform gives all containers of a namespace one user. */
  readonly shared: boolean;
}

/** Admissible reasons that a pod's author cannot cause for a pod that runs on Linux. */
const beyondAuthors: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['windows', 'mirror_pod', 'no_host']);

/**
 * What a pod's author could do about a policy that means not to trust them: it prefers Security or forbids opting out
 * (F8). Each goes on from "a pod's author could". Opting out by label, where the policy allows it, is not among them: the
 * policy says so itself.
 *
 * @returns `undefined` for a policy that trusts them anyway
 */
export function weaknessesOf(spec: PolicySpec, agent: AgentUser): readonly string[] | undefined {
  if (!isStrict(spec)) return undefined;
  const { match, containers, admitUninstrumented, onUnresolvedImage, prefer } = spec;
  const found: string[] = [];
  const { matchLabels = {}, matchExpressions = [] } = match.podSelector;
  if (Object.keys(matchLabels).length > 0 || matchExpressions.length > 0) {
    found.push('leave out the labels that match.podSelector asks for');
  }
  if (!containers.include.includes('*')) {
    found.push('give a container a name or an image that containers.include does not have');
  }
  const names = containers.exclude.flatMap((exclusion) =>
    typeof exclusion === 'string' && !exclusion.startsWith('image:') ? [exclusion] : [],
  );
  if (names.length > 0) found.push(`name a container ${names.join(' or ')}, which containers.exclude leaves alone`);
  if (!containers.cover.includes('Init')) {
    found.push('run a program in an init container or a native sidecar, which containers.cover leaves out');
  }
  if (!containers.cover.includes('Main'))
    found.push('run a program in a main container, which containers.cover leaves out');
  const admitted = prefer === 'Security' ? admitUninstrumented.filter((reason) => !beyondAuthors.has(reason)) : [];
  if (admitted.length > 0) found.push(`bring about ${admitted.join(', ')}, which admitUninstrumented lets in`);
  if (prefer === 'Security' && onUnresolvedImage === 'Skip') {
    found.push('use an image that nobody can look up, which onUnresolvedImage: Skip lets in');
  }
  if (agent.asWorkload) found.push('read the agent’s environment, since its profile gives it the workload’s user');
  else if (agent.shared) found.push('read the agent’s environment, since OpenShift gives a namespace one user');
  return found;
}

/** What a pod's author could do, in a sentence: the condition `Weak` and the commands say it in the same words. */
export function weaknessText(found: readonly string[]): string {
  return `A pod’s author could ${found.join('; or ')}.`;
}
