// What to change where a pod with our parts would be refused. Only the parts that a policy of ours can change are named, and
// otherwise who can.
import type { Refusal, Refuser } from '../../cluster/dry-run/refusal.js';

/** What a remedy depends on, besides the refusal. */
export interface RefusedPod {
  readonly namespace: string;
  /** The policy whose parts are in the pod. */
  readonly policy: string;
  /** Whether the pod would be refused without our parts, too; `undefined`: not known. */
  readonly refusedBare: boolean | undefined;
}

/** What helps, in one sentence. Pure. */
export function remedyOf(refusal: Refusal, pod: RefusedPod): string {
  if (refusal.isOutage === true) {
    return `webhook ${refusal.name ?? ''} did not answer: see to it, then ask again`;
  }
  if (pod.refusedBare === true) return withoutUs[refusal.by](refusal, pod);
  return withUs[refusal.by](refusal, pod);
}

type Remedies = Readonly<Record<Refuser, (refusal: Refusal, pod: RefusedPod) => string>>;

/** For a refusal that our parts bring about. */
const withUs: Remedies = {
  PodSecurity: ({ words }, { namespace, policy }) =>
    words.includes('SYS_PTRACE')
      ? `set capability: Auto or Never in policy ${policy}, or let namespace ${namespace} enforce a level that allows SYS_PTRACE`
      : `let namespace ${namespace} enforce a level that allows this, or leave it out of policy ${policy}`,
  LimitRange: ({ words }, { namespace, policy }) =>
    `${words.includes('minimum ') ? 'raise' : 'change'} agent.resources in policy ${policy}, or the LimitRange of namespace ${namespace}`,
  ResourceQuota: ({ name, words }, { namespace, policy }) =>
    words.includes('must specify')
      ? `set agent.resources in policy ${policy} with the amounts that quota ${name ?? ''} asks for`
      : `raise quota ${name ?? ''} of namespace ${namespace}, or lower agent.resources in policy ${policy}`,
  SecurityContextConstraints: ({ words }, { namespace, policy }) =>
    `${words.includes('SYS_PTRACE') ? `set capability: Never in policy ${policy}, or ` : ''}let the pod’s ServiceAccount in ${namespace} use constraints that allow this`,
  Kyverno: (_refusal, { policy }) =>
    `add a PolicyException of Kyverno for what policy ${policy} adds, or change the rules that are named`,
  Gatekeeper: (_refusal, { policy }) =>
    `exempt what policy ${policy} adds in the constraint that is named, for instance by its parameters exemptImages`,
  ValidatingAdmissionPolicy: ({ name }, { policy }) =>
    `let ValidatingAdmissionPolicy ${name ?? ''} allow what policy ${policy} adds`,
  Webhook: ({ name }, { policy }) => `ask whoever runs webhook ${name ?? ''} to allow what policy ${policy} adds`,
  ServiceAccount: serviceAccountRemedy,
  Schema: (_refusal, { policy }) =>
    `leave the workload out of policy ${policy}, and report this: what is added should always be valid`,
  Admission: (_refusal, { policy }) => `see what the API server says, or leave the workload out of policy ${policy}`,
};

/** For a refusal that has nothing to do with us. */
const withoutUs: Remedies = {
  ...withUs,
  PodSecurity: templateRemedy,
  LimitRange: templateRemedy,
  ResourceQuota: ({ name, words }, { namespace }) =>
    words.includes('must specify')
      ? `give the workload’s own containers the amounts that quota ${name ?? ''} asks for: new pods are refused now, too`
      : `raise quota ${name ?? ''} of namespace ${namespace}: it has no room for one more pod, with or without our parts`,
  SecurityContextConstraints: templateRemedy,
  Kyverno: templateRemedy,
  Gatekeeper: templateRemedy,
  ValidatingAdmissionPolicy: templateRemedy,
  Webhook: templateRemedy,
  Schema: templateRemedy,
  Admission: templateRemedy,
};

function templateRemedy(): string {
  return 'nothing in the policy: new pods of the workload are refused now, too';
}

function serviceAccountRemedy({ name }: Refusal): string {
  return `create ServiceAccount ${name ?? ''}, which the pod names`;
}
