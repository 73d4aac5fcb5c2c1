import { Agent, request } from 'node:https';

/** What one round of requests took on the client's side. */
export interface Round {
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
}

/**
 * Posts a body `count` times over kept-alive connections.
 *
 * @throws Error for any answer but HTTP 200
 */
export async function load(target: {
  readonly port: number;
  readonly ca: Buffer;
  readonly path: string;
  readonly body: string;
  readonly count: number;
  readonly connections: number;
}): Promise<Round> {
  const { port, ca, path, body, count, connections } = target;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca, servername: 'localhost' });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const latenciesMs: number[] = [];
  let left = count;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const startMs = performance.now();
      const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
        answer.resume();
        answer.on('end', () => {
          if (answer.statusCode !== 200) {
            reject(new Error(`${path} answered ${answer.statusCode ?? 'nothing'}`));
            return;
          }
          latenciesMs.push(performance.now() - startMs);
          resolve();
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return { seconds: (performance.now() - startMs) / 1000, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}
