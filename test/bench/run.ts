import { replicasOf, templatesOf } from './replicas.js';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileGlob } from '../../src/model/glob.js';
import { shippedNode } from '../support/image-entrypoint.js';
import { freePort } from '../e2e/registry/processes.js';
import { cachedCase, checkAnswer, imageReview, podCases, mutatePath, type BenchCase } from './cases.js';
import { ask, load } from './load.js';
import { measure, type Measurement, type Row, type Servers } from './measure.js';
import type { BenchOptions } from './options.js';
import { startOutrider } from './outrider.js';
import { connectProfiler, type Profiler } from './profiler.js';
import { startImageStore, type ImageStore } from './registry-images.js';
import { uncachedName, type Report } from './report.js';
import { memoryMegabytes, startFloor } from './servers.js';
import { soak, type Soak } from './soak.js';
import { median, percentile, rounded } from './statistics.js';

const fewestReviews = 100;
const mostReviews = 6000;
// Before V8 has compiled what a review runs through, a review costs several times as much.
const warmUpReviews = 10_000;
const warmUpBytes = 80 * 1024 * 1024;

const noCases = 'none';

/** No case has a name that was asked for. */
export class NoSuchCaseError extends Error {
  constructor(wanted: string, names: readonly string[]) {
    super(
      `--cases "${wanted}" is no case's name. There are:\n  ${names.join('\n  ')}\nand ${noCases} for none of them.`,
    );
  }
}

/**
 * Runs the benchmark. @throws NoSuchCaseError @param tell called for each row as soon as it is there, for anyone who
 * waits
 */
export async function runBench(options: BenchOptions, tell: (row: Row) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  // A signal that ends this process is to leave nothing behind; what each of these does first, it does at once.
  const endNow = (): void => {
    for (const end of ends.reverse()) end();
  };
  process.once('exit', endNow);
  try {
    const wanted = compileGlob(options.cases);
    const store = options.lookups > 0 ? await startImageStore(folder) : undefined;
    if (store !== undefined) ends.push(() => store.stop());
    const inspectPort = options.cpuProf === undefined ? undefined : await freePort();
    const outrider = await startOutrider({
      folder,
      registry: store?.host,
      nodeFlags: inspectPort === undefined ? [] : [`--inspect=127.0.0.1:${inspectPort}`],
    });
    ends.push(() => outrider.stop());
    const pair = [join(folder, 'tls.crt'), join(folder, 'tls.key')] as const;
    const floor = await startFloor('floor', ...pair);
    ends.push(() => floor.stop());
    const fastify = await startFloor('fastify-floor', ...pair);
    ends.push(() => fastify.stop());
    const servers: Servers = { outrider, floor, fastify };
    const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');
    const profiler = inspectPort === undefined ? undefined : await connectProfiler(inspectPort);
    if (profiler !== undefined) ends.push(() => profiler.close());

    const answerTo = (path: string, body: string): Promise<string> => ask({ port: outrider.port, ca, path }, body);
    const cases: BenchCase[] = [...(await podCases(answerTo))];
    if (store !== undefined) {
      const [image] = await store.push(1);
      cases.push(cachedCase(image?.reference ?? ''));
    }
    const rows: Row[] = [];
    const chosen = cases.filter(({ name }) => wanted(name));
    if (chosen.length === 0 && options.cases !== noCases && !wanted(uncachedName)) {
      throw new NoSuchCaseError(options.cases, [...cases.map(({ name }) => name), uncachedName]);
    }
    for (const one of chosen) {
      const answer = await answerTo(one.path, one.body);
      checkAnswer(one, answer);
      const count = countOf(options, one.body.length, one.churn === true);
      const { beside, ...own } = one;
      const measured = {
        ...own,
        answer,
        ca,
        bytes: one.body.length,
        bodies: () =>
          one.templates === undefined ? replicasOf(one.body, cases.indexOf(one)) : templatesOf(one.body, one.templates),
        ...(beside === undefined ? {} : { beside: besideOf(beside, cases.length + cases.indexOf(one), options) }),
      };
      const { rounds, connections } = options;
      const warmUp = one.churn === true ? count : Math.max(count, warmUpOf(one.body.length));
      const row = await measure(measured, servers, { rounds, connections, count, warmUp });
      await profile(options, profiler, measured, servers, count);
      rows.push(row);
      tell(row);
    }
    const lookup =
      store !== undefined && wanted(uncachedName)
        ? await lookUps(options, store, servers, { ca, answerTo, profiler })
        : undefined;
    if (lookup !== undefined) {
      rows.push(lookup.row);
      tell(lookup.row);
    }
    const memory = {
      outriderPeakMegabytes: Math.round(memoryMegabytes(outrider.pid).peak),
      floorPeakMegabytes: Math.round(memoryMegabytes(floor.pid).peak),
    };
    const usual = cases.filter(({ name }) => /^(inject, (2|7|41) KB|skip|second)/.test(name)).map(({ body }) => body);
    const rollouts = () => inTurn(usual.map((body, number) => replicasOf(body, number)));
    const sustained = options.soak > 0 ? await soakAlone(options, folder, ca, rollouts()) : undefined;
    const start = options.starts > 0 ? await startTimes(options.starts, folder, store?.host) : undefined;
    const { model = 'unknown', length } = { model: cpus()[0]?.model, length: cpus().length };
    return {
      node: `Node ${execFileSync(shippedNode(), ['--version'], { encoding: 'utf8' }).trim()}`,
      cpus: `${length} × ${model}`,
      rounds: options.rounds,
      rows,
      ...(lookup === undefined ? {} : { lookup: lookup.times }),
      ...(start === undefined ? {} : { start }),
      memory,
      ...(sustained === undefined ? {} : { soak: sustained }),
    };
  } finally {
    process.off('exit', endNow);
    for (const end of ends.reverse()) await end();
  }
}

/** Another case that is measured in the same rounds, with as many different reviews as it has on its own. */
function besideOf(
  { name, path, body }: BenchCase,
  template: number,
  options: BenchOptions,
): NonNullable<Measurement['beside']> {
  const bytes = body.length;
  return { name, path, bytes, bodies: replicasOf(body, template), count: countOf(options, bytes, false) };
}

function countOf({ megabytes }: BenchOptions, bytes: number, churn: boolean): number {
  const count = Math.floor((megabytes * 1024 * 1024) / bytes);
  // A handshake costs as much as ten requests.
  return Math.max(fewestReviews, Math.min(mostReviews, churn ? Math.ceil(count / 10) : count));
}

function warmUpOf(bytes: number): number {
  return Math.min(warmUpReviews, Math.ceil(warmUpBytes / bytes));
}

/** One further round of Outrider alone, with the profiler on. */
async function profile(
  { cpuProf, connections }: BenchOptions,
  profiler: Profiler | undefined,
  one: Measurement,
  { outrider }: Servers,
  count: number,
): Promise<void> {
  if (profiler === undefined || cpuProf === undefined) return;
  mkdirSync(cpuProf, { recursive: true });
  const target = { port: outrider.port, ca: one.ca, path: one.path, bodies: await one.bodies(0), count };
  await profiler.start();
  await load({ ...target, connections: one.connections ?? connections, churn: one.churn ?? false });
  writeFileSync(join(cpuProf, `${one.name.replaceAll(/[^\w.]+/g, '-')}.cpuprofile`), await profiler.stop());
}

/**
 * The case of images that nobody looked up yet: others in each round, one at a time, compared with the registry's own
 * time.
 */
async function lookUps(
  options: BenchOptions,
  store: ImageStore,
  servers: Servers,
  {
    ca,
    answerTo,
    profiler,
  }: {
    readonly ca: string;
    readonly answerTo: (path: string, body: string) => Promise<string>;
    readonly profiler: Profiler | undefined;
  },
): Promise<{ readonly row: Row; readonly times: NonNullable<Report['lookup']> }> {
  const { rounds, lookups } = options;
  const [known] = await store.push(1);
  const body = imageReview(known?.reference ?? '');
  const answer = await answerTo(mutatePath, body);
  checkAnswer({ name: uncachedName, verdict: 'inject/injected' }, answer);
  const ownMs: number[] = [];
  const bodies = async (round: number): Promise<readonly string[]> => {
    const images = await store.push(lookups);
    // As many others, so that neither finds what the other has warmed up.
    const times = await store.ownTimesMs(await store.push(lookups));
    if (round >= 0) ownMs.push(...times);
    return images.map(({ reference }) => imageReview(reference));
  };
  const one = { name: uncachedName, path: mutatePath, connections: 1, answer, ca, bytes: body.length, bodies };
  const row = await measure(one, servers, { rounds, connections: 1, count: lookups, warmUp: lookups });
  await profile({ ...options, connections: 1 }, profiler, one, servers, lookups);
  const times = {
    registryP50Ms: rounded(percentile(ownMs, 0.5), 2),
    registryP99Ms: rounded(percentile(ownMs, 0.99), 2),
  };
  return { row, times };
}

/** In a process of its own: the largest pods before it would have left their mark on the memory. */
async function soakAlone(
  { soak: reviews, connections }: BenchOptions,
  folder: string,
  ca: string,
  bodies: readonly string[],
): Promise<Soak> {
  const server = await startOutrider({ folder });
  try {
    return await soak(server, { ca, path: mutatePath, bodies, connections }, reviews);
  } finally {
    await server.stop();
  }
}

/** The first of each list, then the second of each, and so on. */
function inTurn<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const most = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: most }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

async function startTimes(
  starts: number,
  folder: string,
  registry: string | undefined,
): Promise<NonNullable<Report['start']>> {
  const times: number[] = [];
  for (let start = 0; start < starts; start++) {
    const server = await startOutrider({ folder, registry });
    times.push(server.startMs);
    await server.stop();
  }
  return { starts, medianMs: median(times) };
}
