import { createServer } from 'node:https';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { portKeysIn } from '../../../src/cluster/port/port-keys.js';
import { provenPath } from '../../../src/model/door-token.js';
import { allDoors } from '../../../src/model/doors.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { Backend } from './balancer.js';
import { PortCaller } from './port-call.js';

/** A replica of a version that knows no tokens: it serves the Secret's certificate and the doors' plain paths. */
export interface OlderReplica extends Backend {
  /** Paths that it was called at and does not serve. */
  readonly unknown: readonly string[];
  /** How many calls it has answered. */
  readonly answered: number;
  stop(): Promise<void>;
}

/**
 * Starts one. What it answers is what a replica of this version does for the API server.
 * @param port of that replica at the moment
 */
export async function startOlderReplica(client: ApiClient, port: () => number): Promise<OlderReplica> {
  const path = pathOf(resources.secrets, { namespace: 'outrider-system', name: 'outrider-certificate' });
  const secret = await client.get(path);
  const text = (of: JsonObject, key: string): string =>
    Buffer.from(stringOf(objectOf(of['data'])?.[key]) ?? '', 'base64').toString();
  const unknown: string[] = [];
  let answered = 0;
  const callers = new Map<number, PortCaller>();
  const callerOf = (of: number): PortCaller => {
    const caller = callers.get(of) ?? new PortCaller(of);
    callers.set(of, caller);
    return caller;
  };
  // On a new connection each call may meet another replica.
  const server = createServer({ cert: text(secret, 'tls.crt'), key: text(secret, 'tls.key') }, (incoming, response) => {
    const [door = '', query = ''] = (incoming.url ?? '').split('?');
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      if (!allDoors.some((each) => each.path === door)) {
        unknown.push(door);
        response.writeHead(404, { connection: 'close' }).end();
        return;
      }
      answered++;
      void client
        .get(path)
        .then((now) => callerOf(port()).post(`${provenPath(door, portKeysIn(now).current)}?${query}`, body))
        .then((answer) =>
          response
            .writeHead(answer.status, { 'content-type': 'application/json', connection: 'close' })
            .end(answer.body),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    isReady: () => true,
    unknown,
    get answered() {
      return answered;
    },
    stop: async () => {
      for (const caller of callers.values()) caller.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
