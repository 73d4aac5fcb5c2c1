import type { SecretState } from '../../engine/engine.js';
import type { PlannedMember } from '../../inject/pod/plan.js';
import type { DecisionKind, Step } from '../../model/decision.js';
import type { Prefer } from '../../model/policy.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { TakenBackEntry } from '../../model/taken-back.js';
import type { ContainerCount } from '../offline/counts.js';

/** A check, and the remedy if it failed. */
export interface ExplainedStep extends Step {
  readonly remedy?: string;
}

/** What a container starts: its `command` and `args`, or what its image gives in their place. */
export interface Argv {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

/** How one container of the workload fares. */
export interface ExplainedContainer {
  readonly name: string;
  readonly list: 'containers' | 'initContainers';
  readonly result: 'instrumented' | 'left_out' | 'not_selected';
  readonly detail: string;
  readonly reason?: ReasonCode;
  readonly remedy?: string;
  readonly before?: Argv;
  readonly after?: Argv;
  /** Where `before` comes from: the manifest itself, or the image through one of these. */
  readonly source?: 'manifest' | 'annotation' | 'map' | 'cache' | 'registry';
  readonly digest?: string;
  /** What else is added to the container, without values. */
  readonly adds?: {
    readonly env: readonly string[];
    readonly mounts: readonly string[];
    readonly capabilities: readonly string[];
    /** JSON pointers, inside the container, of the probes and hooks that are wrapped. */
    readonly execs: readonly string[];
  };
}

/** The policy that decided. */
export interface ExplainedPolicy {
  readonly name: string;
  readonly precedence: number;
  readonly prefer: Prefer;
  /**
   * If the policy is meant not to trust authors: how a pod's author could bypass it. The message of the condition `Weak`.
   */
  readonly weak?: string;
}

/** A part of ours in the pod. */
export interface ExplainedPart {
  readonly part: PlannedMember['part'];
  readonly name: string;
  readonly list: 'volumes' | 'initContainers' | 'containers';
  /** Whether the pod has it already. */
  readonly present: boolean;
}

/** Where a pod template or a task is. */
export interface ExplainedPlace {
  readonly file: string;
  readonly document: number;
  readonly line: number;
}

/** Everything about one pod template or task; `explain -o json` is a list of these. */
export interface Explanation extends ExplainedPlace {
  readonly pointer: string;
  readonly kind: string;
  /** The API version of the pod template's object, if its kind is from an extension. */
  readonly apiVersion?: string;
  /** Which of the object's templates it is, if its kind can have several. */
  readonly part?: string;
  readonly name: string | undefined;
  /** `undefined` for a task, which has none. */
  readonly namespace: string | undefined;
  /** For a task: its tags. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly detail: string;
  readonly remedy: string | undefined;
  readonly policy: ExplainedPolicy | undefined;
  readonly profile: string | undefined;
  /** What the validating webhook says about the result. */
  readonly admission: { readonly allowed: boolean; readonly reason?: ReasonCode; readonly detail?: string };
  /** True when the manifest would change. */
  readonly changes: boolean;
  readonly count: ContainerCount;
  readonly steps: readonly ExplainedStep[];
  readonly containers: readonly ExplainedContainer[];
  readonly parts: readonly ExplainedPart[];
  readonly imagePullSecrets: readonly string[];
  readonly shareProcessNamespace: boolean;
  readonly growth: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  /** Given for an object of a cluster. */
  readonly live?: LiveState;
}

/** The state of an object in a cluster, besides what would happen to a new pod of it. */
export interface LiveState {
  readonly server: string;
  /** What is assumed about the cluster. Settings win over what the cluster reports. */
  readonly cluster: {
    readonly version?: string;
    readonly nodes?: number;
    readonly nativeSidecars: boolean;
    readonly imageVolumes: boolean;
    readonly openShift: boolean;
  };
  /** The access key that the policy's profile refers to; absent if it refers to none. */
  readonly secret?: {
    readonly namespace: string;
    readonly name: string;
    readonly key: string;
    readonly state: SecretState;
  };
  /** For a pod: its own state. */
  readonly pod?: PodState;
  /** For a workload: which way a new pod of it would be instrumented, where the API server may do so by itself. */
  readonly way?: { readonly by: 'api-server' | 'webhook' | 'unknown'; readonly detail: string };
  /** For a workload: its running pods, as many as were looked at. */
  readonly pods?: { readonly seen: number; readonly instrumented: number };
  /** If its workload was taken back: what is known about that. */
  readonly takenBack?: TakenBackState;
}

/** Why new pods of a workload are left alone, and until when. */
export interface TakenBackState extends Pick<TakenBackEntry, 'policy' | 'evidence' | 'since' | 'tries'> {
  /** When it is tried again, or since when that goes on. */
  readonly again: { readonly at: string; readonly isNow: boolean };
}

/** The instrumentation of an existing pod. */
export interface PodState {
  /** Whether every part of the plan is there; `undefined` if there is no plan to compare with. */
  readonly instrumented: boolean | undefined;
  /** The parts of the plan that it lacks. */
  readonly missing: readonly string[];
  /** What was written on it when it was created. It is a record, not a proof. */
  readonly stamped: {
    readonly status?: string;
    readonly policy?: string;
    readonly reason?: string;
    readonly plan?: string;
    /** The label’s word, where it has one: `api-server`, or the `webhook`, which found that and went over the pod. */
    readonly by?: string;
  };
  /** What would be written on a new pod. */
  readonly current: { readonly policy?: string; readonly plan?: string };
}
