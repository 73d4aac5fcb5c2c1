import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WebhookServer, type WebhookLimits } from '../../src/server/webhook.js';
import { makePair, observers, open, post, smallLimits, until, type Connection } from './harness.js';

// Connections on which nothing is asked: the API server opens some ahead, and doesn't repeat a call that met a closed one.

const { ca, pair } = await makePair();
const headersTimeoutMs = 100;
const limits: WebhookLimits = { ...smallLimits, requestTimeoutMs: headersTimeoutMs, headersTimeoutMs };

async function serve(own: Partial<WebhookLimits> = {}) {
  const { metric, ...seen } = await observers();
  const server = new WebhookServer({ pair, limits: { ...limits, ...own }, ...seen });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  server.setHandlers({ pods: { mutate: () => 'answered', validate: () => 'answered' } });
  return { server, metric, port, client: () => open(port, { ca }) };
}

async function ended({ socket }: Connection): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

t.test('one that is opened ahead is kept, and cut for a slow request as any other', async (t) => {
  const { server, metric, client } = await serve();
  const [ahead, slow] = [await client(), await client()];
  slow.send('POST /mutate/pods HTTP/1.1\r\n');
  t.match(await slow.next(), { status: 408 });
  await sleep(headersTimeoutMs * 2);
  ahead.send(post('1'));
  t.match(await ahead.next(), { status: 200, body: 'answered' });
  await sleep(headersTimeoutMs * 2);
  ahead.send(post('1').slice(0, 30));
  t.match(await ahead.next(), { status: 408 });
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'request_timeout' }), 2);
  await server.close(0);
});

t.test('one that nobody ever uses is ended in the end', async (t) => {
  const { server, metric, client } = await serve({ keepAliveMs: 200 });
  const ahead = await client();
  await t.rejects(ahead.next(), 'without an answer');
  t.notOk(await metric('outrider_rejected_requests_total', { cause: 'request_timeout' }));
  await server.close(0);
});

t.test(
  'those that were opened ahead do not hold a closing server up, those just opened get their answer',
  async (t) => {
    const { server, client } = await serve();
    const old = await client();
    await sleep(1_100);
    const [asks, silent] = [await client(), await client()];
    let closed = false;
    const closing = server.close(60_000).then(() => (closed = true));
    await ended(old);
    t.notOk(closed);
    asks.send(post('1'));
    t.match(await asks.next(), { status: 503, headers: { 'retry-after': '1' } });
    await ended(silent);
    await closing;
  },
);

t.test('an idle one has a last answer at the end, which a call that is on its way takes for its own', async (t) => {
  const { server, client } = await serve();
  const [idle, calling, halfway] = [await client(), await client(), await client()];
  for (const connection of [idle, calling]) {
    connection.send(post('1'));
    t.match(await connection.next(), { status: 200 });
  }
  halfway.send(post('12').slice(0, -1));
  server.startDraining();
  const last = { status: 503, headers: { 'retry-after': '1', connection: 'close' }, body: /"draining"/ };
  const closing = server.close(60_000);
  calling.send(post('1'));
  for (const connection of [idle, calling, halfway]) t.match(await connection.next(), last);
  await closing;
});

t.test('a client that never closes is cut in the end', async (t) => {
  const { server, client } = await serve();
  const stays = await client();
  stays.send(post('1'));
  t.match(await stays.next(), { status: 200 });
  stays.socket.pause();
  await server.close(100);
  stays.socket.resume();
  await ended(stays);
});

t.test('connections that are opened are waited for, but not for ever', async (t) => {
  const { server, client } = await serve();
  t.notOk(server.connections.hasNew(60_000));
  (await client()).socket.destroy();
  t.ok(server.connections.hasNew(60_000));
  await server.connections.quiet(0, 60_000);
  await server.connections.quiet(60_000, 100);
  await server.connections.quiet(100, 60_000);
  t.notOk(server.connections.hasNew(100));
  await until(() => server.inFlight === 0);
  await server.close(0);
});

t.test('clients that open one in each turn of the event loop do not hold a closing server up', async (t) => {
  const { server, port } = await serve();
  const sockets = new Set<Socket>();
  let opens = true;
  const openMore = (): void => {
    if (!opens) return;
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    sockets.add(socket);
    setImmediate(openMore);
  };
  openMore();
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const startMs = performance.now();
  await server.connections.settled(200);
  t.ok(performance.now() - startMs < 5_000);
  opens = false;
  t.ok(server.connections.hasNew(60_000));
  for (const socket of sockets) socket.destroy();
  await server.close(0);
});
