import { KubeConfig } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { Connection } from '../../../src/cluster/client/connection.js';
import { createExecutor, type Executed } from '../../../src/cluster/client/exec.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';

/** What a server does with an exec, once it has taken the WebSocket on. */
type Serve = (socket: Duplex) => void;

/** A message of the server's: a channel, and what comes on it. */
function message(channel: number, content: string | Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(content)]);
  const long = payload.length > 125;
  const head = long ? Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]) : Buffer.from([0x82, payload.length]);
  if (long) head.writeUInt32BE(payload.length, 6);
  return Buffer.concat([head, payload]);
}

const success = JSON.stringify({ status: 'Success' });
const exited = (code: number): string =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });

interface Asked {
  readonly upgrades: IncomingMessage[];
  readonly exec: (options?: { timeoutMs?: number; longestBytes?: number }) => Promise<Executed>;
}

async function serve(
  t: Test,
  taken: Serve | undefined,
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
    void response.writeHead(400).end(),
): Promise<Asked> {
  const upgrades: IncomingMessage[] = [];
  const server = createServer(answer);
  const sockets: Duplex[] = [];
  server.on('upgrade', (request, socket) => {
    upgrades.push(request);
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (taken === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const key = `${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
    );
    taken(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    users: [{ name: 'u', token: 'secret-token' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const connection = new Connection(config);
  t.teardown(async () => {
    await connection.close();
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const execute = createExecutor(connection, 'test');
  return {
    upgrades,
    exec: ({ timeoutMs = 5_000, longestBytes = 1_000_000 } = {}) =>
      execute({
        namespace: 'shop',
        pod: 'web',
        container: 'agent',
        command: ['/busybox', 'sh', '-c', 'echo "$1" & x=1'],
        timeoutMs,
        longestBytes,
      }),
  };
}

t.test('a program’s output and how it ended', async (t) => {
  const { exec, upgrades } = await serve(t, (socket) => {
    socket.write(Buffer.concat([message(1, 'one\n'), message(2, 'to stderr'), message(1, 'two\n')]));
    socket.write(message(3, success));
  });
  t.match(await exec(), { stdout: 'one\ntwo\n', stderr: 'to stderr', exitCode: 0, cut: false, trouble: undefined });
  const url = new URL(upgrades[0]?.url ?? '', 'http://x');
  t.equal(url.pathname, '/api/v1/namespaces/shop/pods/web/exec');
  t.same(url.searchParams.getAll('command'), ['/busybox', 'sh', '-c', 'echo "$1" & x=1'], 'word by word');
  t.equal(url.searchParams.get('container'), 'agent');
  t.equal(url.searchParams.has('stdin'), false);
  t.equal(upgrades[0]?.headers.authorization, 'Bearer secret-token');
  t.match(upgrades[0]?.headers['sec-websocket-protocol'], 'v5.channel.k8s.io');
});

t.test('messages in pieces: of the connection’s, and of the WebSocket’s', async (t) => {
  const whole = Buffer.concat([message(1, 'x'.repeat(300)), message(3, success)]);
  const { exec } = await serve(t, (socket) => {
    for (const byte of whole) socket.write(Buffer.from([byte]));
  });
  t.match(await exec(), { stdout: 'x'.repeat(300), exitCode: 0 });
  const inFrames = await serve(t, (socket) => {
    socket.write(Buffer.from([0x02, 2, 1, 0x61, 0x89, 1, 0x70, 0x80, 1, 0x62]));
    socket.write(message(3, success));
  });
  t.match(await inFrames.exec(), { stdout: 'ab', exitCode: 0 }, 'a message in two frames, with a ping between');
});

t.test('what is no WebSocket, and a message that is too long', async (t) => {
  for (const bytes of [
    [0xff, 0xff, 0, 0],
    [0x82, 0x81, 0, 0],
    [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0],
  ]) {
    const { exec } = await serve(t, (socket) => socket.write(Buffer.from(bytes)));
    await t.rejects(exec(), { message: /no WebSocket of a server|too long/ });
  }
});

t.test('a character that two messages share', async (t) => {
  const { exec } = await serve(t, (socket) => {
    const bytes = Buffer.from('ü');
    socket.write(Buffer.concat([message(1, bytes.subarray(0, 1)), message(1, bytes.subarray(1)), message(3, success)]));
  });
  t.equal((await exec()).stdout, 'ü');
});

t.test('exit codes, and what could not be started', async (t) => {
  const codes = await serve(t, (socket) => socket.write(message(3, exited(7))));
  t.match(await codes.exec(), { exitCode: 7, trouble: undefined });
  const failure = JSON.stringify({ status: 'Failure', reason: 'InternalError', message: 'no such file' });
  const broken = await serve(t, (socket) => socket.write(message(3, failure)));
  t.match(await broken.exec(), { exitCode: undefined, trouble: 'no such file' });
  const odd = await serve(t, (socket) => socket.write(message(3, 'not JSON')));
  t.match(await odd.exec(), { exitCode: undefined, trouble: 'it does not say why' });
});

t.test('output without end is cut off, and so is a long error', async (t) => {
  const { exec } = await serve(t, (socket) => {
    socket.write(message(2, 'e'.repeat(100_000)));
    for (let n = 0; n < 10; n++) socket.write(message(1, 'x'.repeat(1_000)));
  });
  const seen = await exec({ longestBytes: 2_500 });
  t.match(seen, { cut: true, exitCode: undefined });
  t.equal(seen.stdout.length, 2_500);
  t.equal(seen.stderr.length, 2_048);
});

t.test('no end, an early end, and nobody there', async (t) => {
  const silent = await serve(t, () => undefined);
  await t.rejects(silent.exec({ timeoutMs: 200 }), { status: 0, reason: 'NoAnswer', message: /it takes too long/ });
  const early = await serve(t, (socket) => {
    socket.write(message(1, 'half'));
    socket.destroy();
  });
  await t.rejects(early.exec(), { status: 0, message: /ended early/ });
  const closed = await serve(t, (socket) => socket.write(Buffer.from([0x88, 0])));
  await t.rejects(closed.exec(), { status: 0, message: /ended early/ });
});

t.test('which right is lacking, which the refused WebSocket does not say', async (t) => {
  const status = (verb: string) => ({
    kind: 'Status',
    reason: 'Forbidden',
    message: `pods "web" is forbidden: User "jane" cannot ${verb} resource "pods/exec"`,
  });
  const asked: string[] = [];
  const forbidding = (verbs: readonly string[]) =>
    serve(t, undefined, ({ method = '' }, response) => {
      asked.push(method);
      const verb = method === 'GET' ? 'get' : 'create';
      const denied = verbs.includes(verb);
      response.writeHead(denied ? 403 : 400, { 'content-type': 'application/json' });
      response.end(JSON.stringify(denied ? status(verb) : { kind: 'Status', message: 'Upgrade request required' }));
    });
  await t.rejects((await forbidding(['get', 'create'])).exec(), { status: 403, message: /cannot get resource/ });
  await t.rejects((await forbidding(['create'])).exec(), { status: 403, message: /cannot create resource/ });
  t.same(asked, ['GET', 'GET', 'POST']);
  const proxied = await forbidding([]);
  const error: unknown = await proxied.exec().catch((reason: unknown) => reason);
  t.ok(isApiError(error));
  t.match(error, { status: 400, message: /no WebSocket gets through: .*Upgrade request required/ });
  t.notMatch(String(error), 'secret-token');
});
