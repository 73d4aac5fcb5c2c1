import t from 'tap';
import { BodyBuffers } from '../../src/server/body-buffers.js';

const kilobyte = 1024;

t.test('a buffer that was given back is used again, for whatever fits in', (t) => {
  const buffers = new BodyBuffers(2_000 * kilobyte);
  const first = buffers.take(700 * kilobyte);
  t.ok(first.length >= 700 * kilobyte);
  t.not(buffers.take(700 * kilobyte), first, 'never to two at a time');
  buffers.giveBack(first);
  t.not(buffers.take(900 * kilobyte), first, 'it is too small');
  t.equal(buffers.take(600 * kilobyte), first);
  t.end();
});

t.test('no more is kept than allowed', (t) => {
  const buffers = new BodyBuffers(1_000 * kilobyte);
  const [kept, dropped] = [buffers.take(600 * kilobyte), buffers.take(600 * kilobyte)];
  buffers.giveBack(kept);
  buffers.giveBack(dropped);
  t.equal(buffers.take(1), kept);
  t.not(buffers.take(1), dropped);
  buffers.giveBack(buffers.take(10_000 * kilobyte));
  buffers.giveBack(kept);
  t.equal(buffers.take(1), kept, 'one that is too large takes nobody’s place');
  t.end();
});
