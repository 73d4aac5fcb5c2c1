import type { BenchCase } from './cases.js';
import { load, type Load } from './load.js';
import { cpuMicros, memoryMegabytes, type Server } from './servers.js';
import { median, percentile, rounded } from './statistics.js';

/** Those that are measured in turn in every round. `sized` is the floor with an answer as long as Outrider's. */
export const contenders = ['outrider', 'constant', 'sized', 'fastify'] as const;
export type Contender = (typeof contenders)[number];

/** The figures of one case: medians of the rounds; latencies of all rounds together, on the client's side. */
export interface Row {
  readonly case: string;
  readonly bytes: number;
  readonly answerBytes: number;
  readonly connections: number;
  /** Of Outrider, in all rounds. */
  readonly reviews: number;
  /** CPU time of the server's process per review. */
  readonly micros: Readonly<Record<Contender, number>>;
  /** Outrider's CPU time as a multiple of a floor's in the same round. */
  readonly ratios: Readonly<Record<Exclude<Contender, 'outrider'>, number>>;
  readonly latencies: Readonly<Record<Contender, Latencies>>;
  /** Memory of Outrider's process after the case. */
  readonly residentMegabytes: number;
  readonly goal?: BenchCase['goal'];
  /** Outrider's CPU time as a multiple of its own for another case in the same rounds. */
  readonly beside?: { readonly case: string; readonly bytes: number; readonly ratio: number };
}

/** What a client saw. */
export interface Latencies {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** The servers of a run. */
export interface Servers {
  readonly outrider: Server;
  readonly floor: Server;
  readonly fastify: Server;
}

/** How often and how much. */
export interface Effort {
  readonly rounds: number;
  readonly connections: number;
  /** Reviews of a round. */
  readonly count: number;
  /** Reviews before the first round, which each server warms up on. */
  readonly warmUp: number;
}

/** A case as it is measured. */
export interface Measurement extends Pick<BenchCase, 'name' | 'path' | 'connections' | 'churn' | 'goal'> {
  /** What is posted in a round; round -1 is for warming up. */
  readonly bodies: (round: number) => readonly string[] | Promise<readonly string[]>;
  /** Bytes of one of them. */
  readonly bytes: number;
  readonly answer: string;
  readonly ca: string;
  /** Measured in each round too. */
  readonly beside?: Pick<BenchCase, 'name' | 'path'> & {
    readonly bytes: number;
    readonly bodies: readonly string[];
    readonly count: number;
  };
}

/** Measures one case: in every round each contender once, in an order that shifts from round to round. */
export async function measure(one: Measurement, servers: Servers, effort: Effort): Promise<Row> {
  const connections = one.connections ?? effort.connections;
  const { count, rounds, warmUp } = effort;
  const sized = `${one.path}${one.path.includes('?') ? '&' : '?'}bytes=${one.answer.length}`;
  const of = {
    outrider: {
      server: servers.outrider,
      path: one.path,
      answersWith: one.answer.includes('"patch"') ? '"patch"' : '"allowed":true',
    },
    constant: { server: servers.floor, path: one.path, answersWith: '"allowed":true' },
    sized: { server: servers.floor, path: sized, answersWith: '"allowed":true' },
    fastify: { server: servers.fastify, path: one.path, answersWith: '"allowed":true' },
  };
  const micros: Record<Contender, number[]> = { outrider: [], constant: [], sized: [], fastify: [] };
  const loads: Record<Contender, Load[]> = { outrider: [], constant: [], sized: [], fastify: [] };
  const microsBeside: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const bodies = await one.bodies(round);
    for (let turn = 0; turn < contenders.length; turn++) {
      const name = contenders[(turn + round + 1) % contenders.length] ?? 'outrider';
      const { server, path, answersWith } = of[name];
      const before = cpuMicros(server.pid);
      const result = await load({
        port: server.port,
        ca: one.ca,
        path,
        bodies,
        count: round < 0 ? warmUp : count,
        connections,
        answersWith,
        churn: one.churn ?? false,
      });
      if (round < 0) continue;
      micros[name].push((cpuMicros(server.pid) - before) / count);
      loads[name].push(result);
    }
    if (one.beside !== undefined) {
      const { path, bodies, count } = one.beside;
      const { port, pid } = servers.outrider;
      const before = cpuMicros(pid);
      await load({ port, ca: one.ca, path, bodies, count, connections, answersWith: of.outrider.answersWith });
      if (round >= 0) microsBeside.push((cpuMicros(pid) - before) / count);
    }
  }
  const ratio = (floor: Contender): number =>
    rounded(median(micros.outrider.map((value, round) => value / (micros[floor][round] ?? NaN))), 2);
  return {
    case: one.name,
    bytes: one.bytes,
    answerBytes: one.answer.length,
    connections,
    reviews: count * rounds,
    micros: forEach((name) => Math.round(median(micros[name]))),
    ratios: { constant: ratio('constant'), sized: ratio('sized'), fastify: ratio('fastify') },
    latencies: forEach((name) => latenciesOf(loads[name])),
    residentMegabytes: Math.round(memoryMegabytes(servers.outrider.pid).resident),
    ...(one.goal === undefined ? {} : { goal: one.goal }),
    ...(one.beside === undefined ? {} : { beside: besideOf(one.beside, micros.outrider, microsBeside) }),
  };
}

function besideOf(
  { name, bytes }: NonNullable<Measurement['beside']>,
  micros: readonly number[],
  microsBeside: readonly number[],
): NonNullable<Row['beside']> {
  const ratio = median(micros.map((value, round) => value / (microsBeside[round] ?? NaN)));
  return { case: name, bytes, ratio: rounded(ratio, 2) };
}

/** The latencies of rounds taken together, and the median of their throughputs. */
export function latenciesOf(loads: readonly Load[]): Latencies {
  const all = loads.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    perSecond: Math.round(median(loads.map(({ latenciesMs, seconds }) => latenciesMs.length / seconds))),
    p50Ms: rounded(percentile(all, 0.5), 2),
    p99Ms: rounded(percentile(all, 0.99), 2),
    p999Ms: rounded(percentile(all, 0.999), 2),
  };
}

function forEach<T>(of: (name: Contender) => T): Record<Contender, T> {
  return { outrider: of('outrider'), constant: of('constant'), sized: of('sized'), fastify: of('fastify') };
}
