import type { ContainerView } from '../../inject/pod/view.js';
import { startOfContainer } from '../../inject/pod/start.js';
import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { selectContainers } from '../../policy/containers.js';
import { isExcused } from '../../policy/decide.js';
import type { Engine } from '../engine.js';
import { instrument } from '../instrument.js';
import { isPending } from '../outcome.js';
import type { SessionPlace } from './place.js';
import type { ScreenedSession } from './screen-session.js';

/** Why a container is not instrumented; `excused` where its policy lets it be so. */
export interface NotInstrumented extends Finding {
  readonly excused: boolean;
}

/**
 * Says why a container without the tracer has none. What the pod says about itself, an opt-out or an annotation, counts
 * as far as the policy lets pods say it: whoever writes it on a running pod could create one that says it.
 */
export function whyNotInstrumented(
  container: ContainerView,
  pod: JsonObject,
  { policy, optedOut, view }: Omit<ScreenedSession, 'rule'>,
  { namespace, namespaceLabels }: Pick<SessionPlace, 'namespace' | 'namespaceLabels'>,
  engine: Engine,
): NotInstrumented {
  if (optedOut !== undefined) return { ...optedOut, excused: optedOut.reason !== 'inject_label_invalid' };
  const annotation = view.annotations[names.containers];
  const { selected } = selectContainers(policy, [container], annotation, false, startOfContainer);
  if (selected.length === 0) return { reason: 'exec_left_out', detail: 'the policy does not select it', excused: true };
  const about = { pod, namespace, namespaceLabels, door: 'validate', admitted: true, trace: false } as const;
  const outcome = instrument(about, withoutReading(engine));
  if (isPending(outcome)) throw new Error('a running pod is judged without waiting');
  const { decision, plan } = outcome;
  const stop = decision.steps.find(({ subject, result }) => subject === container.name && result === 'stop');
  const found =
    stop?.reason !== undefined
      ? { reason: stop.reason, detail: stop.detail }
      : plan === undefined
        ? { reason: decision.reason, detail: decision.detail }
        : undefined;
  if (found === undefined) return { reason: 'parts_missing', detail: 'a new pod would have it traced', excused: false };
  return { ...found, excused: isExcused(policy, found.reason) };
}

/**
 * Nothing is asked of anybody: what is not known about an image stays unknown, and amounts do not matter to a session.
 */
function withoutReading({ rules, facts, images, excludedNamespaces, secretState }: Engine): Engine {
  return { rules, facts, images, excludedNamespaces, secretState };
}
