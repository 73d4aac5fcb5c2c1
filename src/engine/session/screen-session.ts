import { isFinding, readPod, type PodView } from '../../inject/pod/view.js';
import type { Finding } from '../../model/decision.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import type { CompiledPolicy, InvalidPolicy } from '../../policy/compile.js';
import { screen } from '../../policy/screen.js';
import { canaryWorkload, chooseRule } from '../canary.js';
import type { Engine } from '../engine.js';
import type { Rule } from '../rules.js';
import type { SessionOutcome } from './outcome.js';
import { isExempt, type SessionPlace } from './place.js';
import { sessionWithoutPod } from './without-pod.js';

/** A pod's policy, where it says something about the session. */
export interface ScreenedSession {
  readonly policy: CompiledPolicy;
  readonly rule: Rule;
  readonly view: PodView;
  /** What says that the pod opts out of being instrumented, where the policy lets it. Labels can be written on a running pod. */
  readonly optedOut: Finding | undefined;
}

/**
 * Finds the policy that wins for a running pod, and ends where none has anything to say about such a session.
 *
 * @returns an outcome where nothing more has to be looked at
 */
export function screenSession(place: SessionPlace, pod: JsonObject, engine: Engine): ScreenedSession | SessionOutcome {
  const view = readPod(pod);
  if (isFinding(view)) return sessionWithoutPod(place, view.detail, engine);
  const { namespace, namespaceLabels, kind, user } = place;
  const about = { namespace, namespaceLabels, podLabels: view.labels };
  const { stop, policy } = screen(engine.rules.policies, about, engine.excludedNamespaces, false);
  if (policy === undefined || stop?.reason === 'policy_off') {
    return letIn(stop ?? { reason: 'no_policy', detail: '' }, policy?.name);
  }
  if (!policy.valid) return ofInvalid(place, policy);
  const whole = engine.rules.byPolicy.get(policy.name);
  if (whole === undefined) throw new Error(`no rule for policy ${policy.name}`);
  // What is asked of sessions is the same of all the policy's workloads.
  const rule = chooseRule(whole, namespace, canaryWorkload(objectOf(pod['metadata']) ?? {})).rule ?? whole;
  if (rule.sessions[kind] === 'Allow') return letIn({ reason: 'session_allowed', detail: '' }, policy.name);
  if (isExempt(rule.sessions, user)) return letIn({ reason: 'session_allowed', detail: exempt }, policy.name);
  return { policy, rule, view, optedOut: stop };
}

const exempt = 'the policy exempts whoever asks';

/** A session that no policy asks anything of. */
function letIn({ reason, detail }: Finding, policy: string | undefined): SessionOutcome {
  return { decision: 'untraced', reason, detail, policy, recorded: false, container: '' };
}

/**
 * Under a policy that is not valid, and was not before, nothing is admitted that its strictness might have kept out
 * (E41).
 */
function ofInvalid({ door }: SessionPlace, { name, prefer, mode, problem }: InvalidPolicy): SessionOutcome {
  const denied = door === 'validate' && prefer === 'Security' && mode === 'Inject';
  return {
    decision: denied ? 'denied' : 'untraced',
    reason: 'policy_invalid',
    detail: problem,
    policy: name,
    recorded: true,
    container: '',
  };
}
