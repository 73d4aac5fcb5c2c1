import { connect } from 'node:tls';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { isObject, listOf, objectOf, stringOf } from '../../../src/model/json.js';

/** Handshakes with the webhook, each as the API server would make one at the moment. */
export interface Handshakes {
  readonly failures: readonly string[];
  /** Serial numbers of the certificates that were shown, in the order in which they came. */
  readonly serials: readonly string[];
  /** Authorities that signed them, likewise. */
  readonly issuers: readonly string[];
  count(): number;
  stop(): Promise<void>;
}

/** How it is called, and where it is to be found. */
export interface HandshakeOptions {
  readonly port: number;
  readonly serverName: string;
  /** Name of the validating configuration, which says whom to trust. */
  readonly configuration: string;
  readonly everyMs: number;
}

/**
 * Makes a handshake again and again, and trusts whom the webhook configuration says at the time: the API server itself
 * keeps its connections, and makes few.
 */
export function startHandshakes(client: ApiClient, options: HandshakeOptions): Handshakes {
  const { port, serverName, configuration, everyMs } = options;
  const failures: string[] = [];
  const serials: string[] = [];
  const issuers: string[] = [];
  let count = 0;
  const stopped = new AbortController();
  const path = pathOf(resources.validatingWebhooks, { name: configuration });
  const bundle = async (): Promise<string> => {
    const webhooks = listOf((await client.get(path))['webhooks']).filter(isObject);
    return Buffer.from(stringOf(objectOf(webhooks[0]?.['clientConfig'])?.['caBundle']) ?? '', 'base64').toString();
  };
  const shake = (ca: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, servername: serverName, ca }, () => {
        const { serialNumber, issuerCertificate, issuer } = socket.getPeerCertificate(true);
        if (!serials.includes(serialNumber)) serials.push(serialNumber);
        const authority = `${String(issuer.CN)} ${issuerCertificate.serialNumber}`;
        if (!issuers.includes(authority)) issuers.push(authority);
        socket.end();
        resolve();
      });
      socket.on('error', reject);
    });
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await shake(await bundle());
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
      count++;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const running = run();
  return {
    failures,
    serials,
    issuers,
    count: () => count,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
