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
}

/** Most workloads that are told apart: what is counted beyond has no row of its own. */
export const mostWorkloads = 20_000;

/** Texts of a pod's author are part of what is told. */
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
}

interface Sum {
  readonly counts: Counts;
  readonly namespaces: Set<string>;
  readWhole: number;
  beyond: number;
}

const rank: ReadonlyMap<CoverageState, number> = new Map(worstFirst.map((state, index) => [state, index]));

/** Counts pods by policy, and by workload up to a bound. Pods themselves are not kept. */
export class CoverageTally {
  readonly #most: number;
  readonly #sums = new Map<string, Sum>();
  readonly #rows = new Map<string, Row>();

  /** @param most how many workloads are told apart */
  constructor(most = mostWorkloads) {
    this.#most = most;
  }

  /** Counts one pod. */
  add({ verdict, namespace, name, workload, maker, readWhole }: CountedPod): void {
    const { policy, state, reason, detail } = verdict;
    const sum = this.#sumOf(policy);
    sum.counts[state] += 1;
    sum.namespaces.add(namespace);
    if (readWhole) sum.readWhole += 1;
    const row = this.#rowOf(policy, namespace, workload, { state, reason, detail, pod: name, maker });
    if (row === undefined) {
      sum.beyond += 1;
      return;
    }
    row.counts[state] += 1;
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
    const row = this.#rows.get(keyOf(before.policy, pod.namespace, pod.workload));
    if (row === undefined) sum.beyond -= 1;
    else row.counts[before.state] -= 1;
    this.add({ ...pod, verdict: found, readWhole: true });
  }

  /** Takes over what another one has counted. */
  merge(other: CoverageTally): void {
    for (const [policy, { counts, namespaces, readWhole, beyond }] of other.#sums) {
      const sum = this.#sumOf(policy);
      addTo(sum.counts, counts);
      for (const namespace of namespaces) sum.namespaces.add(namespace);
      sum.readWhole += readWhole;
      sum.beyond += beyond;
    }
    for (const row of other.#rows.values()) {
      const mine = this.#rowOf(row.policy, row.namespace, row.workload, row);
      if (mine === undefined) {
        this.#sumOf(row.policy).beyond += podsOf(row.counts);
        continue;
      }
      addTo(mine.counts, row.counts);
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
      [...this.#sums].map(([policy, { counts, namespaces, readWhole, beyond }]) => [
        policy,
        {
          counts: { ...counts },
          pods: podsOf(counts),
          readWhole,
          namespaces: namespaces.size,
          worst: worst.get(policy) ?? [],
          beyond,
        },
      ]),
    );
  }

  #sumOf(policy: string): Sum {
    const known = this.#sums.get(policy);
    if (known !== undefined) return known;
    const sum = { counts: { ...noCounts }, namespaces: new Set<string>(), readWhole: 0, beyond: 0 };
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

function shown({ counts, state, ...row }: Row): WorkloadCoverage {
  // A pod that was corrected may have left its state.
  return { ...row, counts: { ...counts }, pods: podsOf(counts), state: counts[state] > 0 ? state : worstOf(counts) };
}
