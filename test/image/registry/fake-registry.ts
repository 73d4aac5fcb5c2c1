import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OciRegistryClient, type RegistryClientOptions } from '../../../src/image/registry/client.js';
import type { ExchangeReport } from '../../../src/image/registry/transport.js';
import { type Credential, RegistryError } from '../../../src/image/types.js';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server on loopback that records what it is asked. */
export interface FakeServer {
  readonly host: string;
  readonly origin: string;
  readonly asked: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string | undefined;
    readonly body: string;
  }[];
  handler: Handler;
  close(): Promise<void>;
}

export async function startServer(handler: Handler, make: () => Server = createServer): Promise<FakeServer> {
  const asked: FakeServer['asked'] = [];
  const server = make();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body,
      });
      fake.handler(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeServer = {
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    asked,
    handler,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return fake;
}

/** A client that may talk plain HTTP to these hosts on loopback, and what it reports. */
export function clientFor(
  hosts: readonly string[],
  options: RegistryClientOptions = {},
): { client: OciRegistryClient; exchanges: ExchangeReport[] } {
  const exchanges: ExchangeReport[] = [];
  const client = new OciRegistryClient({
    ...options,
    hosts: [...(options.hosts ?? []), ...hosts.map((host) => ({ host, plainHttp: true }))],
    egress: options.egress ?? { allow: [...hosts] },
    onExchange: (exchange) => exchanges.push(exchange),
  });
  return { client, exchanges };
}

export const anonymous: Credential = { kind: 'anonymous', source: 'none', fingerprint: 'anonymous' };

export function basic(username: string, password: string): Credential {
  return { kind: 'basic', username, password, source: 'test', fingerprint: sha256(`${username}:${password}`) };
}

export function sha256(text: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export const config = JSON.stringify({
  os: 'linux',
  architecture: 'amd64',
  config: { Entrypoint: ['/app'], Cmd: ['serve'] },
});

export const manifest = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
  layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: sha256(''), size: 0 }],
});

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Answers with the manifest. */
export function sendManifest(response: ServerResponse, text = manifest, type = manifestType): void {
  response.writeHead(200, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'docker-content-digest': sha256(text),
  });
  response.end(text);
}

export function sendError(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ errors: [{ code, message: 'the registry’s own words' }] }));
}

export const never = new AbortController().signal;

/** The RegistryError that the promise rejects with; anything else is a failure of the test. */
export async function failureOf(promise: Promise<unknown>): Promise<RegistryError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw new Error('rejected with another error than a RegistryError', { cause: error });
  }
  throw new Error('did not reject');
}
