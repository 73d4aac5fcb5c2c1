import { largestName, variablesName } from './cases.js';
import type { Row } from './measure.js';
import type { Soak } from './soak.js';
import { rounded } from './statistics.js';
import type { Table } from './table.js';

/** Everything that a run found out. */
export interface Report {
  readonly node: string;
  readonly cpus: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
  /** Look-ups of images: the registry's own time for its three requests, compared with what a whole review takes. */
  readonly lookup?: { readonly registryP50Ms: number; readonly registryP99Ms: number };
  /** Milliseconds from the start of the process to ready, the median of so many starts. */
  readonly start?: { readonly starts: number; readonly medianMs: number };
  readonly memory: { readonly outriderPeakMegabytes: number; readonly floorPeakMegabytes: number };
  readonly soak?: Soak;
}

/** Something the figures are compared with. Every value is to be at most the limit. */
export interface Goal {
  readonly goal: string;
  readonly value: number;
  readonly aim: number;
  readonly limit: number;
  readonly verdict: 'aim reached' | 'within the limit' | 'missed';
}

export const uncachedName = 'inject, image looked up, 7 KB';
const megabytesLimit = 120;
const startLimitMs = 1000;
const lookupLimitMs = 5;

/** The goals that this run has figures for. */
export function goalsOf(report: Report): readonly Goal[] {
  const { rows, soak, lookup, start } = report;
  const find = (name: string): Row | undefined => rows.find((row) => row.case === name);
  const goals = rows.flatMap((row) =>
    row.goal === undefined
      ? []
      : [judged(`${row.case}: CPU time, × floor`, row.ratios.constant, row.goal.aim, row.goal.limit)],
  );
  const largest = find(largestName);
  if (largest?.beside !== undefined) {
    const { bytes, ratio } = largest.beside;
    const growth = rounded(ratio / (largest.bytes / bytes), 2);
    goals.push(judged('1.4 MB beside 64 KB: CPU time per byte, ×', growth, 1, 1));
  }
  const variables = find(variablesName);
  if (variables?.beside !== undefined) {
    goals.push(judged('2,000 variables beside 1,000: CPU time, ×', variables.beside.ratio, 2, 2.2));
  }
  const uncached = find(uncachedName);
  if (uncached !== undefined && lookup !== undefined) {
    const added = rounded(uncached.latencies.outrider.p99Ms - lookup.registryP99Ms, 2);
    goals.push(judged('image looked up: p99 over the registry’s own time, ms', added, lookupLimitMs, lookupLimitMs));
  }
  if (start !== undefined)
    goals.push(judged('start to ready, ms', Math.round(start.medianMs), startLimitMs, startLimitMs));
  if (soak !== undefined) {
    const [, first = NaN, ...rest] = soak.residentMegabytes;
    goals.push(
      judged(
        'memory at the end beside that behind the first tenth, ×',
        rounded((rest.at(-1) ?? NaN) / first, 2),
        1.05,
        1.1,
      ),
    );
    goals.push(
      judged(`peak memory, ${soak.reviews} reviews on, MB`, soak.peakMegabytes, megabytesLimit, megabytesLimit),
    );
  }
  return goals;
}

function judged(goal: string, value: number, aim: number, limit: number): Goal {
  const verdict = value <= aim ? 'aim reached' : value <= limit ? 'within the limit' : 'missed';
  return { goal, value, aim, limit, verdict };
}

/** The report as tables. */
export function tablesOf(report: Report): readonly Table[] {
  const { rows, memory, soak, start, lookup } = report;
  const facts: (readonly [string, string])[] = [
    ['Peak memory of Outrider', `${memory.outriderPeakMegabytes} MB`],
    ['Peak memory of the floor', `${memory.floorPeakMegabytes} MB`],
  ];
  if (start !== undefined)
    facts.push([`Start to ready, median of ${start.starts}`, `${Math.round(start.medianMs)} ms`]);
  if (lookup !== undefined) {
    const { registryP50Ms, registryP99Ms } = lookup;
    facts.push(['The registry’s own time for three requests, p50 and p99', `${registryP50Ms} and ${registryP99Ms} ms`]);
  }
  return [
    {
      title: `CPU time of the server’s process per review. ${report.node}, ${report.cpus}, median of ${report.rounds} rounds.`,
      head: ['Case', 'Bytes', 'Outrider µs', 'Floor µs', '× floor', '× with our length', '× Fastify', 'ns per byte'],
      rows: rows.map(({ case: name, bytes, micros, ratios }) => [
        name,
        bytes,
        micros.outrider,
        micros.constant,
        ratios.constant.toFixed(2),
        ratios.sized.toFixed(2),
        ratios.fastify.toFixed(2),
        ((micros.outrider * 1000) / bytes).toFixed(1),
      ]),
    },
    {
      title: 'What a client sees: Outrider, and the floor behind the stroke.',
      head: ['Case', 'Connections', 'Reviews', 'Reviews/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'Memory MB'],
      rows: rows.map(({ case: name, connections, reviews, latencies: { outrider, constant }, residentMegabytes }) => [
        name,
        connections,
        reviews,
        `${outrider.perSecond} / ${constant.perSecond}`,
        `${outrider.p50Ms} / ${constant.p50Ms}`,
        `${outrider.p99Ms} / ${constant.p99Ms}`,
        `${outrider.p999Ms} / ${constant.p999Ms}`,
        residentMegabytes,
      ]),
    },
    { title: 'Memory, start and registry.', head: ['What', 'Figure'], rows: facts },
    ...(soak === undefined ? [] : [soakTable(soak)]),
    {
      title: 'Goals.',
      head: ['Goal', 'Measured', 'Aim', 'Limit', 'Verdict'],
      rows: goalsOf(report).map(({ goal, value, aim, limit, verdict }) => [goal, value, aim, limit, verdict]),
    },
  ];
}

function soakTable({ reviews, seconds, residentMegabytes, peakMegabytes }: Soak): Table {
  return {
    title: `Resident memory in the course of ${reviews} reviews (${seconds} s; at most ${peakMegabytes} MB).`,
    head: ['Reviews', 'MB'],
    rows: residentMegabytes.map((megabytes, tenth) => [Math.floor((reviews * tenth) / 10), megabytes]),
  };
}
