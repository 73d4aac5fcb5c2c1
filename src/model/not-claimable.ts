/** Why the API server does not instrument the pods of a policy, or of one of its namespaces, by itself. */
export const notClaimableReasons = [
  /** Its mode is not Inject. */
  'mode_not_inject',
  /** It is not valid, or its profile is not. */
  'policy_invalid',
  /** Another policy may match the same pods: both would instrument them. */
  'overlapping',
  /** A canary decides about each workload. */
  'decided_by_workload',
  /** The agent takes on the user of a pod's container. */
  'agent_user_by_pod',
  /** The agent asks the API server with the token of the pod, on OpenShift. */
  'agent_api_access',
  /** The profile gives single containers parts of their own, or shows them parts of the node. */
  'parts_by_container',
  /** Names, or what covers them, cannot be said in a condition of the API server's. */
  'not_sayable',
  /** A pod of this namespace is not instrumented whole; the detail begins with the decision's reason. */
  'not_injected',
  /** What a namespace asks of amounts depends on the pod, or is not known yet. */
  'amounts_by_pod',
  /** A workload of this namespace was taken back: the webhook knows which of its pods are made without the agent. */
  'taken_back',
] as const;
export type NotClaimableReason = (typeof notClaimableReasons)[number];

/** Why something is left to the webhook. */
export interface NotClaimable {
  readonly reason: NotClaimableReason;
  /** For people. */
  readonly detail: string;
}
