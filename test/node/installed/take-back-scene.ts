// Agents that nodes cannot pull, copy or start, the policies that give them to pods, and what the leader wrote down of it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../../src/model/json.js';
import { readTakenBack, takenBackName, type TakenBackEntry } from '../../../src/model/taken-back.js';
import { release, type Values } from '../../e2e/cluster/helm.js';
import { imageName, pushImage } from '../support/image.js';
import { agentFiles, images } from '../support/images.js';
import { keySecret, pullSecret } from '../support/inject.js';
import { getObject, stateFolder } from '../support/kubectl.js';
import { until } from '../support/namespace.js';
import { values } from './installation.js';

const config = { Entrypoint: ['/opt/draios/bin/sidecar'] };
const filesOfAgent = () => agentFiles(join(stateFolder(), 'agent'));

/** What is wrong with an agent, by the name of its image, of its policy, and of the namespaces that get it. */
const deliveries = { unpullable: 'Copy', uncopyable: 'Copy', unstartable: 'ImageVolume' } as const;

/** Pushes agents with a layer that is no archive, with a file where our step mounts a folder, and with a tracer that may not run. */
export async function pushBrokenAgents(): Promise<void> {
  const files = filesOfAgent();
  const tracer = 'opt/draios/bin/instrument';
  const refused = { ...files, [tracer]: { copyOf: join(stateFolder(), 'agent'), mode: 0o644 } };
  await Promise.all([
    pushImage('unpullable', { files, config, isSpoilt: true }),
    pushImage('uncopyable', { files: { ...files, outrider: { text: 'no folder' } }, config }),
    pushImage('unstartable', { files: refused, config }),
  ]);
}

/** Puts a good image in the place of the one that no node can unpack. */
export async function fixImage(): Promise<void> {
  await pushImage('unpullable', { files: filesOfAgent(), config });
}

function policyOf([name, delivery]: readonly [string, string]): [string, JsonObject] {
  const spec: JsonObject = {
    match: { namespaceSelector: { matchLabels: { team: name } } },
    profile: { name: 'sysdig', settings: { region: 'us2' } },
    agent: { ...values.defaultPolicy.spec.agent, image: imageName(name), imagePullSecrets: [pullSecret] },
    credentials: { secretRef: { name: keySecret, key: 'key' } },
    delivery,
  };
  return [name, spec];
}

/** Values of the chart: the policies, and windows in seconds. */
export const takeBackValues: Values = {
  takeBackAfter: '10s',
  policies: Object.fromEntries(Object.entries(deliveries).map(policyOf)),
};

/** A Deployment of one pod whose application fails by itself. */
export function failing(name: string, text: string, container: JsonObject = {}): JsonObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          imagePullSecrets: [{ name: pullSecret }],
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'app', image: images.box, command: ['sh', '-c', text], ...container }],
        },
      },
    },
  };
}

/** What is left alone now, by namespace and name. */
export async function takenBackNow(): Promise<ReadonlyMap<string, TakenBackEntry>> {
  const { data } = await getObject(release.namespace, 'configmap', takenBackName(release.name));
  const { entries, invalid } = readTakenBack(data);
  if (invalid.length > 0) throw new Error(`not readable: ${invalid.join(', ')}`);
  return new Map([...entries.values()].map((entry) => [`${entry.namespace}/${entry.name}`, entry]));
}

/** Waits for a workload’s entry to be as it should be. */
export async function entryOf(
  workload: string,
  what: string,
  holds: (entry: TakenBackEntry) => boolean,
): Promise<TakenBackEntry> {
  let found: TakenBackEntry | undefined;
  await until(
    `the entry of ${workload}: ${what}`,
    async () => {
      found = (await takenBackNow()).get(workload);
      return found !== undefined && holds(found);
    },
    async () => JSON.stringify([...(await takenBackNow().catch(() => new Map<string, unknown>()))], undefined, 1),
  );
  if (found === undefined) throw new Error(`${workload} has no entry`);
  return found;
}

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

/** Runs `outrider` as the admin. */
export function outrider(
  ...parameters: readonly string[]
): Promise<{ readonly exitCode: number; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle, ...parameters], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });
}
