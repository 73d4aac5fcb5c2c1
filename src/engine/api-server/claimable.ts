import type { NotClaimable, NotClaimableReason } from '../../model/not-claimable.js';
import type { CompiledPolicy } from '../../policy/compile.js';
import type { Engine } from '../engine.js';
import type { Rule } from '../rules.js';
import { areDisjoint } from './disjoint.js';

/** A policy that the API server can carry out for some of its pods. */
export interface Claim {
  readonly policy: CompiledPolicy;
  readonly rule: Rule;
}

/** Says whether the API server can instrument pods of a policy by itself, or why not. */
export function claimOf(policyName: string, engine: Engine): Claim | NotClaimable {
  const { policies, byPolicy } = engine.rules;
  const policy = policies.ranked.find(({ name }) => name === policyName);
  const rule = byPolicy.get(policyName);
  if (policy?.valid !== true || rule === undefined) return not('policy_invalid', `policy ${policyName} is not valid`);
  const { mode, match, containers } = policy.spec;
  if (mode !== 'Inject') return not('mode_not_inject', `its mode is ${mode}`);
  const other = policies.ranked.find((one) => one !== policy && !(one.valid && areDisjoint(match, one.spec.match)));
  if (other !== undefined) return not('overlapping', `policy ${other.name} may match the same pods`);
  if (rule.canary !== undefined) return not('decided_by_workload', 'its canary decides about each workload');
  if (!containers.cover.includes('Main')) return not('not_sayable', 'containers.cover is without Main');
  return recipeTrouble(rule, engine) ?? { policy, rule };
}

function recipeTrouble({ recipe }: Rule, { facts }: Engine): NotClaimable | undefined {
  const { profile, containers, hostVolumes, sidecar, wrapper } = recipe;
  if (containers.length + hostVolumes.length > 0) {
    return not('parts_by_container', `profile ${profile} has parts for single containers`);
  }
  if (wrapper === undefined || wrapper.length === 0) return not('not_sayable', `profile ${profile} has no tracer`);
  if (sidecar?.runAs === 'Workload') {
    return not('agent_user_by_pod', `the agent of profile ${profile} takes on the user of a container`);
  }
  if (sidecar?.apiAccess === true && facts.openShift) {
    return not(
      'agent_api_access',
      `the agent of profile ${profile} asks the API server, whose token OpenShift brings in its own way`,
    );
  }
  return undefined;
}

function not(reason: NotClaimableReason, detail: string): NotClaimable {
  return { reason, detail };
}
