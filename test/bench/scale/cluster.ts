import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { startBalancer } from '../../e2e/cluster/balancer.js';
import { startGuarded, until } from '../../e2e/cluster/guarded-process.js';
import { clientOf } from '../../e2e/cluster/in-cluster.js';
import { install, type Installation } from '../../e2e/cluster/installation.js';
import { accessKey, labelled, namespace, policy } from '../../e2e/cluster/objects.js';
import { pod } from '../../e2e/cluster/pods.js';
import type { Replica } from '../../e2e/cluster/replica.js';
import { mutatingConfiguration } from '../../e2e/cluster/webhooks.js';
import { freePort } from '../../e2e/registry/processes.js';

/** What stands in the way of a pod in each variant. */
export const variants = ['no webhook', 'constant answer', 'Outrider, 1 replica', 'Outrider, 2 replicas'] as const;
export type Variant = (typeof variants)[number];

const namespaces: Readonly<Record<Variant, string>> = {
  'no webhook': 'none',
  'constant answer': 'constant',
  'Outrider, 1 replica': 'instrumented',
  'Outrider, 2 replicas': 'instrumented',
};
const mostDeletions = 20;
const constantWebhook = fileURLToPath(new URL('./constant-webhook.js', import.meta.url));

/** An API server with all that the variants need on it. */
export interface ScaleCluster {
  readonly kubeconfig: string;
  readonly replicas: readonly Replica[];
  /** Makes a variant's webhook the one that is called. Returns the namespace whose pods it is called for. */
  use(variant: Variant): string;
  /** Removes every pod of a namespace. */
  clear(namespace: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an API server, two replicas of Outrider behind one port, and a webhook that answers a constant behind another.
 * Nobody but the API server and these does anything: there are no controllers and no kubelet.
 */
export async function startScaleCluster(): Promise<ScaleCluster> {
  const here = await install({ controllerManager: false });
  const client = clientOf(here.api.kubeconfig);
  const ends: (() => Promise<unknown>)[] = [() => here.stop(), () => client.close()];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const labels = { instrumented: labelled, constant: { bench: 'constant' }, none: {} };
    await here.apply(
      Object.entries(labels).flatMap(([name, of]) => [namespace(name, of), serviceAccount(name), accessKey(name)]),
    );
    const one = await here.addReplica('one');
    const two = await here.addReplica('two');
    await here.apply([policy('default', labelled)]);
    await until('the policy', async () => {
      const { status } = await here.created('instrumented', pod('probe'), '--dry-run=server');
      return status === 'injected';
    });
    ends.push(await registerConstant(here, client));
    return {
      kubeconfig: here.api.kubeconfig,
      replicas: [one, two],
      use: (variant) => {
        here.balancer.setBackends(variant === 'Outrider, 1 replica' ? [one] : [one, two]);
        // What is open would go on to the replicas that it is open to.
        here.balancer.cut();
        return namespaces[variant];
      },
      clear: (name) => clear(client, name),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What controllers would make in a namespace, and pods need. */
function serviceAccount(name: string): object {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
}

/** Registers it as Outrider is, and behind a balancer as Outrider is. Returns what stops it. */
async function registerConstant({ api }: Installation, client: ApiClient): Promise<() => Promise<void>> {
  const { certFile, keyFile } = await api.authority.server('constant', ['localhost']);
  const port = await freePort();
  const server = startGuarded(process.execPath, [constantWebhook, certFile, keyFile, String(port)]);
  await until('the constant webhook', () => Promise.resolve(server.output().includes('ready')), server);
  const balancer = await startBalancer();
  balancer.setBackends([{ port, isReady: () => true }]);
  const entry = {
    name: 'constant.outrider.dev',
    url: `https://localhost:${balancer.port}/mutate/pods`,
    caBundle: readFileSync(api.caFile).toString('base64'),
    failurePolicy: 'Ignore' as const,
    namespaces: { bench: 'constant' },
  };
  await client.create(
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    mutatingConfiguration('constant', [entry]),
  );
  await until('calls of the constant webhook', async () => {
    await client.create(pathOf(resources.pods, { namespace: 'constant' }), pod('probe'), { query: { dryRun: 'All' } });
    return balancer.connections > 0;
  });
  return async () => {
    await balancer.stop();
    await server.stop();
  };
}

/** The API server gives up on a request behind a minute, so many pods may take more than one. */
async function clear(client: ApiClient, name: string): Promise<void> {
  const path = pathOf(resources.pods, { namespace: name });
  for (let attempt = 1; ; attempt++) {
    try {
      await client.delete(path, undefined, { query: { gracePeriodSeconds: 0 }, timeoutMs: 90_000 });
    } catch (error) {
      if (!isApiError(error) || attempt === mostDeletions) throw error;
    }
    const { items } = await client.list(path, { metadataOnly: true });
    if (items.length === 0) return;
    if (attempt === mostDeletions) throw new Error(`${items.length} pods are left in namespace ${name}`);
  }
}
