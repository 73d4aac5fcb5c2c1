/** What a policy in mode Report would do with running pods in mode Inject. */
import type { WouldBeOf } from '../../model/coverage.js';
import type { Decision } from '../../model/decision.js';
import type { ImageResolver } from '../../model/image.js';
import type { JsonObject } from '../../model/json.js';
import type { Engine } from '../engine.js';
import { instrument } from '../instrument.js';
import { askAnew, type PodPlace } from './ask.js';
import { withoutLookUps } from './looks.js';

/**
 * What would be done with a pod, by what is known already. Nothing is looked up.
 * @returns `undefined` for a pod of a policy that does more than report, or of none
 */
export function wouldBeNow(pod: JsonObject, place: PodPlace, engine: Engine): WouldBeOf | undefined {
  let isAssumed = false;
  const asked = askAnew(
    pod,
    place,
    withoutLookUps(engine, () => (isAssumed = true)),
  );
  return wouldBeOf(asked.outcome.decision, isAssumed);
}

/**
 * The same, with images looked up as they would be for a new pod. Nothing is written.
 * @param images what is asked instead of the engine's own resolver
 */
export async function wouldBeLookedUp(
  pod: JsonObject,
  { namespace, labels }: PodPlace,
  engine: Engine,
  images: ImageResolver,
  signal: AbortSignal,
): Promise<WouldBeOf | undefined> {
  const request = { pod, namespace, namespaceLabels: labels, admitted: true, trace: false, dryRun: true } as const;
  const { decision } = await instrument({ ...request, door: 'mutate', lookUp: () => signal }, { ...engine, images });
  return wouldBeOf(decision, false);
}

/** @param isAssumed whether the decision stands on an image that nobody has looked up */
export function wouldBeOf({ would }: Decision, isAssumed: boolean): WouldBeOf | undefined {
  if (would === undefined) return undefined;
  const { decision, reason } = would;
  return isAssumed ? { decision: 'unknown', reason: 'image_not_looked_up', ifFound: decision } : { decision, reason };
}
