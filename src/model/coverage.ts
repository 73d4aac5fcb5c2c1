// What is reported about running pods: whether each has what its policy asks for now, and totals for workloads and
// policies.
import type { DecisionKind } from './decision.js';
import { reasons, type ReasonCode } from './reasons.js';
import type { Controller, Workload } from './workload-of.js';

/** What each state of a running pod means. */
export const stateTexts = {
  instrumented: 'It has every part that a new pod would get; of a pod that was not read whole, its record says so.',
  partial: 'Some of its containers were left out, for a reason.',
  stale:
    'It is instrumented by an earlier version of the policy, the profile, the access key or the cluster’s settings.',
  excused: 'It runs uninstrumented, and a new pod would too, for a reason.',
  missed: 'It runs uninstrumented, and a new pod would be instrumented or denied.',
  unproven:
    'It names a plan that this version of Outrider does not know, or differs in ways that another version may have made.',
  forged: 'It claims to be instrumented, and that does not hold.',
} as const satisfies Record<string, string>;

/** State of a running pod. */
export type CoverageState = keyof typeof stateTexts;

/** Every state, in the order in which they are shown. */
export const coverageStates = Object.keys(stateTexts) as readonly CoverageState[];

/** The worst first. The worst state of its pods is that of a workload or a policy. */
export const worstFirst: readonly CoverageState[] = [
  'forged',
  'missed',
  'unproven',
  'partial',
  'stale',
  'excused',
  'instrumented',
];

/** How many pods are in each state. */
export type CoverageCounts = Readonly<Record<CoverageState, number>>;

/** The closed list of causes of a pod's state, besides the reasons of decisions. */
const causes = {
  every_part: { summary: 'Every part is there.', remedy: 'Nothing to do.' },
  by_its_record: { summary: 'Its record names the current plan; it was not read whole.', remedy: 'Nothing to do.' },
  before_in_force: {
    summary: 'The pod was created before the API server called Outrider for the policy.',
    remedy: 'Make a new pod: restart the workload.',
  },
  not_reached: {
    summary: 'The pod was created while the API server did not reach Outrider.',
    remedy: 'Make a new pod: restart the workload.',
  },
  another_path: {
    summary: 'The pod came by another path, or the call for it failed.',
    remedy: 'Make a new pod: restart the workload. If that one is missed too, look at the API server’s log.',
  },
  other_plan: {
    summary: 'The pod is instrumented by another version of the policy or its profile.',
    remedy: 'Make a new pod: restart the workload.',
  },
  other_key: {
    summary: 'The pod was created with another version of the access key.',
    remedy: 'Make a new pod: restart the workload.',
  },
  other_settings: {
    summary: 'The pod is instrumented as the cluster, its namespace or Outrider’s settings were before.',
    remedy: 'Make a new pod: restart the workload.',
  },
  unknown_plan: {
    summary: 'The pod names a plan that this version of Outrider does not know.',
    remedy: 'Make a new pod, or let the version of Outrider look that made it.',
  },
  parts_of_another: {
    summary: 'Parts of ours are other than this version of Outrider makes them.',
    remedy: 'Make a new pod: restart the workload. Prove the old one first with outrider verify if that matters.',
  },
  image_not_looked_up: {
    summary: 'What would be done depends on what an image starts, and nobody has looked that up yet.',
    remedy: 'Nothing to do: the leader looks up some images with each look. A new pod is decided on at once.',
  },
  instrumented_before: {
    summary: 'The pod says that it is instrumented, so it does not show what would be done with a new one.',
    remedy: 'Nothing to do: a new pod is decided on.',
  },
  claim_void: {
    summary: 'The pod carries the record of an instrumentation that it does not have.',
    remedy: 'Find out who wrote the record, then make a new pod.',
  },
} as const satisfies Record<string, { readonly summary: string; readonly remedy: string }>;

/** Why a pod is in its state: a code of the list above, or the reason of the decision that was made again. */
export type CoverageReason = keyof typeof causes | ReasonCode;

/** Each cause with what it means and what helps. */
export const coverageCauses: Readonly<
  Record<keyof typeof causes, { readonly summary: string; readonly remedy: string }>
> = causes;

/** What a reason means and what helps. */
export function coverageText(reason: CoverageReason): { readonly summary: string; readonly remedy: string } {
  return isCause(reason) ? coverageCauses[reason] : reasons[reason];
}

function isCause(reason: CoverageReason): reason is keyof typeof causes {
  return Object.hasOwn(causes, reason);
}

/**
 * What a policy in mode Report would do with a pod like a running one in mode Inject. `unknown`: that depends on an image that
 * nobody has looked up, or the pod is instrumented already.
 */
export type WouldDecision = DecisionKind | 'unknown';

/** In the order in which they are shown. */
export const wouldDecisions = [
  'inject',
  'partial',
  'skip',
  'deny',
  'unknown',
] as const satisfies readonly WouldDecision[];

/** What would be done with one pod, and why. */
export interface WouldBeOf {
  readonly decision: WouldDecision;
  readonly reason: CoverageReason;
  /** Of `unknown`: what it would be if every image were one that can be looked up. */
  readonly ifFound?: DecisionKind;
}

/** With how many pods the same would be done for the same reason. */
export interface WouldCount extends WouldBeOf {
  readonly pods: number;
}

/** The report on one running pod. */
export interface PodVerdict {
  /** Name of the policy that wins for it. */
  readonly policy: string;
  readonly state: CoverageState;
  readonly reason: CoverageReason;
  /** What the reason is about, as text for people. */
  readonly detail: string;
  /** Only of a policy whose mode is Report. */
  readonly would?: WouldBeOf;
}

/** One workload under one policy. */
export interface WorkloadCoverage {
  readonly policy: string;
  readonly namespace: string;
  readonly workload: Workload;
  readonly counts: CoverageCounts;
  readonly pods: number;
  /** The worst state of its pods. */
  readonly state: CoverageState;
  /** Why the first pod that was met in that state is in it. */
  readonly reason: CoverageReason;
  readonly detail: string;
  /** Name of that pod. */
  readonly pod: string;
  /** The pod's controller with its identity, else the pod itself. */
  readonly maker: Controller;
  /** What would be done with its pods. Absent for a policy that does more than report. */
  readonly would?: readonly WouldCount[];
}

/** What a sweep found about one policy. */
export interface PolicyCoverage {
  readonly counts: CoverageCounts;
  /** Running pods of the policy. */
  readonly pods: number;
  /** How many of them were read whole; the others by their record. */
  readonly readWhole: number;
  /** How many of the instrumented ones the API server made by itself alone, as their label says. */
  readonly byApiServer: number;
  /** The number of namespaces in which it has pods. */
  readonly namespaces: number;
  /** The worst first; those without a problem are left out. */
  readonly worst: readonly WorkloadCoverage[];
  /** Pods of workloads beyond the limit, which are only counted in total. */
  readonly beyond: number;
  /** What would be done with its pods. Absent for a policy that does more than report. */
  readonly would?: readonly WouldCount[];
}

/** No pod in any state. */
export const noCounts: CoverageCounts = {
  instrumented: 0,
  partial: 0,
  stale: 0,
  excused: 0,
  missed: 0,
  unproven: 0,
  forged: 0,
};

/** States that need action, or in which the truth is not known. */
const wrong: ReadonlySet<CoverageState> = new Set<CoverageState>(['forged', 'missed', 'unproven', 'partial', 'stale']);

/** Whether a person should look at a state. */
export function isWrong(state: CoverageState): boolean {
  return wrong.has(state);
}

/** `3 missed, 1 stale`: the states that have pods, the worst first. */
export function countsText(counts: CoverageCounts): string {
  return worstFirst.flatMap((state) => (counts[state] === 0 ? [] : [`${counts[state]} ${state}`])).join(', ');
}

/** `12 inject, 2 deny (host_network)`: what would be done, with the reason of everything but an injection. */
export function wouldText(
  would: readonly {
    readonly decision: WouldDecision;
    readonly reason: string;
    readonly ifFound?: DecisionKind;
    readonly pods: number;
  }[],
): string {
  return would
    .map(({ decision, reason, ifFound, pods }) => {
      if (ifFound !== undefined) return `${pods} ${ifFound} if the images are found`;
      return `${pods} ${decision}${decision === 'inject' ? '' : ` (${reason})`}`;
    })
    .join(', ');
}
