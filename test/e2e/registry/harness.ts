import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort, run, serve } from './processes.js';
import type { TokenServer } from './token-server.js';

/** How a registry wants to be asked. */
export type Access =
  { readonly mode: 'none' } | { readonly mode: 'htpasswd' } | { readonly mode: 'token'; readonly tokens: TokenServer };

/** The real registry (CNCF distribution), on loopback, with its data in a folder of its own. */
export interface Registry {
  readonly host: string;
  /** Parameters for skopeo and buildah that may push: `me`, `secret`. */
  readonly pusher: readonly string[];
  stop(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
}

export async function startRegistry(parent: string, access: Access): Promise<Registry> {
  const directory = join(parent, `registry-${access.mode}`);
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const configurationFile = join(directory, 'config.yml');
  // JSON is YAML.
  const configuration = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: host, secret: 'test' },
    ...(await authSection(directory, access)),
  };
  writeFileSync(configurationFile, JSON.stringify(configuration));
  const start = (): Promise<() => Promise<void>> =>
    serve(`http://${host}/v2/`, 'docker-registry', 'serve', configurationFile);
  let stop = await start();
  return {
    host,
    pusher: access.mode === 'none' ? [] : ['--dest-creds', 'me:secret'],
    stop: () => stop(),
    restart: async () => {
      stop = await start();
    },
  };
}

async function authSection(directory: string, access: Access): Promise<Record<string, unknown>> {
  if (access.mode === 'none') return {};
  if (access.mode === 'htpasswd') {
    const path = join(directory, 'htpasswd');
    writeFileSync(path, await run('htpasswd', '-Bbn', 'me', 'secret'));
    return { auth: { htpasswd: { realm: 'test', path } } };
  }
  const { realm, service, issuer, certificateFile } = access.tokens;
  return { auth: { token: { realm, service, issuer, rootcertbundle: certificateFile } } };
}

/** A proxy in front of a registry that counts what is asked and how it was answered, and can spoil answers. */
export interface CountingProxy {
  readonly host: string;
  /** `GET manifests 200`, `HEAD manifests 200`, `GET blobs 401`, … in order. */
  readonly seen: string[];
  /** Answers in the registry's place while it is set, except for requests for which it returns `pass`. */
  fault: Fault | undefined;
  close(): Promise<void>;
}

export type Fault = (request: IncomingMessage, response: ServerResponse) => unknown;

export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    if (proxy.fault !== undefined && proxy.fault(request, response) !== 'pass') return;
    const onward = send(`http://${target}`, { method, path, headers }, (answer) => {
      const kind = /\/(manifests|blobs)\//.exec(path)?.[1] ?? 'other';
      seen.push(`${method} ${kind} ${answer.statusCode ?? 0}`);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const proxy: CountingProxy = {
    host: `127.0.0.1:${address.port}`,
    seen,
    fault: undefined,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}
