import t, { type Test } from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { selfTestName } from '../../../src/cluster/registration/entry-names.js';
import { SelfTestLoop } from '../../../src/cluster/registration/self-test-loop.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { nonceOf, writeAnswer } from '../../../src/model/self-test.js';
import { createLogger } from '../../../src/observe/logger.js';
import { createVirtualTime, type VirtualTime } from '../virtual-time.js';

interface Running {
  readonly time: VirtualTime;
  /** Whether the API server reaches the webhook. */
  reached: boolean;
  /** How often that was tried. */
  tries: number;
  /** What was said about it: the metric, in its order. */
  readonly said: readonly boolean[];
  /** Log lines that are worth a warning. */
  readonly warnings: readonly string[];
}

async function run(t: Test, { reached = false, everySeconds = 60 } = {}): Promise<Running> {
  const time = createVirtualTime();
  const said: boolean[] = [];
  const warnings: string[] = [];
  const destination = { write: (line: string) => void warnings.push(line) };
  const running: Running = { time, reached, tries: 0, said, warnings };
  const create = (_path: string, configMap: JsonObject): Promise<JsonObject> => {
    running.tries += 1;
    const message = `failed calling webhook "${selfTestName}": failed to call webhook: no endpoints available`;
    if (!running.reached) return Promise.reject(new ApiError(message, { status: 500, reason: 'InternalError' }));
    const answer = writeAnswer({ identity: 'a', nonce: nonceOf(configMap) });
    const metadata = { ...objectOf(configMap['metadata']), annotations: { [names.answeredBy]: answer } };
    return Promise.resolve({ ...configMap, metadata });
  };
  let nonces = 0;
  const ending = new AbortController();
  const ended = new SelfTestLoop({
    client: { create },
    log: await createLogger({ level: 'warn', format: 'json', destination }),
    metrics: { setReachable: (reachable) => void said.push(reachable) },
    clock: time,
    sleep: time.sleep,
    instance: 'outrider',
    ownNamespace: 'own',
    nonce: () => String(nonces++),
    everySeconds,
    ready: () => true,
    onResult: () => undefined,
  }).run(ending.signal);
  t.teardown(() => {
    ending.abort();
    return ended;
  });
  return running;
}

t.test('a new installation whose pods are no endpoints yet is no trouble', async (t) => {
  const running = await run(t);
  await running.time.advance(5_000);
  t.ok(running.tries > 1);
  running.reached = true;
  await running.time.advance(2_000);
  t.same(running.said, [true]);
  t.same(running.warnings, []);
});

t.test('one that is never reached is said soon, and a success at once', async (t) => {
  const running = await run(t);
  await running.time.advance(16_000);
  t.same(running.said, [false]);
  t.equal(running.warnings.length, 1);
  t.match(running.warnings[0], 'no endpoints available');
  running.reached = true;
  await running.time.advance(10_000);
  t.same(running.said, [false, true]);
});

t.test('later on one failure is looked at once more, and then said', async (t) => {
  const running = await run(t, { reached: true });
  await running.time.advance(61_000);
  t.same(running.said, [true, true]);
  running.reached = false;
  await running.time.advance(60_000);
  t.same(running.said, [true, true]);
  await running.time.advance(2_000);
  t.same(running.said, [true, true, false]);
  t.equal(running.tries, 4);
});

t.test('none is made where none is wanted', async (t) => {
  const running = await run(t, { everySeconds: 0 });
  await running.time.advance(3_600_000);
  t.equal(running.tries, 0);
});
