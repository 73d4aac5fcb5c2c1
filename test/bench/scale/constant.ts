import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { startBalancer } from '../../e2e/cluster/balancer.js';
import { startGuarded, until } from '../../e2e/cluster/guarded-process.js';
import type { Installation } from '../../e2e/cluster/installation.js';
import { pod } from '../../e2e/cluster/pods.js';
import { mutatingConfiguration } from '../../e2e/cluster/webhooks.js';
import { freePort } from '../../e2e/registry/processes.js';

const constantWebhook = fileURLToPath(new URL('./constant-webhook.js', import.meta.url));

/**
 * Starts the webhook that answers a constant. It is registered as Outrider is, and behind a balancer as Outrider is, for the
 * namespaces with the label `bench: constant`. Returns what stops it.
 */
export async function registerConstant({ api }: Installation, client: ApiClient): Promise<() => Promise<void>> {
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
