import type { Profile, Settings } from '../../model/profile.js';
import { docker } from './docker.js';
import { host } from './host.js';
import { daemonSet, helm, operator } from './kubernetes.js';
import { nodeAgentOptions, withTextSettings, type NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';
import { beanstalk, ecsOnEc2 } from './task-definition.js';

const makers = {
  helm,
  operator,
  daemonset: (options, profile) => daemonSet(profile, options),
  docker,
  host,
  beanstalk,
  'ecs-ec2': ecsOnEc2,
} as const satisfies Record<string, (options: NodeAgentOptions, profile: Profile) => Rendering>;

/** A platform that there is a rendering for. */
export type NodeAgentTarget = keyof typeof makers;

/** Every platform, in the order of the help text. */
export const nodeAgentTargets: readonly string[] = Object.keys(makers);

/** True for the name of a platform. */
export function isNodeAgentTarget(name: string): name is NodeAgentTarget {
  return Object.hasOwn(makers, name);
}

/**
 * Writes down what switches Workload Protection on for a Datadog Agent that runs on the node. The API key is never in
 * it: a reference to a secret, or a placeholder.
 *
 * @param profile the built-in `datadog-node`
 * @throws OutriderError `settings_invalid`
 */
export function renderNodeAgent(profile: Profile, target: NodeAgentTarget, given: Settings): Rendering {
  const known = withTextSettings(profile);
  return makers[target](nodeAgentOptions(known, given), known);
}
