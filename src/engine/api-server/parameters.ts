import type { ImageArgv, PlanParameters } from '../../model/instrumentation-plan.js';
import { asJson } from '../../model/json.js';
import type { NotClaimable } from '../../model/not-claimable.js';
import type { StringMap } from '../../model/selector.js';
import { same } from '../../inject/pod/covers.js';
import type { Engine } from '../engine.js';
import { claimOf } from './claimable.js';
import { podSecurityLabel } from './conditions.js';
import { partsOf } from './parts.js';

/** What the parameters of one policy in one namespace are made of. */
export interface ParametersInput {
  readonly policyName: string;
  readonly engine: Engine;
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  /** By the reference as pods have it: those of `imageArgvOf`, as many as fit. */
  readonly images: Readonly<Record<string, ImageArgv>>;
  /** What is there now: of another version, its first plan becomes the previous one. */
  readonly before: PlanParameters | undefined;
}

/** Makes the parameters of one policy in one namespace. No I/O: what is not known yet is not claimed. */
export function planParametersOf(input: ParametersInput): PlanParameters | NotClaimable {
  const { policyName, engine, namespace, namespaceLabels, images, before } = input;
  const claim = claimOf(policyName, engine);
  if ('reason' in claim) return claim;
  const parts = partsOf(claim, engine, namespace, namespaceLabels);
  if ('reason' in parts) return parts;
  const [current, previous] = before?.plans ?? [];
  const isCurrent = current !== undefined && same(asJson(current), asJson(parts));
  const earlier = isCurrent ? previous : current;
  return {
    podSecurity: namespaceLabels[podSecurityLabel] ?? '',
    plans: earlier === undefined ? [parts] : [parts, earlier],
    images: { ...images },
  };
}
