import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { shippedNode } from '../support/image-entrypoint.js';

/** A server under measurement, as a process of its own. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** From the start of the process until it said that it is ready. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** How a server is started, and how its output says on which port it listens. */
export interface ServerProgram {
  readonly argv: readonly string[];
  /** Reads a line of its output; `undefined` for one that does not say that it is ready. */
  readonly ready: (line: string) => number | undefined;
}

/** Starts a server and waits until it is ready. @throws Error when it ends before, with the end of what it printed */
export async function startServer({ argv, ready }: ServerProgram): Promise<Server> {
  const node = shippedNode();
  const beginMs = performance.now();
  const child = spawn(node, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  const ended = once(child, 'exit').then(() => process.off('exit', killed));
  const port = await firstReady(child, ready, argv);
  return {
    port,
    pid: child.pid ?? 0,
    startMs: performance.now() - beginMs,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function firstReady(child: ChildProcess, ready: ServerProgram['ready'], argv: readonly string[]): Promise<number> {
  const last: string[] = [];
  return new Promise((resolve, reject) => {
    child.on('exit', (code) =>
      reject(new Error(`${argv.join(' ')} ended with ${code ?? 'a signal'}:\n${last.join('\n')}`)),
    );
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      const lines = createInterface({ input: stream });
      lines.on('line', (line) => {
        const found = ready(line);
        if (found === undefined) {
          last.push(line);
          if (last.length > 20) last.shift();
          return;
        }
        resolve(found);
        // What it logs from now on is read, so that it never waits, and not looked at.
        for (const each of [child.stdout, child.stderr]) each?.removeAllListeners('data').resume();
      });
    }
  });
}

/** Starts a floor: `floor` or `fastify-floor`. */
export function startFloor(name: string, certFile: string, keyFile: string): Promise<Server> {
  return startServer({
    argv: [fileURLToPath(new URL(`./${name}.js`, import.meta.url)), certFile, keyFile],
    ready: (line) => {
      const { port } = record(line);
      return typeof port === 'number' ? port : undefined;
    },
  });
}

/** A line of JSON as an object; an empty one for any other line. */
export function record(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/**
 * CPU time of a process so far in microseconds: what each of its threads was on a CPU for, user and system, as the
 * scheduler counts it (Linux, Documentation/scheduler/sched-stats.rst). Reading it costs the process nothing.
 */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    nanos += Number(onCpu);
  }
  return nanos / 1000;
}

/** Memory of a process in MB: what is resident now, and the most that ever was. Linux only. */
export function memoryMegabytes(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { resident: of('VmRSS'), peak: of('VmHWM') };
}
