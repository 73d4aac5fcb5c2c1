import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { DoorOptions } from '../../../src/admission/door-options.js';
import { createDoor } from '../../../src/admission/handler.js';
import { createApiClient, type ApiClient } from '../../../src/cluster/client/api-client.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { ApiServer } from './api-server.js';
import { mutatingConfiguration, validatingConfiguration } from './webhooks.js';

/** A client of a test's API server, as this identity. */
export function clientOf(kubeconfig: string): ApiClient {
  return createApiClient(new Connection(loadKubeConfig({ kubeconfig })), 'outrider-test');
}

/** Both doors, called by a test's API server for namespaces labelled `on=yes`, in this process. */
export interface Doors {
  stop(): Promise<void>;
}

/** Serves an engine's doors and registers them, the validating one with `Fail`. */
export async function serveDoors(
  api: ApiServer,
  engine: () => Engine,
  onReviewed: DoorOptions['onReviewed'] = () => undefined,
): Promise<Doors> {
  const pair = await api.authority.server('doors', ['localhost']);
  const options: DoorOptions = {
    engine,
    namespaceLabels: () => ({ on: 'yes' }),
    onReviewed,
    onFailure: (error) => {
      throw error;
    },
  };
  const doors = { mutate: createDoor('mutate', options), validate: createDoor('validate', options) };
  const server = createServer(
    { cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) },
    (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const door = request.url?.startsWith('/mutate') === true ? doors.mutate : doors.validate;
        const call = { signal: AbortSignal.timeout(9_000), traceparent: undefined };
        Promise.resolve(door(Buffer.concat(parts), call)).then(
          (text) => response.setHeader('content-type', 'application/json').end(text),
          () => response.writeHead(500).end(),
        );
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const entry = {
    name: 'pods.outrider.dev',
    caBundle: readFileSync(api.caFile).toString('base64'),
    namespaces: { on: 'yes' },
  };
  const url = (door: string) => `https://localhost:${port}/${door}/pods`;
  const client = clientOf(api.kubeconfig);
  const base = '/apis/admissionregistration.k8s.io/v1';
  await client.create(
    `${base}/mutatingwebhookconfigurations`,
    mutatingConfiguration('doors', [{ ...entry, url: url('mutate'), failurePolicy: 'Ignore' }]),
  );
  await client.create(
    `${base}/validatingwebhookconfigurations`,
    validatingConfiguration('doors', [{ ...entry, url: url('validate'), failurePolicy: 'Fail' }]),
  );
  await client.close();
  return {
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
