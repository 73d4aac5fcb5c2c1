import type { ApiServerObjects } from '../../engine/api-server/objects.js';
import type { PlanParameters } from '../../model/instrumentation-plan.js';
import type { NotClaimable } from '../../model/not-claimable.js';
import type { LabelSelector } from '../../model/selector.js';
import type { FittedPlan } from './plan-contents.js';

/** A policy of ours in the form that the API server could carry out. */
export interface ClaimedPolicy {
  readonly name: string;
  /** Which pods it is for: `selectorsKey`. */
  readonly key: string;
  /** Which namespaces it is for: without those that are never touched. */
  readonly namespaceSelector: LabelSelector;
  /** How many match conditions the policy's webhook has. */
  readonly conditions: number;
  /** The namespaces that its selector selects, in the order in which they get parameters. */
  readonly namespaces: readonly string[];
  /** @param name the name of all four objects */
  objects(name: string): ApiServerObjects;
  /** Looks up what the parameters depend on. Never rejects. */
  prepare(namespace: string, signal: AbortSignal): Promise<void>;
  /** @param before the existing parameters */
  plan(namespace: string, before: PlanParameters | undefined): FittedPlan | NotClaimable;
}
