import { namespaceLabelsOf } from '../../model/selector.js';
import type { RankedPolicy } from '../../policy/compile.js';
import type { Engine } from '../engine.js';
import type { SessionOutcome } from './outcome.js';
import { isExempt, type SessionPlace } from './place.js';

/**
 * What happens to a session in a pod of which nothing is known: it could not be read, or whoever calls may not have it
 * read. Which policy wins is then not known either, so each that is for the namespace counts: where one that prefers
 * security would trace or deny such a session, it is denied.
 *
 * @param why nothing is known, for people
 */
export function sessionWithoutPod(place: SessionPlace, why: string, engine: Engine): SessionOutcome {
  const unknown = { reason: 'session_pod_unknown', detail: why, container: '' } as const;
  const asking = policiesAsking(place, engine);
  const denying = asking.find((policy) => wordOf(policy, place, engine) === 'denies');
  if (place.door === 'validate' && denying !== undefined) {
    return { ...unknown, decision: 'denied', policy: denying.name, recorded: true };
  }
  return { ...unknown, decision: 'untraced', policy: asking[0]?.name, recorded: asking.length > 0 };
}

/**
 * The policies for a namespace that would say something about a session in one of its pods: where there are none, none
 * is read.
 */
export function policiesAsking(place: SessionPlace, engine: Engine): readonly RankedPolicy[] {
  const { namespace, namespaceLabels } = place;
  if (engine.excludedNamespaces.has(namespace)) return [];
  const labels = namespaceLabelsOf(namespace, namespaceLabels);
  return engine.rules.policies.ranked.filter(
    (policy) => policy.matchesNamespace(labels) && wordOf(policy, place, engine) !== 'none',
  );
}

/** What a policy would have to say, were it the one that wins. */
function wordOf(policy: RankedPolicy, { kind, user }: SessionPlace, { rules }: Engine): 'none' | 'records' | 'denies' {
  const { mode, prefer } = policy.valid ? policy.spec : policy;
  if (mode === 'Off') return 'none';
  const strict = prefer === 'Security' && mode === 'Inject';
  const sessions = rules.byPolicy.get(policy.name)?.sessions;
  if (sessions === undefined) return strict ? 'denies' : 'records';
  if (sessions[kind] === 'Allow' || isExempt(sessions, user)) return 'none';
  return strict && sessions[kind] !== 'Record' ? 'denies' : 'records';
}
