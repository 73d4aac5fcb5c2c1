import type { Door } from '../model/decision.js';
import type { ImageResolver } from '../model/image.js';
import type { JsonObject } from '../model/json.js';
import type { ClusterFacts, PodNodes } from '../model/recipe.js';
import type { StringMap } from '../model/selector.js';
import type { CanaryWorkload } from './canary.js';
import type { KnownLimits } from './known-limits.js';
import type { Rule, Rules } from './rules.js';
import type { TakenBack } from '../model/taken-back.js';

/** A pod, or a pod template, to decide on. */
export interface PodRequest {
  readonly pod: JsonObject;
  /** The namespace the pod goes to: the request's, since `metadata.namespace` may be empty (E29). */
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  readonly door: Door;
  /** True at admission, where the ServiceAccount's pull secrets are in the pod already; false in a manifest (E31). */
  readonly admitted: boolean;
  /** Record every check, for `explain`. */
  readonly trace: boolean;
  /** A dry run: nothing may be created for this pod. */
  readonly dryRun?: boolean;
  /** The object whose template it is, where there is no pod yet. */
  readonly workload?: CanaryWorkload | undefined;
  /** Gives the signal under which look-ups run; absent where nothing may be looked up. */
  readonly lookUp?: (() => AbortSignal) | undefined;
}

/**
 * Whether a Secret's key is there, as far as that is known. `blocked`: someone else's Secret is in the place of the
 * copy, and is neither overwritten nor used.
 */
export type SecretState = 'present' | 'missing' | 'unknown' | 'blocked';

/** What a cluster knows about the access keys that pods refer to, and how it copies them (E31). */
export interface Credentials {
  /**
   * Looks up a rule's Secret in a namespace before a pod there is decided on, and creates its copy if the policy
   * mirrors it. Never rejects, and ends soon: what is not known by then stays unknown.
   *
   * @param effects false on a dry run: nothing is made
   * @returns `undefined` when there is nothing to wait for, as is usual
   */
  prepare(namespace: string, rule: Rule, effects: boolean, signal: () => AbortSignal): Promise<void> | undefined;
  /** Why a Secret is missing or blocked, for people, where there is more to say than that; no I/O. */
  detail(namespace: string, name: string, key: string): string | undefined;
  /** Version of the key that a pod made now gets: a record of the pod, made so that nothing of the key shows; no I/O. */
  version(namespace: string, name: string, key: string): string | undefined;
}

/** Everything that a decision needs. Passed in, and replaced as a whole when the configuration changes. */
export interface Engine {
  readonly rules: Rules;
  readonly facts: ClusterFacts;
  readonly images: ImageResolver;
  /** Names of the namespaces that are never touched. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /**
   * Whether a key of a Secret is there; no I/O.
   * @param mirrorOf the policy whose copy it has to be; absent where any Secret will do
   */
  readonly secretState: (namespace: string, name: string, key: string, mirrorOf?: string) => SecretState;
  /** Only in a cluster. */
  readonly credentials?: Credentials;
  /** Only in a cluster. */
  readonly limits?: KnownLimits;
  /** Only in a cluster. Replaced with the engine when it changes. */
  readonly takenBack?: TakenBack;
  /** For what is decided pod by pod; absent where `facts.imageVolumes` counts for every pod. */
  readonly nodes?: PodNodes;
}
