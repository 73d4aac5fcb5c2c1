import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readInventory } from '../../src/cluster/inventory.js';

/** An API server that answers what it is told, and the kubeconfig that leads to it. */
async function apiServer(
  t: { teardown(fn: () => Promise<unknown>): unknown },
  answer: (url: URL, response: ServerResponse, method: string) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    answer(new URL(request.url ?? '/', 'http://x'), response, request.method ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dir = await mkdtemp(join(tmpdir(), 'outrider-cluster-'));
  t.teardown(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dir, { recursive: true, force: true });
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const kubeconfig = join(dir, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'sekret' } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'here',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return kubeconfig;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.end(JSON.stringify(body));
}

const node = (name: string) => ({ metadata: { name }, status: { nodeInfo: { kernelVersion: '6.1.0' } } });

t.test('reads every page, by GET alone', async (t) => {
  const asked: string[] = [];
  const kubeconfig = await apiServer(t, (url, response, method) => {
    asked.push(`${method} ${url.pathname}${url.searchParams.get('continue') ?? ''}`);
    if (url.pathname === '/version') send(response, 200, { major: '1', minor: '34', gitVersion: 'v1.34.1' });
    else if (url.pathname === '/api/v1/namespaces') send(response, 200, { items: [{ metadata: { name: 'shop' } }] });
    else if (url.searchParams.get('continue') === 'next') send(response, 200, { items: [node('b')], metadata: {} });
    else send(response, 200, { items: [node('a')], metadata: { continue: 'next' } });
  });
  const inventory = await readInventory({ kubeconfig, timeoutMs: 5000 });
  t.match(inventory, {
    nodes: [node('a'), node('b')],
    namespaces: [{ metadata: { name: 'shop' } }],
    version: 'v1.34.1',
  });
  const paged = ['nodes', 'limitranges', 'resourcequotas'].map((kind) => `GET /api/v1/${kind}`);
  t.same(
    asked.sort(),
    [...paged, ...paged.map((path) => `${path}next`), 'GET /api/v1/namespaces', 'GET /version'].sort(),
  );
});

t.test('each way to fail says what helps, and never the token', async (t) => {
  const refusing = (status: number) => apiServer(t, (_url, response) => send(response, status, { kind: 'Status' }));
  const silent = await apiServer(t, () => undefined);
  const cases: readonly (readonly [request: Parameters<typeof readInventory>[0], message: RegExp])[] = [
    [{ kubeconfig: await refusing(403), timeoutMs: 5000 }, /forbids its user to read nodes \(403\)/],
    [{ kubeconfig: await refusing(401), timeoutMs: 5000 }, /does not know the kubeconfig’s user \(401\)/],
    [{ kubeconfig: await refusing(500), timeoutMs: 5000 }, /answers 500 when asked for nodes/],
    [{ kubeconfig: silent, timeoutMs: 50 }, /does not answer/],
    [{ kubeconfig: silent, context: 'there', timeoutMs: 50 }, /there is no context there; there are here/],
    [{ kubeconfig: '/nowhere/config', timeoutMs: 50 }, /\/nowhere\/config cannot be read/],
  ];
  for (const [request, message] of cases) {
    await t.rejects(readInventory(request), { code: 'cluster_unavailable', message });
    const error: unknown = await readInventory(request).catch((thrown: unknown) => thrown);
    t.notMatch(error instanceof Error ? error.message : '', /sekret/);
  }
});
