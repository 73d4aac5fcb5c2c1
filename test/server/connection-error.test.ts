import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { answerConnectionError } from '../../src/server/connection-error.js';

/** Both ends of a connection. */
async function pair(test: Test): Promise<{ readonly client: Socket; readonly served: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = connect({ host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
  const [served] = (await once(server, 'connection')) as [Socket];
  test.teardown(() => {
    client.destroy();
    server.close();
  });
  return { client, served };
}

t.test('a connection whose TLS handshake never ends is cut, not answered', async (t) => {
  for (const code of ['ERR_TLS_HANDSHAKE_TIMEOUT', 'ERR_SSL_HTTP_REQUEST']) {
    const { client, served } = await pair(t);
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    t.equal(answerConnectionError(Object.assign(new Error(code), { code }), served), undefined);
    t.ok(served.destroyed, code);
    await once(client, 'close');
    t.equal(chunks.length, 0);
  }
});

t.test('a request that is none, or late, is answered and cut', async (t) => {
  for (const [code, status, cause] of [
    ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'request_timeout'],
    ['HPE_HEADER_OVERFLOW', 431, 'headers_too_large'],
    ['HPE_INVALID_METHOD', 400, 'request_malformed'],
  ] as const) {
    const { client, served } = await pair(t);
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    t.equal(answerConnectionError(Object.assign(new Error(code), { code }), served), cause);
    await once(client, 'close');
    t.match(Buffer.concat(chunks).toString(), new RegExp(`^HTTP/1\\.1 ${status} .*"code":"${cause}"`, 's'));
  }
});
