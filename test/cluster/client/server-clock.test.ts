import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { createApiClient } from '../../../src/cluster/client/api-client.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import { ServerClock } from '../../../src/cluster/client/server-clock.js';
import { systemClock } from '../../../src/time/clock.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const startMs = Date.parse('2026-11-22T12:00:00Z');

/** Two clocks: the API server's, and ours, which someone may set. */
function createWorld() {
  const now = { monotonicMs: 5_000, skewMs: 0 };
  const said: string[] = [];
  const serverMs = (): number => startMs + now.monotonicMs;
  const log = {
    error: (_about: object, text: string) => void said.push(text),
    info: (_about: object, text: string) => void said.push(text),
  };
  const clock = new ServerClock({ monotonicMs: () => now.monotonicMs, wallMs: () => serverMs() + now.skewMs }, log);
  return {
    now,
    said,
    clock,
    serverMs,
    /** An answer that took so long there and back, dated in between. */
    answer: (thereMs = 10, backMs = 10, offMs = 0) => {
      const sentMs = now.monotonicMs;
      now.monotonicMs += thereMs;
      const date = new Date(serverMs() + offMs).toUTCString();
      now.monotonicMs += backMs;
      clock.heard(date, sentMs);
    },
  };
}

t.test('F27: until an answer told the date nothing is known, and our own clock counts', (t) => {
  const { clock, now, serverMs, said } = createWorld();
  now.skewMs = 8 * hourMs;
  clock.heard(undefined, 0);
  clock.heard('tomorrow', 0);
  clock.heard(['Sun, 22 Nov 2026 12:00:00 GMT'], 0);
  t.equal(clock.skewMs(), undefined);
  t.equal(clock.wallMs(), serverMs() + now.skewMs);
  t.equal(clock.agrees(), true, 'nothing is claimed that nobody has looked at');
  t.same(said, []);
  t.end();
});

t.test('F27: the API server’s date is told by its answers, and more exactly by many', (t) => {
  const { clock, now, serverMs, answer } = createWorld();
  const off = (): number => Math.abs(clock.wallMs() - serverMs());
  answer();
  t.ok(off() <= 520, `${off()} ms`);
  for (let count = 0; count < 20; count++) {
    now.monotonicMs += 1_037;
    answer(count % 3 === 0 ? 4_000 : 5, 5);
  }
  t.ok(off() < 100, `${off()} ms, though some answers are slow`);
  answer(0, 10_001, hourMs);
  t.ok(off() < 100, 'an answer that took too long tells nothing');
  answer(5, 5, hourMs);
  t.ok(Math.abs(off() - hourMs) < 600, 'one that contradicts what was known is believed');
  t.end();
});

t.test('F27: a jump of our clock is seen at once, and moves no date that the certificates go by', (t) => {
  for (const skewMs of [8 * hourMs, -8 * hourMs, 4_000 * 24 * hourMs, 6 * minuteMs]) {
    const { clock, now, serverMs, answer, said } = createWorld();
    answer();
    t.equal(clock.agrees(), true);
    now.skewMs = skewMs;
    t.equal(clock.agrees(), false, `${skewMs} ms, without another answer`);
    t.equal(clock.agrees(), false);
    t.ok(Math.abs((clock.skewMs() ?? 0) - skewMs) < 600);
    t.ok(Math.abs(clock.wallMs() - serverMs()) < 600);
    t.ok(clock.earlierMs() <= serverMs() + Math.min(0, skewMs) + 600, 'the earlier of the two');
    t.match(said, [/too far from the API server’s: this replica does not lead and issues no certificate/]);
    t.equal(said.length, 1, 'said once');
    now.skewMs = 0;
    t.equal(clock.agrees(), true);
    t.equal(said.length, 2);
  }
  t.end();
});

t.test('F27: five minutes are the limit, and a clock that drifts across it does not go back and forth', (t) => {
  const { clock, now, answer, said } = createWorld();
  answer();
  now.skewMs = 5 * minuteMs - 600;
  t.equal(clock.agrees(), true);
  now.skewMs = 5 * minuteMs + 600;
  t.equal(clock.agrees(), false);
  now.skewMs = 5 * minuteMs - 600;
  t.equal(clock.agrees(), false);
  now.skewMs = 4 * minuteMs - 600;
  t.equal(clock.agrees(), true);
  t.equal(said.length, 2);
  t.end();
});

t.test('F27: every answer tells its date: a refusal and a watch too', async (t) => {
  const dates: unknown[] = [];
  const server = createServer((request, response) => {
    response.setHeader('date', `answer ${request.url}`);
    response.statusCode = request.url?.startsWith('/refused') === true ? 403 : 200;
    response.end(request.url?.includes('watch=true') === true ? '' : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const kubeconfig = join(t.testdir(), 'kubeconfig');
  const configuration = {
    clusters: [{ name: 'one', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'one', user: {} }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    'current-context': 'one',
  };
  writeFileSync(kubeconfig, JSON.stringify(configuration));
  const client = createApiClient(new Connection(loadKubeConfig({ kubeconfig })), 'test', {
    monotonicMs: () => systemClock.monotonicMs(),
    heard: (date, sentMs) => {
      t.ok(sentMs > 0 && sentMs <= systemClock.monotonicMs());
      dates.push(date);
    },
  });
  t.teardown(() => client.close());
  await client.get('/found');
  await t.rejects(client.get('/refused'));
  for await (const event of client.watch('/watched', { signal: AbortSignal.timeout(5_000) })) t.fail(event.type);
  t.same(dates, ['answer /found', 'answer /refused', 'answer /watched?watch=true']);
});
