import {
  coverageStates,
  noCounts,
  worstFirst,
  type CoverageCounts,
  type CoverageReason,
  type CoverageState,
  type PodVerdict,
  type PolicyCoverage,
  type WorkloadCoverage,
} from '../../model/coverage.js';
import { WouldTally } from './would-tally.js';
import type { Controller, Workload } from '../../model/workload-of.js';

/** A pod as it is counted. */
export interface CountedPod {
  readonly verdict: PodVerdict;
  readonly namespace: string;
  readonly name: string;
  readonly workload: Workload;
  /** Its controller, else the pod itself. */
  readonly maker: Controller;
  readonly readWhole: boolean;
  /** Whether its label says that the API server instrumented it by itself. */
  readonly saysByApiServer: boolean;
}

/** The most workloads that are told apart; further ones have no row of their own. */
export const mostWorkloads = 20_000;

/** The report contains texts from a pod's author. */
const longestDetail = 300;

type Counts = Record<CoverageState, number>;

interface Row {
  readonly policy: string;
  readonly namespace: string;
  readonly workload: Workload;
  readonly counts: Counts;
  /** The first pod that was met in the worst state. */
  state: CoverageState;
  reason: CoverageReason;
  detail: string;
  pod: string;
  maker: Controller;
  readonly would: WouldTally;
}

interface Sum {
  readonly counts: Counts;
  readonly namespaces: Set<string>;
  readonly would: WouldTally;
  readWhole: number;
  byApiServer: number;
  beyond: number;
}

const rank: ReadonlyMap<CoverageState, number> = new Map(worstFirst.map((state, index) => [state, index]));

/** Counts pods by policy, and by workload up to a limit. Pods themselves are not kept. */
export class CoverageTally {
  readonly #most: number;
  readonly #sums = new Map<string, Sum>();
  readonly #rows = new Map<string, Row>();

  /** @param most how many workloads are told apart */
  constructor(most = mostWorkloads) {
    this.#most = most;
  }

  /** Counts one pod. */
  add({ verdict, namespace, name, workload, maker, readWhole, saysByApiServer }: CountedPod): void {
    const { policy, state, reason, detail, would } = verdict;
    const sum = this.#sumOf(policy);
    sum.counts[state] += 1;
    sum.would.add(would);
    sum.namespaces.add(namespace);
    if (readWhole) sum.readWhole += 1;
    if (saysByApiServer && state === 'instrumented') sum.byApiServer += 1;
    const row = this.#rowOf(policy, namespace, workload, { state, reason, detail, pod: name, maker });
    if (row === undefined) {
      sum.beyond += 1;
      return;
    }
    row.counts[state] += 1;
    row.would.add(would);
    if (isWorse(state, row.state)) {
      row.state = state;
      row.reason = reason;
      row.detail = detail.slice(0, longestDetail);
      row.pod = name;
      row.maker = maker;
    }
  }

  /** Counts a pod that was counted by its record as what it was found to be, now that it was read whole. */
  correct({ verdict: before, ...pod }: CountedPod, found: PodVerdict): void {
    const sum = this.#sums.get(before.policy);
    if (sum === undefined) return;
    sum.counts[before.state] -= 1;
    if (pod.saysByApiServer && before.state === 'instrumented') sum.byApiServer -= 1;
    sum.would.add(before.would, -1);
    const row = this.#rows.get(keyOf(before.policy, pod.namespace, pod.workload));
    if (row === undefined) {
      sum.beyond -= 1;
    } else {
      row.counts[before.state] -= 1;
      row.would.add(before.would, -1);
    }
    this.add({ ...pod, verdict: found, readWhole: true });
  }

  /** Takes over what another one has counted. */
  merge(other: CoverageTally): void {
    for (const [policy, { counts, namespaces, readWhole, byApiServer, beyond, would }] of other.#sums) {
      const sum = this.#sumOf(policy);
      addTo(sum.counts, counts);
      sum.would.merge(would);
      for (const namespace of namespaces) sum.namespaces.add(namespace);
      sum.readWhole += readWhole;
      sum.byApiServer += byApiServer;
      sum.beyond += beyond;
    }
    for (const row of other.#rows.values()) {
      const mine = this.#rowOf(row.policy, row.namespace, row.workload, row);
      if (mine === undefined) {
        this.#sumOf(row.policy).beyond += podsOf(row.counts);
        continue;
      }
      addTo(mine.counts, row.counts);
      mine.would.merge(row.would);
      if (isWorse(row.state, mine.state)) {
        mine.state = row.state;
        mine.reason = row.reason;
        mine.detail = row.detail;
        mine.pod = row.pod;
        mine.maker = row.maker;
      }
    }
  }

  /** Every workload that is told apart, the worst first. */
  workloads(): readonly WorkloadCoverage[] {
    return [...this.#rows.values()]
      .filter(({ counts }) => podsOf(counts) > 0)
      .sort(byHarm)
      .map(shown);
  }

  /** What was found, by policy. @param most how many of its worst workloads are named */
  policies(most: number): ReadonlyMap<string, PolicyCoverage> {
    const worst = new Map<string, WorkloadCoverage[]>();
    for (const row of [...this.#rows.values()].sort(byHarm)) {
      if (row.counts.instrumented + row.counts.excused === podsOf(row.counts)) continue;
      const named = worst.get(row.policy) ?? [];
      worst.set(row.policy, named);
      if (named.length < most) named.push(shown(row));
    }
    return new Map(
      [...this.#sums].map(([policy, { counts, namespaces, readWhole, byApiServer, beyond, would }]) => [
        policy,
        {
          counts: { ...counts },
          pods: podsOf(counts),
          readWhole,
          byApiServer,
          namespaces: namespaces.size,
          worst: worst.get(policy) ?? [],
          beyond,
          ...would.shown(),
        },
      ]),
    );
  }

  #sumOf(policy: string): Sum {
    const known = this.#sums.get(policy);
    if (known !== undefined) return known;
    const sum = {
      counts: { ...noCounts },
      namespaces: new Set<string>(),
      would: new WouldTally(),
      readWhole: 0,
      byApiServer: 0,
      beyond: 0,
    };
    this.#sums.set(policy, sum);
    return sum;
  }

  /** A row without any count of its own yet, where it is new; `undefined` beyond the bound. */
  #rowOf(
    policy: string,
    namespace: string,
    workload: Workload,
    { state, reason, detail, pod, maker }: Pick<Row, 'state' | 'reason' | 'detail' | 'pod' | 'maker'>,
  ): Row | undefined {
    const key = keyOf(policy, namespace, workload);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    if (this.#rows.size >= this.#most) return undefined;
    const row = {
      policy,
      namespace,
      workload,
      counts: { ...noCounts },
      state,
      reason,
      detail: detail.slice(0, longestDetail),
      pod,
      maker,
      would: new WouldTally(),
    };
    this.#rows.set(key, row);
    return row;
  }
}

function keyOf(policy: string, namespace: string, { apiVersion, kind, name }: Workload): string {
  return `${policy} ${namespace} ${apiVersion} ${kind} ${name}`;
}

function addTo(counts: Counts, more: CoverageCounts): void {
  for (const state of coverageStates) counts[state] += more[state];
}

function podsOf(counts: CoverageCounts): number {
  return coverageStates.reduce((sum, state) => sum + counts[state], 0);
}

function isWorse(one: CoverageState, other: CoverageState): boolean {
  return rankOf(one) < rankOf(other);
}

function rankOf(state: CoverageState): number {
  return rank.get(state) ?? worstFirst.length;
}

/** The worst state first, then how many pods are in it, then by name. */
function byHarm(one: Row, other: Row): number {
  const [state, otherState] = [worstOf(one.counts), worstOf(other.counts)];
  return (
    rankOf(state) - rankOf(otherState) ||
    other.counts[otherState] - one.counts[state] ||
    compare(one.namespace, other.namespace) ||
    compare(one.workload.name, other.workload.name)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function worstOf(counts: CoverageCounts): CoverageState {
  return worstFirst.find((state) => counts[state] > 0) ?? 'instrumented';
}

function shown({ counts, state, would, ...row }: Row): WorkloadCoverage {
  return {
    ...row,
    counts: { ...counts },
    pods: podsOf(counts),
    // A pod that was corrected may have left its state.
    state: counts[state] > 0 ? state : worstOf(counts),
    ...would.shown(),
  };
}
