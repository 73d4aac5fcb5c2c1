// What is said of pods that run: whether each has what its policy asks for now, and of workloads and policies in sums.
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

/** The worst first: what a workload or a policy is called by. */
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

/** The closed list of what a pod is in its state for, beside the reasons of decisions. */
const causes = {
  every_part: { summary: 'Every part is there.', remedy: 'Nothing to do.' },
  by_its_record: { summary: 'Its record names the plan of now; it was not read whole.', remedy: 'Nothing to do.' },
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
  claim_void: {
    summary: 'The pod carries the record of an instrumentation that it does not have.',
    remedy: 'Find out who wrote the record, then make a new pod.',
  },
} as const satisfies Record<string, { readonly summary: string; readonly remedy: string }>;

/** Why a pod is in its state: a code of the list above, or the reason of the decision that was made anew. */
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

/** What is said of one running pod. */
export interface PodVerdict {
  /** Name of the policy that wins for it. */
  readonly policy: string;
  readonly state: CoverageState;
  readonly reason: CoverageReason;
  /** For people: what the reason is about. */
  readonly detail: string;
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
  /** What makes that pod, with its identity: its controller, else the pod itself. */
  readonly maker: Controller;
}

/** What a sweep found of one policy. */
export interface PolicyCoverage {
  readonly counts: CoverageCounts;
  /** Running pods of the policy. */
  readonly pods: number;
  /** How many of them were read whole; the others by their record. */
  readonly readWhole: number;
  /** In how many namespaces it has pods. */
  readonly namespaces: number;
  /** The worst first, none of those where all is well. */
  readonly worst: readonly WorkloadCoverage[];
  /** Pods of workloads beyond the bound: counted, and not by workload. */
  readonly beyond: number;
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

/** States in which something is to be done, or nobody knows. */
const wrong: ReadonlySet<CoverageState> = new Set<CoverageState>(['forged', 'missed', 'unproven', 'partial', 'stale']);

/** Whether a state is worth a person's look. */
export function isWrong(state: CoverageState): boolean {
  return wrong.has(state);
}

/** `3 missed, 1 stale`: the states that have pods, the worst first. */
export function countsText(counts: CoverageCounts): string {
  return worstFirst.flatMap((state) => (counts[state] === 0 ? [] : [`${counts[state]} ${state}`])).join(', ');
}
