import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import { join } from 'node:path';
import type { ApiServer } from './api-server.js';

/** A page after the first one of a list of pods, as it was asked for, and what came back. */
export interface AskedPage {
  /** Whether a page was asked for that is not the first. */
  readonly isLater: boolean;
  /** `undefined`: the connection was cut. */
  readonly status: number | undefined;
}

/** Says what is asked instead of a later page of a list of pods; `undefined` cuts the connection. */
export type LaterPage = (url: URL) => Promise<URL | undefined>;

/** A way to the API server on which lists of pods can go wrong in their middle. */
export interface PodListProxy {
  readonly kubeconfig: string;
  /** Pages of pods so far, in the order of their answers. */
  readonly asked: readonly AskedPage[];
  stop(): Promise<void>;
}

const podLists = /^\/api\/v1\/(namespaces\/[^/]+\/)?pods$/;

/** @param kubeconfig of an identity with a token, which goes through as it is */
export async function startPodListProxy(
  api: ApiServer,
  kubeconfig: string,
  laterPage: LaterPage,
): Promise<PodListProxy> {
  const pair = await api.authority.server('pod-lists', ['127.0.0.1']);
  const agent = new Agent({ ca: readFileSync(api.caFile), keepAlive: true });
  const asked: AskedPage[] = [];
  const server = createServer(
    { cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) },
    (incoming, outgoing) => {
      const url = new URL(incoming.url ?? '/', api.url);
      const isPage = incoming.method === 'GET' && podLists.test(url.pathname);
      const isLater = isPage && url.searchParams.has('continue');
      const cut = (): void => {
        if (isPage) asked.push({ isLater, status: undefined });
        incoming.socket.destroy();
      };
      const forward = (target: URL): void => {
        const { method, headers } = incoming;
        const there = request(target, { method, headers, agent }, (answer) => {
          if (isPage) asked.push({ isLater, status: answer.statusCode });
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          outgoing.flushHeaders();
          answer.on('error', () => outgoing.destroy());
          answer.pipe(outgoing);
        });
        there.on('error', () => incoming.socket.destroy());
        outgoing.on('close', () => there.destroy());
        incoming.pipe(there);
      };
      (isLater ? laterPage(url) : Promise.resolve(url)).then((to) => (to === undefined ? cut() : forward(to)), cut);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const own = join(api.directory, 'pod-lists.kubeconfig');
  writeFileSync(own, readFileSync(kubeconfig, 'utf8').replaceAll(api.url, `https://127.0.0.1:${port}`));
  return {
    kubeconfig: own,
    asked,
    stop: async () => {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same page by a token of long ago: of the store's first revision. */
export function ofLongAgo(url: URL): URL {
  const token: unknown = JSON.parse(Buffer.from(url.searchParams.get('continue') ?? '', 'base64url').toString());
  const old = new URL(url);
  old.searchParams.set(
    'continue',
    Buffer.from(JSON.stringify(Object.assign({}, token, { rv: 1 }))).toString('base64url'),
  );
  return old;
}
