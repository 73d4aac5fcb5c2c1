import type { DoorName } from '../../../src/model/doors.js';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../registry/processes.js';
import type { ApiServer } from './api-server.js';
import { startGuarded, until } from './guarded-process.js';

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

/** `outrider serve` as its own process, out of the built bundle. */
export interface Outrider {
  /** Address of a door for a webhook's `clientConfig.url`. */
  url(door: 'mutate' | 'validate'): string;
  /** For a webhook's `clientConfig.caBundle`. */
  readonly caBundle: string;
  /** How many reviews were answered so far whose labels contain these. */
  count(labels: ReviewLabels): Promise<number>;
  stop(): Promise<void>;
}

/** Labels of `outrider_admission_reviews_total`. */
export interface ReviewLabels {
  readonly door?: DoorName;
  readonly policy?: string;
  readonly decision?: string;
  readonly reason?: string;
  readonly would?: string;
  readonly would_reason?: string;
}

/**
 * Starts the server with a configuration folder and a certificate of the cluster's authority.
 * @param documents the files of the folder, by name
 */
export async function startOutrider(
  api: ApiServer,
  documents: Readonly<Record<string, readonly object[]>>,
): Promise<Outrider> {
  const folder = join(api.directory, 'config');
  mkdirSync(folder);
  for (const [name, objects] of Object.entries(documents)) {
    writeFileSync(join(folder, name), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  }
  const pair = await api.authority.server('outrider', ['localhost']);
  const [port, plainPort] = [await freePort(), await freePort()];
  const server = startGuarded(
    process.execPath,
    [
      bundle,
      'serve',
      `--config=${folder}`,
      `--tls-cert=${pair.certFile}`,
      `--tls-key=${pair.keyFile}`,
      `--listen-port=${port}`,
      `--plain-port=${plainPort}`,
      '--log-format=json',
    ],
    // No registry is asked: nothing here is to depend on the network.
    { OUTRIDER_LOOKUP: 'false' },
  );
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${plainPort}${path}`);
    return response.ok ? response.text() : Promise.reject(new Error(`${path}: ${response.status}`));
  };
  await until('outrider serve', async () => (await get('/readyz')) === 'ok\n', server);
  return {
    url: (door) => `https://localhost:${port}/${door}/pods`,
    caBundle: readFileSync(api.caFile).toString('base64'),
    count: async (labels) => {
      const wanted = Object.entries(labels).map(([name, value]) => `${name}="${String(value)}"`);
      const lines = (await get('/metrics')).split('\n');
      return lines
        .filter((line) => line.startsWith('outrider_admission_reviews_total{'))
        .filter((line) => wanted.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    stop: () => server.stop(),
  };
}
