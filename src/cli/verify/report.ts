import type { ReasonCode } from '../../model/reasons.js';
import type { Workload } from '../../model/workload-of.js';
import type { NamedProcess, SessionProcess, UntracedProcess } from './judge.js';

/** What is known of one container. `not_covered`: nobody asks for it to be traced, so it is not judged. */
export type ContainerState = 'traced' | 'untraced' | 'no_process' | 'not_known' | 'not_covered';

/** Processes by name, as many as are worth listing. */
export interface Listed<Process> {
  readonly listed: readonly Process[];
  /** How many more there are. */
  readonly more: number;
}

/** How one container of the workload fares. */
export interface VerifiedContainer {
  readonly name: string;
  readonly state: ContainerState;
  /** What that rests on: the kernel's word on processes, the pod's spec alone, or what the kubelet reports of it. */
  readonly by: 'processes' | 'spec' | 'status' | 'nothing';
  readonly detail: string;
  readonly reason?: ReasonCode;
  readonly tracer?: NamedProcess;
  /** How many processes the tracer traces. */
  readonly traced?: number;
  readonly untraced?: Listed<UntracedProcess>;
  /** What came in by exec; it decides nothing. */
  readonly sessions?: Listed<SessionProcess>;
}

/** A debug container that somebody added, with its processes. */
export interface DebugContainer {
  readonly name: string;
  readonly processes: Listed<NamedProcess>;
}

/** How a pod was looked into. */
export interface Way {
  /** By exec into the agent's container; by a debug container, which stays in the pod's spec; not at all. */
  readonly by: 'agent' | 'debug_container' | 'none';
  /** The container that was looked from. */
  readonly container?: string;
  /** Why not otherwise, or why not at all. */
  readonly detail?: string;
}

/** How one pod fares. */
export interface VerifiedPod {
  readonly name: string;
  readonly policy?: string;
  readonly profile?: string;
  readonly way: Way;
  readonly containers: readonly VerifiedContainer[];
  readonly debugContainers: readonly DebugContainer[];
  /** Containers with a process that may trace any other, and so could change what a look sees. */
  readonly couldForge: readonly string[];
  /** Processes that are in none of the pod's containers, as far as that can be told. */
  readonly others: Listed<NamedProcess>;
}

/** What all of it comes to; `nothing` where nothing runs that is to be traced. */
export type Result = 'traced' | 'untraced' | 'not_known' | 'nothing';

/** How a workload fares, by the pods that were looked at. */
export interface VerifiedWorkload {
  readonly namespace: string;
  readonly workload: Workload;
  readonly result: Result;
  /** How many pods it has. */
  readonly running: number;
  readonly pods: readonly VerifiedPod[];
}

/** Everything there is to say; `verify -o json` prints it. */
export interface VerifyReport {
  readonly server: string;
  readonly result: Result;
  readonly workloads: readonly VerifiedWorkload[];
  /** Workloads that were left out, since there are more than `--max`. */
  readonly leftOut: number;
}

const mostListed = 20;

/** The first few of a list. */
export function listed<Process>(processes: readonly Process[]): Listed<Process> {
  return { listed: processes.slice(0, mostListed), more: Math.max(0, processes.length - mostListed) };
}

/**
 * What pods come to together: one untraced container decides, then one that is not known, or a process that is in no
 * container of the pod.
 */
export function resultOf(pods: readonly Pick<VerifiedPod, 'containers' | 'others'>[]): Result {
  const states = new Set(pods.flatMap(({ containers }) => containers.map(({ state }) => state)));
  if (states.has('untraced')) return 'untraced';
  if (states.has('not_known') || pods.some(({ others }) => others.listed.length > 0)) return 'not_known';
  return states.has('traced') ? 'traced' : 'nothing';
}
