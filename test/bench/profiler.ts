import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'undici';
import { record } from './servers.js';

/** Takes CPU profiles of another process through its inspector. */
export interface Profiler {
  start(): Promise<void>;
  /** Returns the profile since the start, as a .cpuprofile file has it. */
  stop(): Promise<string>;
  close(): void;
}

const patienceMs = 5_000;
const intervalMicros = 200;

/**
 * Connects to a process that was started with `--inspect=127.0.0.1:PORT`.
 * @throws Error when no inspector answers there
 */
export async function connectProfiler(port: number): Promise<Profiler> {
  const socket = new WebSocket(await addressOf(port));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('the inspector refuses the connection')));
  });
  const waiting = new Map<unknown, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = record(String(data));
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let calls = 0;
  const call = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      const id = ++calls;
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  await call('Profiler.enable');
  await call('Profiler.setSamplingInterval', { interval: intervalMicros });
  return {
    start: async () => {
      await call('Profiler.start');
    },
    stop: async () => {
      const result = await call('Profiler.stop');
      if (typeof result !== 'object' || result === null || !('profile' in result)) throw new Error('no profile came');
      return JSON.stringify(result.profile);
    },
    close: () => socket.close(),
  };
}

async function addressOf(port: number): Promise<string> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      const targets: unknown = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
      const first: unknown = Array.isArray(targets) ? targets[0] : undefined;
      const address = record(JSON.stringify(first))['webSocketDebuggerUrl'];
      if (typeof address === 'string') return address;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
    await sleep(50);
  }
}
