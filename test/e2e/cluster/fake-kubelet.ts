import { once } from 'node:events';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { ensureDevelopmentCertificates } from '../../../src/tls/development.js';
import type { ApiServer } from './api-server.js';

/** A session that got to the node. */
export interface SeenSession {
  /** `exec` or `attach`. */
  readonly kind: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly method: string;
}

/** What stands in for a node: it writes down each session that the API server sends on, and starts nothing. */
export interface FakeKubelet {
  readonly port: number;
  readonly seen: readonly SeenSession[];
  /** What came since the last time that was asked. */
  take(): readonly SeenSession[];
  stop(): Promise<void>;
}

/** What a session is refused with that gets to the node: how a test knows that it did. */
export const refusal = 'the node starts nothing';

/** Starts one, and makes it the kubelet of a node. */
export async function startFakeKubelet(
  api: Pick<ApiServer, 'kubectl' | 'directory'>,
  node = 'node-1',
): Promise<FakeKubelet> {
  const { certFile, keyFile } = await ensureDevelopmentCertificates({
    dir: join(api.directory, 'kubelet'),
    dnsNames: ['127.0.0.1'],
    nowMs: Date.now(),
  });
  const seen: SeenSession[] = [];
  let taken = 0;
  const note = (method: string, url: string): void => {
    const { pathname, searchParams } = new URL(url, 'https://kubelet');
    const [, kind = '', namespace = '', pod = '', container = ''] = pathname.split('/');
    seen.push({ kind, namespace, pod, container, command: searchParams.getAll('command'), method });
  };
  // The words of a long command are in the first line of the request.
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile), maxHeaderSize: 16 * 1024 * 1024 };
  const server = createServer(options, (request, response) => {
    note(request.method ?? '', request.url ?? '');
    response.writeHead(400, { 'content-type': 'text/plain' }).end(refusal);
  });
  server.on('upgrade', (request, socket) => {
    note(request.method ?? '', request.url ?? '');
    socket.on('error', () => undefined);
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${refusal.length}\r\nConnection: close\r\n\r\n${refusal}`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  const status = {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  };
  const said = await api.kubectl(['patch', 'node', node, '--subresource=status', '-p', JSON.stringify(status)]);
  if (said.exitCode !== 0) throw new Error(`no kubelet: ${said.stderr}`);
  return {
    port,
    seen,
    take: () => seen.slice(taken, (taken = seen.length)),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
