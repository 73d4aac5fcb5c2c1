import { fileURLToPath } from 'node:url';
import { freePort } from '../registry/processes.js';
import type { Backend } from './balancer.js';
import { startGuarded, until, type GuardedProcess } from './guarded-process.js';
import type { ReviewLabels } from './outrider.js';

const ownBundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

/** One replica of `outrider serve --cluster`, out of the built bundle, as its own process. */
export interface Replica extends Backend {
  readonly name: string;
  readonly process: GuardedProcess;
  /** The value of a metric without labels, or with exactly these in the order of its text. */
  metric(name: string, labels?: string): Promise<number | undefined>;
  /** How many reviews were answered so far whose labels contain these. */
  count(labels: ReviewLabels): Promise<number>;
  /** Resolves when `/readyz` says so. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

const readinessPollMs = 100;

/**
 * Starts a replica; it need not be ready when this resolves.
 * @param kubeconfig of the identity that it works under
 * @param flags of `outrider serve`, besides ports, kubeconfig and identity
 * @param env further variables of its environment
 * @param bundle the command; that of this version unless given
 */
export async function startReplica(
  name: string,
  kubeconfig: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
  bundle = ownBundle,
): Promise<Replica> {
  const [port, plainPort] = [await freePort(), await freePort()];
  const parameters = [
    bundle,
    'serve',
    '--cluster',
    `--kubeconfig=${kubeconfig}`,
    `--identity=${name}`,
    '--listen-host=127.0.0.1',
    `--listen-port=${port}`,
    `--plain-port=${plainPort}`,
    '--log-format=json',
    ...flags,
  ];
  const process = startGuarded(globalThis.process.execPath, parameters, env);
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${plainPort}${path}`);
    const text = await response.text();
    return response.ok ? text : Promise.reject(new Error(`${path}: ${response.status} ${text}`));
  };
  const lines = async (): Promise<readonly string[]> => (await get('/metrics')).split('\n');
  const valueOf = (line: string): number => Number(line.slice(line.lastIndexOf(' ')));
  let isReady = false;
  const poll = setInterval(() => {
    get('/readyz').then(
      () => (isReady = true),
      () => (isReady = false),
    );
  }, readinessPollMs);
  return {
    name,
    port,
    process,
    isReady: () => isReady,
    metric: async (metric, labels) => {
      const start = labels === undefined ? `${metric} ` : `${metric}{${labels}} `;
      const line = (await lines()).find((one) => one.startsWith(start));
      return line === undefined ? undefined : valueOf(line);
    },
    count: async (labels) => {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${String(value)}"`);
      return (await lines())
        .filter((line) => line.startsWith('outrider_admission_reviews_total{'))
        .filter((line) => wanted.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + valueOf(line), 0);
    },
    ready: () => until(`replica ${name}`, async () => (await get('/readyz')) === 'ok\n', process),
    stop: async () => {
      clearInterval(poll);
      await process.stop();
    },
  };
}
