import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { WebhookServer } from '../../src/server/webhook.js';
import { makePair, observers, open, post, smallLimits, until } from './harness.js';

const { ca, pair } = await makePair();
const maxBodyBytes = 1024 * 1024;

/** A server whose answers are as long as a review asks for; reviews are arrays with the number first. */
async function serve(t: Parent) {
  const seen = await observers();
  const limits = { ...smallLimits, maxBodyBytes, requestTimeoutMs: 60_000, headersTimeoutMs: 30_000 };
  const server = new WebhookServer({ pair, limits, ...seen });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  let asked = 0;
  server.setHandlers({
    pods: {
      mutate: (body) => {
        asked += 1;
        return answerOf(Number.parseInt(body.subarray(1, 12).toString(), 10));
      },
    },
  });
  t.teardown(() => server.close(0));
  return { server, port, asked: () => asked, ...seen };
}

type Parent = Pick<typeof t, 'teardown'>;

/** Each place holds what no other does nearby, so that a piece that is lost, doubled or moved is seen. */
function answerOf(bytes: number): string {
  let answer = '';
  for (let at = 0; answer.length < bytes; at++) answer += `${at},`;
  return answer.slice(0, bytes);
}

async function load(...words: readonly [port: string, ca: string, body: string, answersWith: string]): Promise<void> {
  await once(new Worker(new URL('load-worker.js', import.meta.url), { argv: [...words] }), 'message');
}

const sizes = [0, 1, 15 * 1024, 15 * 1024 + 1, 16 * 1024, 30 * 1024, 64 * 1024, 100_000, 1_000_000];

t.test('an answer of any size comes whole, and the connection goes on', async (t) => {
  const { port, metric } = await serve(t);
  const connection = await open(port, { ca });
  t.teardown(() => connection.socket.destroy());
  for (const bytes of sizes) {
    connection.send(post(`[${bytes}]`.padEnd(20)));
    const { status, body } = await connection.next();
    t.equal(status, 200);
    t.equal(body.length, bytes);
    t.ok(body === answerOf(bytes), `the answer of ${bytes} bytes is whole`);
  }
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'request_malformed' }), 0);
});

t.test('large reviews with large answers follow each other on a connection', async (t) => {
  const { port, metric } = await serve(t);
  for (const bytes of [20_000, 70_000, 300_000]) {
    await load(`${port}`, ca, `[${bytes}]`.padEnd(500_000), '9,10,11,');
  }
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'request_malformed' }), 0);
});

t.test('a client that goes in the middle of its answer takes nothing with it', async (t) => {
  const { port, metric } = await serve(t);
  for (let at = 0; at < 5; at++) {
    const connection = await open(port, { ca });
    connection.send(post('[8000000]'.padEnd(20)));
    await new Promise((resolve) => connection.socket.once('data', resolve));
    connection.socket.destroy();
  }
  await until(async () => (await metric('outrider_admission_pending_bytes')) === 0);
  const next = await open(port, { ca });
  t.teardown(() => next.socket.destroy());
  next.send(post('[40000]'.padEnd(20)));
  t.equal((await next.next()).body.length, 40_000);
});

t.test('answers that wait behind another for a client that goes are not counted any longer', async (t) => {
  const { port, metric } = await serve(t);
  const connection = await open(port, { ca });
  connection.socket.pause();
  const one = post('[8000000]'.padEnd(20));
  connection.send(`${one}${one}`);
  await until(async () => Number(await metric('outrider_admission_pending_bytes')) >= 16_000_000);
  connection.socket.destroy();
  await until(async () => (await metric('outrider_admission_pending_bytes')) === 0);
});

t.test('an answer that comes once the client has gone is not counted, and nobody waits for it', async (t) => {
  const { port, server, metric } = await serve(t);
  const isGone = new Promise<void>((gone) => {
    server.setHandlers({
      pods: {
        mutate: (_body, { signal }) =>
          new Promise<string>((answer) => {
            signal.addEventListener('abort', () => {
              answer(answerOf(100_000));
              gone();
            });
          }),
      },
    });
  });
  const connection = await open(port, { ca });
  connection.send(post('[1]'.padEnd(20)));
  await until(() => server.inFlight === 1);
  connection.socket.destroy();
  await isGone;
  await until(() => server.inFlight === 0);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(await metric('outrider_admission_pending_bytes'), 0);
});

t.test('a server that closes gives answers to their end that were asked for one behind the other', async (t) => {
  const { port, server, asked } = await serve(t);
  const connection = await open(port, { ca });
  connection.socket.pause();
  const sizes = [3_000_000, 100_000];
  connection.send(sizes.map((bytes) => post(`[${bytes}]`.padEnd(20))).join(''));
  await until(() => asked() === sizes.length);
  const closing = server.close(5_000);
  connection.socket.resume();
  for (const bytes of sizes) t.equal((await connection.next()).body.length, bytes);
  connection.socket.end();
  await closing;
});

t.test('a server that closes in the middle of an answer gives it to its end', async (t) => {
  const { port, server, asked } = await serve(t);
  const connection = await open(port, { ca });
  connection.socket.pause();
  connection.send(post('[4000000]'.padEnd(20)));
  await until(() => asked() === 1);
  const closing = server.close(5_000);
  connection.socket.resume();
  t.equal((await connection.next()).body.length, 4_000_000);
  connection.socket.end();
  await closing;
});
