import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { load } from './load.js';
import { benchCases } from './reviews.js';

/*
 * CPU time of the server's process per review, next to a bare node:https server that parses the same body and answers
 * a constant, in one run and by turns, so that what else the machine does hits both. Linux only: it reads /proc.
 *
 *   npm run bench -- [-o json] [--rounds N] [--megabytes N] [--connections N]
 */
const flag = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : Number(process.argv[at + 1]);
};
const rounds = flag('rounds', 5);
const connections = flag('connections', 8);
const bytesPerRound = flag('megabytes', 12) * 1024 * 1024;
const asJson = process.argv.includes('json');

const policy = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: bench}
spec:
  match: {namespaceSelector: {matchLabels: {outrider.dev/inject: enabled}}}
  profile: {name: sysdig, settings: {region: us2}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {outrider.dev/inject: enabled}}
`;

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
}

/** Starts a process and waits for its port in a line of its output. */
async function start(argv: readonly string[], port: RegExp): Promise<Server> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const found = await new Promise<number>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        const match = port.exec(line);
        if (match !== null) resolve(Number(match[1]));
      });
    }
    child.on('exit', (code) => reject(new Error(`${argv.join(' ')} ended with ${code ?? 'a signal'}`)));
  });
  return { process: child, port: found };
}

/** CPU time of a process in microseconds, user and system: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms. */
function cpuMicros({ process: { pid } }: Server): number {
  const fields =
    readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function peakMegabytes({ process: { pid } }: Server): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
const servers: Server[] = [];
try {
  writeFileSync(join(folder, 'policy.yaml'), policy);
  const outrider = await start(
    [
      'dist/outrider.js',
      'serve',
      '--listen-host=127.0.0.1',
      '--listen-port=0',
      '--plain-port=0',
      '--log-format=json',
      `--certs-dir=${folder}`,
      `--config=${folder}`,
      '--drain-grace-ms=0',
      '--lookup=false',
    ],
    /"webhookPort":(\d+)/,
  );
  servers.push(outrider);
  const floor = await start(
    ['dist/test/bench/floor.js', join(folder, 'tls.crt'), join(folder, 'tls.key')],
    /^port (\d+)/,
  );
  servers.push(floor);
  const ca = readFileSync(join(folder, 'ca.crt'));
  const rows = [];
  for (const { name, path, body } of benchCases()) {
    const count = Math.max(50, Math.floor(bytesPerRound / body.length));
    const micros = { outrider: [] as number[], floor: [] as number[] };
    const latencies: number[] = [];
    for (let round = -1; round < rounds; round++) {
      for (const [which, server] of [
        ['floor', floor],
        ['outrider', outrider],
      ] as const) {
        const before = cpuMicros(server);
        const result = await load({ port: server.port, ca, path, body, count, connections });
        if (round < 0) continue;
        micros[which].push((cpuMicros(server) - before) / count);
        if (which === 'outrider') latencies.push(...result.latenciesMs);
      }
    }
    latencies.sort((a, b) => a - b);
    rows.push({
      case: name,
      reviews: count * rounds,
      outriderMicros: Math.round(median(micros.outrider)),
      floorMicros: Math.round(median(micros.floor)),
      ratio: Number((median(micros.outrider) / median(micros.floor)).toFixed(2)),
      p50Ms: Number((latencies[Math.floor(latencies.length * 0.5)] ?? 0).toFixed(2)),
      p99Ms: Number((latencies[Math.floor(latencies.length * 0.99)] ?? 0).toFixed(2)),
    });
    if (!asJson) console.table(rows.slice(-1));
  }
  const summary = {
    node: process.version,
    rounds,
    connections,
    peakMegabytes: Math.round(peakMegabytes(outrider)),
    rows,
  };
  if (asJson) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else console.log(`peak memory ${summary.peakMegabytes} MB, Node ${summary.node}, median of ${rounds} rounds`);
} finally {
  for (const server of servers) server.process.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
