import type { SecretState } from '../../engine/engine.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import type { Rules } from '../../engine/rules.js';
import { readPod, isFinding, type ContainerView } from '../../inject/pod/view.js';
import type { PlannedMember, WorkloadPlan } from '../../inject/pod/plan.js';
import type { DecisionKind, Step } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import type { Prefer } from '../../model/policy.js';
import type { ReasonCode } from '../../model/reasons.js';
import { countContainers, leftOut, remedyOf, type ContainerCount } from '../offline/counts.js';
import type { InstrumentedPod } from '../offline/instrument-templates.js';

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

/** A part of ours in the pod. */
export interface ExplainedPart {
  readonly part: PlannedMember['part'];
  readonly name: string;
  readonly list: 'volumes' | 'initContainers' | 'containers';
  /** Whether the pod has it already. */
  readonly present: boolean;
}

/** Everything there is to say of one pod template; `explain -o json` is a list of these. */
export interface Explanation {
  readonly file: string;
  readonly document: number;
  readonly line: number;
  readonly pointer: string;
  readonly kind: string;
  readonly name: string | undefined;
  /** `undefined` for a task, which has none. */
  readonly namespace: string | undefined;
  /** Of a task: its tags. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  readonly detail: string;
  readonly remedy: string | undefined;
  readonly policy: { readonly name: string; readonly precedence: number; readonly prefer: Prefer } | undefined;
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

/** Puts a decision in the form in which it is explained. */
export function explanationOf(
  edit: InstrumentedPod,
  place: { readonly file: string; readonly document: number; readonly line: number },
  rules: Rules,
  namespaceLabels: Readonly<Record<string, string>>,
): Explanation {
  const { template, outcome, denial } = edit;
  const { decision, plan, rule } = outcome;
  const ranked = rules.policies.ranked.find(({ name }) => name === decision.policy);
  const containers = containersOf(edit);
  const names = new Set(containers.map(({ name }) => name));
  return {
    ...place,
    pointer: template.path,
    kind: template.kind,
    name: template.name,
    namespace: edit.namespace,
    namespaceLabels,
    decision: decision.decision,
    reason: decision.reason,
    detail: decision.detail,
    remedy: remedyOf(decision.reason),
    policy:
      ranked === undefined || decision.prefer === undefined
        ? undefined
        : { name: ranked.name, precedence: ranked.precedence, prefer: decision.prefer },
    profile: rule?.profile.metadata.name,
    admission:
      denial === undefined ? { allowed: true } : { allowed: false, reason: denial.reason, detail: denial.detail },
    changes: edit.operations.length > 0,
    count: countContainers(outcome),
    steps: decision.steps
      .filter((step) => !names.has(step.subject) || step.subject === 'pod')
      .map((step) => withRemedy(step)),
    containers,
    parts: plan === undefined ? [] : partsOf(plan),
    imagePullSecrets: plan?.pullSecrets ?? [],
    shareProcessNamespace: plan?.shareProcessNamespace ?? false,
    growth: { requests: plan?.growth.requests ?? {}, limits: plan?.growth.limits ?? {} },
  };
}

/** A check, with what helps where something does. */
export function withRemedy(step: Step, of: 'pod' | 'task' = 'pod'): ExplainedStep {
  const remedy = step.reason === undefined ? undefined : remedyOf(step.reason, of);
  return remedy === undefined ? step : { ...step, remedy };
}

function partsOf(plan: NonNullable<InstrumentedPod['outcome']['plan']>): readonly ExplainedPart[] {
  return (['volumes', 'initContainers', 'containers'] as const).flatMap((list) =>
    plan[list].map(({ part, name, present }) => ({ part, name, list, present: present !== undefined })),
  );
}

/** The containers of the workload, in the pod's order: those that something is said of. */
function containersOf({ template, outcome }: InstrumentedPod): readonly ExplainedContainer[] {
  const { decision, plan, images } = outcome;
  const omitted = leftOut(decision);
  return viewsOf(template).flatMap((view): readonly ExplainedContainer[] => {
    const about = { name: view.name, list: view.list };
    const stop = omitted.find(({ subject }) => subject === view.name);
    if (stop !== undefined) {
      const explained = withRemedy(stop);
      return [{ ...about, ...pick(explained), result: 'left_out' }];
    }
    const planned = plan?.workload.find(({ container }) => container.name === view.name);
    if (planned !== undefined)
      return [{ ...about, ...instrumented(planned, images.get(view.name), plan?.recipe.wrapper !== undefined) }];
    const note = decision.steps.find(({ subject, result }) => subject === view.name && result === 'note');
    return note === undefined ? [] : [{ ...about, result: 'not_selected', detail: note.detail }];
  });
}

function pick({ detail, reason, remedy }: ExplainedStep) {
  return { detail, ...(reason === undefined ? {} : { reason }), ...(remedy === undefined ? {} : { remedy }) };
}

function viewsOf({ pod }: PodTemplate): readonly ContainerView[] {
  const view = readPod(pod);
  return isFinding(view) ? [] : [...view.initContainers, ...view.containers];
}

function instrumented(
  { container, command, args, env, mounts, capabilities, execs }: WorkloadPlan,
  image: ImageOutcome | undefined,
  wraps: boolean,
): Omit<ExplainedContainer, 'name' | 'list'> {
  const fromImage = container.command.length === 0 && image?.ok === true ? image : undefined;
  const before: Argv = {
    command: fromImage?.config.entrypoint ?? container.command,
    args: fromImage === undefined || container.args.length > 0 ? container.args : fromImage.config.cmd,
  };
  return {
    result: 'instrumented',
    detail: !wraps
      ? 'is not wrapped: the profile has no tracer'
      : command === undefined
        ? 'is wrapped already'
        : 'is wrapped',
    before,
    after: { command: command ?? container.command, args: args ?? container.args },
    source: fromImage?.source ?? 'manifest',
    ...(fromImage?.digest === undefined ? {} : { digest: fromImage.digest }),
    adds: {
      env: env.map(({ name }) => name),
      mounts: mounts.map(({ mountPath }) => mountPath),
      capabilities,
      execs: execs.map(({ pointer }) => pointer),
    },
  };
}
