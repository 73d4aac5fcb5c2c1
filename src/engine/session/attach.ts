import type { JsonObject } from '../../model/json.js';
import type { Engine } from '../engine.js';
import { ephemeralContainersOf, findContainer } from './container.js';
import type { SessionOutcome } from './outcome.js';
import type { SessionPlace } from './place.js';
import { screenSession } from './screen-session.js';

/** A request to attach to a running container. */
export interface AttachRequest extends SessionPlace {
  readonly kind: 'attach';
  /** As the request names it; empty for none. */
  readonly container: string;
}

/** Decides on one attach. Pure. There is nothing to trace: the process already runs, traced or not. */
export function decideAttach(request: AttachRequest, pod: JsonObject, engine: Engine): SessionOutcome {
  const screened = screenSession(request, pod, engine);
  if ('decision' in screened) return screened;
  const { policy, rule, view } = screened;
  const found = findContainer(view, ephemeralContainersOf(view), request.container);
  const about = { policy: policy.name, recorded: true, container: found?.container.name ?? request.container };
  if (rule.sessions.attach === 'Record') {
    return { ...about, decision: 'untraced', reason: 'session_recorded', detail: '' };
  }
  const decision = request.door === 'validate' ? 'denied' : 'untraced';
  return { ...about, decision, reason: 'session_denied', detail: 'the policy denies attach' };
}
