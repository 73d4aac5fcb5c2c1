import t from 'tap';
import { resources } from '../../../src/cluster/client/resources.js';
import { Reflector } from '../../../src/cluster/watch/reflector.js';
import type { ReflectorOptions } from '../../../src/cluster/watch/reflector-options.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { fakeApi, fakeTiming, memoryLog, refusal, settle, type FakeApi, type FakeTiming } from '../fake-api.js';

const list = '/api/v1/namespaces';
const relistMs = 600_000;

interface Following {
  readonly api: FakeApi;
  readonly timing: FakeTiming;
  readonly reflector: Reflector<string>;
  /** The keys of each change. */
  readonly changes: string[][];
  readonly lines: readonly JsonObject[];
  readonly failures: unknown[];
  readonly stop: AbortController;
  readonly known: () => Record<string, string>;
}

const colourOf = (object: JsonObject): string =>
  stringOf(objectOf(objectOf(object['metadata'])?.['labels'])?.['colour']) ?? '';
const coloured = (colour: string): JsonObject => ({ metadata: { labels: { colour } } });

function follow(
  t: { teardown(fn: () => void): unknown },
  prepare: (api: FakeApi) => void = () => undefined,
  more: Partial<ReflectorOptions<string>> = {},
): Following {
  const api = fakeApi();
  prepare(api);
  const timing = fakeTiming();
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const { log, lines } = memoryLog();
  const changes: string[][] = [];
  const failures: unknown[] = [];
  const reflector = new Reflector<string>({
    client: api.client,
    resource: resources.namespaces,
    pick: colourOf,
    relistMs,
    log,
    signal: stop.signal,
    onChange: (keys) => changes.push([...keys].sort()),
    onFailure: (error) => failures.push(error),
    ...timing,
    ...more,
  });
  const known = () => Object.fromEntries(reflector.entries());
  return { api, timing, reflector, changes, lines, failures, stop, known };
}

t.test('lists, then follows every change, coalesced', async (t) => {
  const { api, reflector, changes, known, timing } = follow(t, (api) => {
    api.put(`${list}/a`, coloured('red'));
    api.put(`${list}/b`, coloured('blue'));
  });
  t.equal(reflector.lastContactMs, undefined);
  await reflector.synced;
  t.same(known(), { a: 'red', b: 'blue' });
  t.same(changes, [['a', 'b']]);
  await settle();
  await timing.advance(5_000);
  api.put(`${list}/a`, coloured('green'));
  api.put(`${list}/c`, coloured('white'));
  api.remove(`${list}/b`);
  await settle();
  t.same(known(), { a: 'green', c: 'white' });
  t.same(changes.slice(1), [['a', 'b', 'c']]);
  t.equal(reflector.lastContactMs, timing.clock.monotonicMs());
  t.equal(reflector.size, 2);

  // What nothing is kept of is no change.
  api.put(`${list}/a`, { ...coloured('green'), spec: { finalizers: ['kubernetes'] } });
  await settle();
  t.equal(changes.length, 2);
  t.same(api.asked, [`LIST ${list}`, `WATCH ${list}`]);
});

t.test('E41: an empty list is a list, and a resource that is not there is none', async (t) => {
  const empty = follow(t);
  await empty.reflector.synced;
  t.same(empty.changes, [[]]);

  for (const error of [refusal(404, 'NotFound'), refusal(403, 'Forbidden'), refusal(401, 'Unauthorized')]) {
    const { api, reflector, timing, changes, failures } = follow(t, (api) => api.breakDown(`LIST ${list}`, error));
    let synced = false;
    void reflector.synced.then(() => (synced = true));
    for (let tries = 0; tries < 10; tries++) {
      await settle();
      await timing.advance(30_000);
    }
    t.notOk(synced);
    t.same(changes, []);
    t.ok(failures.length >= 10);
    // The definition is created.
    api.heal(`LIST ${list}`);
    api.put(`${list}/a`, coloured('red'));
    await timing.advance(30_000);
    t.ok(synced);
    t.equal(reflector.get('a'), 'red');
  }
});

t.test('backs off from half a second to half a minute, and as long as the API server asks', async (t) => {
  const { api, timing, known } = follow(t, (api) => {
    api.fail(`LIST ${list}`, ...Array.from({ length: 8 }, () => refusal(500, 'InternalError')));
    api.fail(`LIST ${list}`, refusal(429, 'TooManyRequests', 60));
    api.put(`${list}/a`, coloured('red'));
  });
  const waits: number[] = [];
  for (let tries = 0; tries < 9; tries++) {
    await settle();
    waits.push(...timing.sleeping);
    await timing.advance(60_000);
  }
  // With chance in the middle, a quarter is off.
  t.same(waits, [375, 750, 1500, 3000, 6000, 12_000, 22_500, 22_500, 60_000]);
  t.same(known(), { a: 'red' });
  api.bookmark(list);
  await settle();
  // A sign of life, and the count begins again.
  for (const watch of api.watches) watch.end(refusal(500, 'InternalError'));
  await settle();
  t.ok(timing.sleeping.includes(375));
});

t.test('a watch goes on from the last version, bookmarks included', async (t) => {
  const { api, known } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
  await settle();
  api.bookmark(list);
  await settle();
  const [first] = api.watches;
  t.match(first?.query, { allowWatchBookmarks: true, resourceVersion: '101' });
  first?.end();
  await settle();
  const [second] = api.watches;
  t.match(second?.query, { resourceVersion: '102' });
  api.put(`${list}/b`, coloured('blue'));
  await settle();
  t.same(known(), { a: 'red', b: 'blue' });
  t.same(api.asked, [`LIST ${list}`, `WATCH ${list}`, `WATCH ${list}`]);
});

t.test('an expired version means a new list, at once, and not in a circle', async (t) => {
  const { api, known, timing, lines } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
  await settle();
  api.put(`${list}/b`, coloured('blue'), true);
  api.remove(`${list}/a`, true);
  for (const watch of api.watches) watch.end(refusal(410, 'Expired'));
  await settle();
  t.same(known(), { b: 'blue' });
  t.same(lines, []);

  const before = api.asked.length;
  api.breakDown(`WATCH ${list}`, refusal(410, 'Expired'));
  for (const watch of api.watches) watch.end(refusal(410, 'Expired'));
  await settle();
  await settle();
  t.ok(api.asked.length - before <= 4, 'waits before the third try');
  t.ok(timing.sleeping.length > 0);
});

t.test(
  'an expired version is listed anew at once also after other failures, as when the API server restarts',
  async (t) => {
    const { api, known, timing } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
    await settle();
    api.put(`${list}/b`, coloured('blue'), true);
    const down = refusal(0, 'NoAnswer');
    api.fail(`WATCH ${list}`, down, refusal(503, 'ServiceUnavailable', 5), refusal(410, 'Expired'));
    for (const watch of api.watches) watch.end(down);
    await settle();
    for (const waitMs of [375, 750, 5_000]) await timing.advance(waitMs);
    t.same(known(), { a: 'red', b: 'blue' });
  },
);

t.test('a watch that was open for a while makes up for what failed before it', async (t) => {
  const { api, timing } = follow(t, (api) =>
    api.fail(`LIST ${list}`, ...Array.from({ length: 5 }, () => refusal(500, 'InternalError'))),
  );
  for (let tries = 0; tries < 6; tries++) {
    await settle();
    await timing.advance(30_000);
  }
  t.equal(api.watches.size, 1);
  await timing.advance(60_000);
  for (const watch of api.watches) watch.end(refusal(0, 'NoAnswer'));
  await settle();
  t.ok(timing.sleeping.includes(375), 'not half a minute');
});

t.test('nothing is missed between the list and the watch, nor while the watch is away', async (t) => {
  const { api, known, timing } = follow(t, (api) => api.fail(`WATCH ${list}`, refusal(500, 'InternalError')));
  await settle();
  api.put(`${list}/a`, coloured('red'), true);
  await timing.advance(30_000);
  t.same(known(), { a: 'red' });
});

t.test('a watch that fails again and again is replaced by a list', async (t) => {
  const { api, known, timing } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
  await settle();
  api.breakDown(`WATCH ${list}`, refusal(504, 'Timeout'));
  api.remove(`${list}/a`, true);
  for (const watch of api.watches) watch.end(refusal(504, 'Timeout'));
  for (let tries = 0; tries < 4; tries++) await timing.advance(30_000);
  t.same(known(), {});
});

t.test('a watch that ends as soon as it began is not opened without a pause', async (t) => {
  const { api, timing, lines } = follow(t);
  await settle();
  for (let round = 0; round < 5; round++) {
    for (const watch of api.watches) watch.end();
    await settle();
  }
  t.equal(api.asked.filter((what) => what.startsWith('WATCH')).length, 1);
  t.ok(timing.sleeping.length > 0);
  t.match(lines.at(-1), { level: 40, err: { message: /ended as soon as it began/ } });
});

t.test('lists from time to time: what a silent watch did not tell is found, deletions too', async (t) => {
  const { api, known, timing, changes } = follow(t, (api) => {
    api.put(`${list}/a`, coloured('red'));
    api.put(`${list}/b`, coloured('blue'));
  });
  await settle();
  api.remove(`${list}/a`, true);
  api.put(`${list}/b`, coloured('green'), true);
  await timing.advance(relistMs * 0.89);
  t.same(known(), { a: 'red', b: 'blue' });
  await timing.advance(relistMs * 0.2);
  t.same(known(), { b: 'green' });
  t.same(changes.slice(1), [['a', 'b']]);
  t.equal(api.watches.size, 1, 'and the watch goes on');
  api.put(`${list}/c`, coloured('white'));
  await settle();
  t.same(known(), { b: 'green', c: 'white' });
});

t.test('a listener or a pick that throws stops nothing', async (t) => {
  let calls = 0;
  const { api, known, lines } = follow(
    t,
    (api) => {
      api.put(`${list}/a`, coloured('red'));
      api.put(`${list}/odd`, coloured('odd'));
    },
    {
      onChange: () => {
        calls += 1;
        throw new Error('the listener is broken');
      },
      pick: (object) => {
        const colour = colourOf(object);
        if (colour === 'odd') throw new Error('odd');
        return colour === 'none' ? undefined : colour;
      },
    },
  );
  await settle();
  t.same(known(), { a: 'red' });
  api.put(`${list}/a`, coloured('odd'));
  api.put(`${list}/b`, coloured('blue'));
  await settle();
  t.same(known(), { a: 'red', b: 'blue' }, 'what cannot be read stays as it was known');
  api.put(`${list}/b`, coloured('none'));
  await settle();
  t.same(known(), { a: 'red' });
  t.equal(calls, 3);
  t.ok(lines.some((line) => stringOf(line['msg']) === 'a change could not be carried out'));
  t.ok(lines.some((line) => stringOf(line['msg']) === 'an object could not be taken over'));
});

t.test('one object alone', async (t) => {
  const secrets = '/api/v1/namespaces/outrider-system/secrets';
  const { api, known } = follow(
    t,
    (api) => {
      api.put(`${secrets}/certificate`, { metadata: { namespace: 'outrider-system', labels: { colour: 'red' } } });
      api.put(`${secrets}/other`, { metadata: { namespace: 'outrider-system' } });
    },
    { resource: resources.secrets, namespace: 'outrider-system', name: 'certificate' },
  );
  await settle();
  t.same(known(), { 'outrider-system/certificate': 'red' });
  const [watch] = api.watches;
  t.match(watch?.query, { fieldSelector: 'metadata.name=certificate' });
  api.remove(`${secrets}/certificate`);
  await settle();
  t.same(known(), {});
});

t.test('a list on demand is newer than the asking, and breaks no watch', async (t) => {
  const { api, known, reflector, stop } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
  await settle();
  api.put(`${list}/a`, coloured('green'), true);
  const { signal } = new AbortController();
  const [one, two] = await Promise.all([reflector.relist(signal), reflector.relist(signal)]);
  t.same([one, two], [true, true]);
  t.equal(api.asked.filter((what) => what.startsWith('LIST')).length, 2, 'joined');
  t.same(known(), { a: 'green' });
  t.equal(await reflector.relist(signal), false);

  api.fail(`LIST ${list}`, refusal(500, 'InternalError'));
  await t.rejects(reflector.relist(signal), { message: '500 InternalError' });
  t.same(known(), { a: 'green' });
  await t.rejects(reflector.relist(AbortSignal.abort()), { name: 'WaitEnded', cause: { name: 'AbortError' } });

  stop.abort();
  await t.rejects(reflector.relist(signal), { name: 'Error' });
  await settle();
  t.equal(api.watches.size, 0);
});

t.test('after a list on demand that failed, the watch goes on from where it was', async (t) => {
  const { api, known, reflector, timing } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
  await settle();
  api.fail(`LIST ${list}`, refusal(500, 'InternalError'));
  await t.rejects(reflector.relist(new AbortController().signal));
  api.put(`${list}/b`, coloured('blue'), true);
  await timing.advance(500);
  t.same(known(), { a: 'red', b: 'blue' });
});

t.test('one object on demand, also one that is gone, and never an older one', async (t) => {
  const { api, known, reflector, changes } = follow(t, (api) => api.put(`${list}/a`, coloured('red')));
  await settle();
  const { signal } = new AbortController();
  api.put(`${list}/b`, coloured('blue'), true);
  const [watch] = api.watches;
  t.equal(await reflector.refresh('b', signal), true);
  t.same(changes.at(-1), ['b']);
  t.equal(await reflector.refresh('b', signal), false);
  watch?.push({
    type: 'ADDED',
    object: { metadata: { name: 'b', resourceVersion: '99', labels: { colour: 'grey' } } },
  });
  watch?.push({ type: 'DELETED', object: { metadata: { name: 'b', resourceVersion: '99' } } });
  await settle();
  t.same(known(), { a: 'red', b: 'blue' });
  api.remove(`${list}/b`, true);
  t.equal(await reflector.refresh('b', signal), true);
  t.same(known(), { a: 'red' });
  t.equal(await reflector.refresh('never', signal), false);
  api.fail(`GET ${list}/a`, refusal(403, 'Forbidden'));
  await t.rejects(reflector.refresh('a', signal), { message: '403 Forbidden' });
  t.same(known(), { a: 'red' });
});

t.test('ends with its signal, wherever it is', async (t) => {
  const states: readonly ((api: FakeApi) => void)[] = [
    () => undefined,
    (api) => api.breakDown(`LIST ${list}`, refusal(500, 'InternalError')),
    (api) => api.breakDown(`WATCH ${list}`, refusal(500, 'InternalError')),
  ];
  for (const prepare of states) {
    const { api, stop, timing } = follow(t, prepare);
    await settle();
    stop.abort();
    await settle();
    const asked = api.asked.length;
    await timing.advance(3_600_000);
    t.equal(api.asked.length, asked);
    t.equal(api.watches.size, 0);
    t.same(timing.sleeping, []);
  }
});
