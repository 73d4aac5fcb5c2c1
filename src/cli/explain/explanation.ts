import type { SecretState } from '../../engine/engine.js';
import type { PlannedMember } from '../../inject/pod/plan.js';
import type { DecisionKind, Step } from '../../model/decision.js';
import type { Prefer } from '../../model/policy.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { ContainerCount } from '../offline/counts.js';

/** A check, and what helps where it went against the pod. */
export interface ExplainedStep extends Step {
  readonly remedy?: string;
}

/** What a container starts: its `command` and `args`, or what its image says in their place. */
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
  /** Where `before` is from: the manifest itself, or the image by way of one of these. */
  readonly source?: 'manifest' | 'annotation' | 'map' | 'cache' | 'registry';
  readonly digest?: string;
  /** What else the container gains; values are left out. */
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
  /** What a pod's author could do about it, where it means not to trust them: the message of the condition `Weak`. */
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

/** Where a pod template or a task stands. */
export interface ExplainedPlace {
  readonly file: string;
  readonly document: number;
  readonly line: number;
}

/** Everything there is to say of one pod template or task; `explain -o json` is a list of these. */
export interface Explanation extends ExplainedPlace {
  readonly pointer: string;
  readonly kind: string;
  /** Of a pod template's object, where its kind is an extension's. */
  readonly apiVersion?: string;
  /** Which of the object's templates it is, where its kind may have several. */
  readonly part?: string;
  readonly name: string | undefined;
  /** `undefined` for a task, which has none. */
  readonly namespace: string | undefined;
  /** Of a task: its tags. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly detail: string;
  readonly remedy: string | undefined;
  readonly policy: ExplainedPolicy | undefined;
  readonly profile: string | undefined;
  /** What the validating webhook says of the result. */
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

/** What a cluster has of an object, beside what would become of a new pod of it. */
export interface LiveState {
  readonly server: string;
  /** What is taken for true of the cluster: settings win over what it says of itself. */
  readonly cluster: {
    readonly version?: string;
    readonly nodes?: number;
    readonly nativeSidecars: boolean;
    readonly imageVolumes: boolean;
    readonly openShift: boolean;
  };
  /** Of the access key that the policy's profile refers to; absent where it refers to none. */
  readonly secret?: {
    readonly namespace: string;
    readonly name: string;
    readonly key: string;
    readonly state: SecretState;
  };
  /** Of a pod: its own state. */
  readonly pod?: PodState;
  /** Of a workload: its pods as they run, as many as were looked at. */
  readonly pods?: { readonly seen: number; readonly instrumented: number };
}

/** What is to be seen of the instrumentation on a pod that exists. */
export interface PodState {
  /** Whether every part of the plan is there; `undefined` where there is no plan to compare with. */
  readonly instrumented: boolean | undefined;
  /** The parts of the plan that it lacks. */
  readonly missing: readonly string[];
  /** What was written on it when it was created: a record, no proof. */
  readonly stamped: {
    readonly status?: string;
    readonly policy?: string;
    readonly reason?: string;
    readonly plan?: string;
  };
  /** What would be written on a new one. */
  readonly current: { readonly policy?: string; readonly plan?: string };
}
