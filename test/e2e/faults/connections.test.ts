import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { policyOf, podOf, namespaceOf } from '../lookup/documents.js';
import { envelope } from '../review.js';
import { startServing } from '../serving.js';
import { startLoad } from './load.js';

const parent = mkdtempSync(join(tmpdir(), 'outrider-faults-'));
const serving = await startServing({ parent, documents: [namespaceOf('web'), policyOf('web', {})] });
t.teardown(async () => {
  await serving.stop();
  rmSync(parent, { recursive: true, force: true });
});
t.setTimeout(900_000);

const body = envelope(podOf('web', 'acme/app:1', { command: ['/app'] }));
const { port, ca } = serving;
const request = `POST /mutate/pods HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
const load = (clients: number) =>
  startLoad({ path: '/mutate/pods', body: () => body, clients, choose: () => ({ port, ca }) });

async function open(): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** All that a connection says until the server closes it. */
async function answerOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

/** Sends a byte now and then until the connection is closed. */
function trickle(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.writable) socket.write(text.charAt(at++) || ' ');
  }, 400);
  socket.on('close', () => clearInterval(timer));
}

t.test('slow clients are cut, and nobody waits for them', async (t) => {
  const reviews = load(2);
  const slow: Promise<string>[] = [];
  for (let index = 0; index < 30; index++) {
    const headers = await open();
    trickle(headers, `${request.slice(0, -4)}\r\nX-Slow: ${'a'.repeat(500)}`);
    const bodies = await open();
    bodies.write(request);
    trickle(bodies, body);
    const silent = connectPlain({ host: '127.0.0.1', port });
    silent.on('error', () => undefined);
    slow.push(answerOf(headers), answerOf(bodies), answerOf(silent));
  }
  const ends = await Promise.all(slow);
  await reviews.stop();
  t.strictSame(reviews.failures, []);
  t.ok(reviews.answered > 100, `${reviews.answered} reviews meanwhile`);
  t.ok(
    ends.every((text) => text === '' || /^HTTP\/1\.1 408 /.test(text)),
    'closed, most of them with 408',
  );
  t.ok(ends.filter((text) => text !== '').length >= 60);
  t.equal(await serving.metric('outrider_admission_in_flight'), 0);
});

t.test('a client that has closed its half still gets its answer', async (t) => {
  const whole = await open();
  whole.end(request + body);
  t.match(await answerOf(whole), /^HTTP\/1\.1 200 .*"allowed":true/s);
  const nothing = await open();
  nothing.end();
  t.equal(await answerOf(nothing), '');
  const half = await open();
  half.end(request + body.slice(0, 20));
  t.notMatch(await answerOf(half), /200 OK/);
  const gone = await open();
  gone.write(request + body.slice(0, 20));
  gone.destroy();
  t.match(await serving.review(podOf('web', 'acme/app:1', { command: ['/app'] })), { verdict: 'inject/injected' });
  t.equal(await serving.metric('outrider_admission_in_flight'), 0);
});

t.test('10,000 idle connections take bounded memory, and reviews go on', async (t) => {
  const allowed = Number(execFileSync('sh', ['-c', 'ulimit -n']).toString()) - 500;
  const count = Math.max(100, Math.min(10_000, Number.isNaN(allowed) ? 10_000 : allowed));
  if (count < 10_000) t.comment(`only ${count} connections: ulimit -n allows no more`);
  const resident = () => serving.metric('process_resident_memory_bytes');
  const before = await resident();
  const sockets: TLSSocket[] = [];
  while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))));
  const after = await resident();
  const reviews = load(4);
  await reviews.more(500);
  await reviews.stop();
  t.strictSame(reviews.failures, []);
  const each = Math.round((after - before) / sockets.length);
  t.comment(
    `${sockets.length} connections: ${Math.round(before / 1e6)} → ${Math.round(after / 1e6)} MB, ${each} bytes each`,
  );
  t.ok(each < 100_000, `${each} bytes a connection`);
  // The API server opens connections ahead of its calls; a request on one has 15 s, looked at every 5.
  await sleep(21_000);
  t.equal(sockets.filter((socket) => socket.destroyed).length, 0, 'all of them are kept');
  for (const socket of sockets) socket.destroy();
  t.match(await serving.review(podOf('web', 'acme/app:1', { command: ['/app'] })), { verdict: 'inject/injected' });
});

t.test('a process that stood still says so', async (t) => {
  serving.kill('SIGSTOP');
  await sleep(2_500);
  serving.kill('SIGCONT');
  while (serving.logged('the process stood still: too little CPU time, or too much work').length === 0) {
    await sleep(50);
  }
  const [line] = serving.logged('the process stood still: too little CPU time, or too much work');
  t.ok(Number(line?.['lateMs']) > 500);
});
