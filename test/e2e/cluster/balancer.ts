import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One port in front of several servers, as a Service is: it sends each new connection to one that is ready. */
export interface Balancer {
  readonly port: number;
  /** Says which servers there are; connections that are open stay where they are. */
  setBackends(backends: readonly Backend[]): void;
  /** How many connections to a server are open. */
  openTo(port: number): number;
  /** Ends every open connection, as a firewall would that is switched on. */
  cut(): void;
  /** How many connections there have been. */
  readonly connections: number;
  stop(): Promise<void>;
}

/** A server behind a balancer. */
export interface Backend {
  readonly port: number;
  /** Whether it may get new connections; a Service asks its endpoints' readiness. */
  readonly isReady: () => boolean;
}

/** Starts a balancer on a free port of loopback. It takes the servers in turn; without one, a connection is refused. */
export async function startBalancer(): Promise<Balancer> {
  let backends: readonly Backend[] = [];
  let turn = 0;
  let connections = 0;
  const open = new Set<Socket>();
  const upstreams = new Map<Socket, number>();
  // Each direction ends by itself, and no piece waits for the one before to be acknowledged, as it is through a Service.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    connections += 1;
    const ready = backends.filter(({ isReady }) => isReady());
    const backend = ready[turn++ % Math.max(1, ready.length)];
    if (backend === undefined) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: backend.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    upstreams.set(upstream, backend.port);
    upstream.on('close', () => upstreams.delete(upstream));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        if (!one.readableEnded) other.destroy();
      });
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    setBackends: (next) => {
      backends = next;
    },
    openTo: (port) => [...upstreams.values()].filter((to) => to === port).length,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    get connections() {
      return connections;
    },
    stop: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
