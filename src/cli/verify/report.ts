import type { ReasonCode } from '../../model/reasons.js';
import type { Workload } from '../../model/workload-of.js';
import type { NamedProcess, SessionProcess, UntracedProcess } from './judge.js';

/** What is known about one container. `not_covered`: no policy asks for it to be traced, so it is not judged. */
export type ContainerState = 'traced' | 'untraced' | 'no_process' | 'not_known' | 'not_covered';

/** Processes by name, as many as are worth listing. */
export interface Listed<Process> {
  readonly listed: readonly Process[];
  /** The number of further processes. */
  readonly more: number;
}

/** How one container of the workload fares. */
export interface VerifiedContainer {
  readonly name: string;
  readonly state: ContainerState;
  /** The source of the finding: the kernel's data on processes, the pod's spec alone, or the kubelet's report. */
  readonly by: 'processes' | 'spec' | 'status' | 'nothing';
  readonly detail: string;
  readonly reason?: ReasonCode;
  readonly tracer?: NamedProcess;
  /** How many processes the tracer traces. */
  readonly traced?: number;
  readonly untraced?: Listed<UntracedProcess>;
  /** The processes that entered by exec. They do not affect the result. */
  readonly sessions?: Listed<SessionProcess>;
}

/** A debug container that somebody added, with its processes. */
export interface DebugContainer {
  readonly name: string;
  readonly processes: Listed<NamedProcess>;
}

/** How a pod was looked into. */
export interface Way {
  /** By exec into the agent's container, by a debug container, which stays in the pod's spec, or not at all. */
  readonly by: 'agent' | 'debug_container' | 'none';
  /** The container that was looked from. */
  readonly container?: string;
  /** Why it was not looked into in another way, or not at all. */
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
  /** Containers with a process that may trace any other process, and so could change what a look sees. */
  readonly couldForge: readonly string[];
  /** Processes that are in none of the pod's containers, as far as that can be told. */
  readonly others: Listed<NamedProcess>;
}

/** The overall result; `nothing` if nothing runs that should be traced. */
export type Result = 'traced' | 'untraced' | 'not_known' | 'nothing';

/** The result for a workload, by the pods that were looked at. */
export interface VerifiedWorkload {
  readonly namespace: string;
  readonly workload: Workload;
  readonly result: Result;
  /** How many pods it has. */
  readonly running: number;
  readonly pods: readonly VerifiedPod[];
}

/** The whole report; `verify -o json` prints it. */
export interface VerifyReport {
  readonly server: string;
  readonly result: Result;
  readonly workloads: readonly VerifiedWorkload[];
  /** Workloads that were left out because there are more than `--max`. */
  readonly leftOut: number;
}

const mostListed = 20;

/** The first few of a list. */
export function listed<Process>(processes: readonly Process[]): Listed<Process> {
  return { listed: processes.slice(0, mostListed), more: Math.max(0, processes.length - mostListed) };
}

/**
 * The combined result of pods. One untraced container decides it. Otherwise, one unknown container, or a process that is in
 * no container of the pod, decides it.
 */
export function resultOf(pods: readonly Pick<VerifiedPod, 'containers' | 'others'>[]): Result {
  const states = new Set(pods.flatMap(({ containers }) => containers.map(({ state }) => state)));
  if (states.has('untraced')) return 'untraced';
  if (states.has('not_known') || pods.some(({ others }) => others.listed.length > 0)) return 'not_known';
  return states.has('traced') ? 'traced' : 'nothing';
}
