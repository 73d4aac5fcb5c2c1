import type { Obstacle } from './profile.js';

/** The reasons that a pod alone proves, in any cluster, so that no webhook has to be called (F20). */
export const provenByPod = ['mirror_pod', 'windows', 'host_network', 'host_pid'] as const satisfies readonly Obstacle[];
export type ProvenByPod = (typeof provenByPod)[number];

/** What counts before an exemption can. */
export type Blocker = ProvenByPod | Extract<Obstacle, 'virtual_node' | 'sandboxed_runtime'>;

/**
 * Most tolerations that are looked through for a virtual node's; the webhook is called for a pod with more. The API
 * server's time for that grows with their square: 20,000 took it a second for each webhook.
 */
export const mostTolerations = 100;

/** An admitted reason for which a policy's pods run as they are, whatever else is found. */
export interface Exemption {
  readonly reason: ProvenByPod;
  /** Obstacles that count before it and are not admitted: a pod that may have one of them is not exempt. */
  readonly unless: readonly Blocker[];
}
