import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One address in front of several, as a Service is: each connection goes to the next of them. */
export interface Balancer {
  readonly port: number;
  add(port: number): void;
  /** Sends nothing more there. Resolves when the last connection to it is closed. */
  remove(port: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
  const backends: number[] = [];
  const open = new Map<Socket, number>();
  let turn = 0;
  const server = createServer((client) => {
    const port = backends[turn++ % backends.length];
    if (port === undefined) {
      client.destroy();
      return;
    }
    const backend = connect({ host: 'localhost', port });
    open.set(backend, port);
    client.pipe(backend).pipe(client);
    client.on('error', () => backend.destroy());
    backend.on('error', () => client.destroy());
    client.on('close', () => backend.destroy());
    backend.on('close', () => {
      open.delete(backend);
      client.destroy();
    });
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    port: address.port,
    add: (port) => void backends.push(port),
    remove: async (port) => {
      backends.splice(backends.indexOf(port), 1);
      const left = [...open].filter(([, to]) => to === port);
      // A connection that breaks is closed too.
      await Promise.all(left.map(([socket]) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));
    },
    stop: async () => {
      for (const socket of open.keys()) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
