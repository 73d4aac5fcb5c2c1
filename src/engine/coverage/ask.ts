import { isFinding, readPod, type PodView } from '../../inject/pod/view.js';
import type { PodVerdict } from '../../model/coverage.js';
import type { JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { Engine } from '../engine.js';
import { instrument } from '../instrument.js';
import { isPending, type Outcome } from '../outcome.js';
import type { Rule } from '../rules.js';

/** A pod's namespace. */
export interface PodPlace {
  readonly namespace: string;
  readonly labels: StringMap;
}

/** What the engine says about a running pod. */
export interface Asked {
  readonly outcome: Outcome;
  readonly rule: Rule | undefined;
  /** `undefined` for a pod that cannot be read. */
  readonly view: PodView | undefined;
}

/**
 * Decides as the validating door would, without looking anything up. @param engine one of `looks.ts`, which never waits
 */
export function askAnew(pod: JsonObject, { namespace, labels }: PodPlace, engine: Engine): Asked {
  const outcome = instrument(
    { pod, namespace, namespaceLabels: labels, door: 'validate', admitted: true, trace: false },
    engine,
  );
  if (isPending(outcome)) throw new Error('a running pod is judged without waiting');
  const view = readPod(pod, engine.facts.maxContainers);
  const { policy } = outcome.decision;
  const rule = outcome.rule ?? (policy === undefined ? undefined : engine.rules.byPolicy.get(policy));
  return { outcome, rule, view: isFinding(view) ? undefined : view };
}

/** The state that a decision on a running pod stands for, whatever the pod claims. */
export function decidedOn({ outcome: { decision } }: Asked): Omit<PodVerdict, 'policy'> {
  const { decision: kind, reason, detail } = decision;
  switch (kind) {
    case 'inject':
      return { state: 'instrumented', reason: 'every_part', detail: '' };
    case 'partial':
      return { state: 'partial', reason, detail };
    case 'deny':
      return { state: 'missed', reason, detail };
    case 'skip':
      return { state: reason === 'parts_missing' ? 'missed' : 'excused', reason, detail };
  }
}
