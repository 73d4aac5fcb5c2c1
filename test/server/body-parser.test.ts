import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { BodyBuffers } from '../../src/server/body-buffers.js';
import { createBodyParser } from '../../src/server/body-parser.js';
import { RequestRejected } from '../../src/server/rejection.js';
import { ReviewMemory } from '../../src/server/review-memory.js';

function message(length: number | undefined): IncomingMessage {
  const payload = new IncomingMessage(new Socket());
  if (length !== undefined) payload.headers['content-length'] = String(length);
  return payload;
}

function read(pieces: readonly string[], length: number | undefined, mostBytes = 200_000) {
  const payload = message(length);
  for (const piece of pieces) payload.push(piece);
  payload.complete = true;
  payload.push(null);
  return new Promise<string>((resolve, reject) => {
    createBodyParser({ mostBytes, buffers: new BodyBuffers(1 << 20), memory: new ReviewMemory(1 << 24) })(
      undefined,
      payload,
      (error, body) => {
        if (error !== null) reject(error);
        else resolve(body?.toString() ?? '');
      },
    );
  });
}

t.test('a body comes whole, with and without a length, small and large', async (t) => {
  const large = ['a'.repeat(50_000), 'b'.repeat(50_000), 'c'.repeat(50_000)];
  for (const pieces of [['{}'], ['{', '}'], large]) {
    const whole = pieces.join('');
    t.ok((await read(pieces, whole.length)) === whole);
    t.ok((await read(pieces, undefined)) === whole);
  }
});

t.test('a body that is too long is refused: by its length, or by what comes', async (t) => {
  await t.rejects(read([], 11, 10), new RequestRejected('body_too_large'));
  await t.rejects(read(['12345678', '901'], undefined, 10), new RequestRejected('body_too_large'));
});
