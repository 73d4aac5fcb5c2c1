import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { PauseEvents } from '../../../src/cluster/registration/pause-events.js';
import type { Pause } from '../../../src/cluster/registration/pause-record.js';
import { createLogger } from '../../../src/observe/logger.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { until } from '../../server/harness.js';
import { createFakeApi } from './fake-api.js';

const log = await createLogger({ level: 'silent', format: 'json' });
const ownNamespace = 'outrider-system';
const events = pathOf(resources.events, { namespace: ownNamespace });
const jane: Pause = {
  untilMs: Infinity,
  since: '2026-11-22T10:00:00Z',
  by: 'jane',
  reason: 'upgrade',
  marker: 'configurations',
};

function setUp() {
  const fake = createFakeApi();
  fake.objects.set(pathOf(resources.configMaps, { namespace: ownNamespace, name: 'outrider' }), {
    metadata: { uid: 'u' },
  });
  const written: JsonObject[] = [];
  const client = {
    ...fake.client,
    create: async (path: string, object: JsonObject) => {
      const made = await fake.client.create(path, object);
      written.push(object);
      return made;
    },
  };
  const state: { pause: Pause | undefined } = { pause: undefined };
  const listeners = new Set<() => void>();
  const pause = {
    current: () => state.pause,
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const change = (to: Pause | undefined): void => {
    state.pause = to;
    for (const listener of listeners) listener();
  };
  const lead = () => {
    const ending = new AbortController();
    const clock = { wallMs: () => Date.parse('2026-11-22T10:00:05Z'), monotonicMs: () => 0 };
    const options = {
      client,
      instance: 'outrider',
      ownNamespace,
      identity: 'one',
      pause,
      clock,
      sleep: sleepByTimer,
      log,
    };
    const running = new PauseEvents(options).run(ending.signal);
    return async (): Promise<void> => {
      ending.abort();
      await running;
    };
  };
  return { fake, written, change, lead };
}

t.test('F31: Events say who paused, since when and why, and that it is over', async (t) => {
  const { written, change, lead } = setUp();
  const stop = lead();
  change(jane);
  await until(() => written.length === 1);
  t.match(written[0], {
    type: 'Warning',
    reason: 'Paused',
    regarding: { kind: 'ConfigMap', namespace: ownNamespace, name: 'outrider', uid: 'u' },
    note: 'Paused until it is resumed, since 2026-11-22T10:00:00Z, by jane as its marker says (upgrade).',
  });
  change(undefined);
  await until(() => written.length === 2);
  t.match(written[1], { type: 'Normal', reason: 'Resumed', note: /^No longer paused; it was .* by jane/ });
  await stop();
});

t.test('F31: the next leader says the same under the same name, so that it is said once', async (t) => {
  const { fake, written, change, lead } = setUp();
  change(jane);
  const first = lead();
  await until(() => written.length === 1);
  await first();
  const second = lead();
  await until(() => written.length === 2);
  await second();
  const nameOf = (event: JsonObject | undefined) => objectOf(event?.['metadata'])?.['name'];
  t.equal(nameOf(written[0]), nameOf(written[1]));
  fake.refuse = (request) =>
    request === `CREATE ${events}` ? new ApiError('there', { status: 409, reason: 'AlreadyExists' }) : undefined;
  const third = lead();
  await until(() => fake.requests.filter((request) => request === `CREATE ${events}`).length === 3);
  await third();
  t.equal(written.length, 2);
});
