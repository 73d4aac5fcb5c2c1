import { fastify } from 'fastify';
import type { Registry } from '../observe/metrics.js';
import { listenOn, type Address } from './listen.js';
import type { Readiness } from './readiness.js';

/** The plain-HTTP server of health, readiness and metrics. */
export interface HealthServer {
  /**
   * @returns the port
   * @throws OutriderError `listen_failed`
   */
  listen(address: Address): Promise<number>;
  close(): Promise<void>;
}

/** Makes the server of `/healthz` (the process answers), `/readyz` (it may be called) and `/metrics`. */
export function createHealthServer(options: {
  readonly readiness: Readiness;
  readonly registry: Registry;
}): HealthServer {
  const { readiness, registry } = options;
  const app = fastify({ logger: false, requestTimeout: 10_000, forceCloseConnections: true });
  app.get('/healthz', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const { reasons } = readiness;
    reply.type('text/plain; charset=utf-8');
    return reasons.length === 0 ? reply.send('ok\n') : reply.code(503).send(`${reasons.join('\n')}\n`);
  });
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain; charset=utf-8').send('Served here: GET /healthz, /readyz, /metrics.\n'),
  );
  return {
    listen: (address) => listenOn(app, address, '--plain-port'),
    close: () => app.close(),
  };
}
