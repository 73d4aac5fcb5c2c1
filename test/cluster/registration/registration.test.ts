import t, { type Test } from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { ServerClock } from '../../../src/cluster/client/server-clock.js';
import type { RegisteredPolicy } from '../../../src/cluster/registration/registered-policy.js';
import { PauseMarker } from '../../../src/cluster/registration/pause-marker.js';
import { markText } from '../../../src/cluster/registration/pause-record.js';
import { Registration } from '../../../src/cluster/registration/registration.js';
import type { SelfTestResult } from '../../../src/cluster/registration/run-self-test.js';
import { SelfTestLoop } from '../../../src/cluster/registration/self-test-loop.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import { names } from '../../../src/model/names.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { ClusterMetrics } from '../../../src/observe/cluster-metrics.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Registry } from '../../../src/observe/metrics.js';
import type { Clock } from '../../../src/time/clock.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { until } from '../../server/harness.js';
import { createFakeApi, type FakeApi } from './fake-api.js';

const log = await createLogger({ level: 'silent', format: 'json' });
const instance = 'outrider';
const ownNamespace = 'outrider-system';
const payments: RegisteredPolicy = {
  name: 'payments',
  mode: 'Inject',
  prefer: 'Security',
  valid: true,
  canDeny: true,
  namespaceSelector: {},
  podSelector: {},
  asksFor: [],
};
const kinds = ['mutating', 'validating'] as const;
/** An emptied configuration, as `outrider pause` leaves it. */
const paused = (until: string): JsonObject => {
  const untilMs = until === 'forever' ? Infinity : Date.parse(until);
  const mark = markText({ untilMs, since: undefined, by: 'jane', reason: 'upgrade', marker: 'configurations' });
  return { metadata: { annotations: { [names.paused]: mark } }, webhooks: [] };
};
const configMapPath = pathOf(resources.configMaps, { namespace: ownNamespace, name: instance });
const olderMarker = (until: string): JsonObject => ({ metadata: { annotations: { [names.pausedUntil]: until } } });
function setPaused(fake: FakeApi, until: string): void {
  for (const kind of kinds) fake.objects.set(configurationPath(kind, instance), paused(until));
}
const refusal = (status: number, reason: string): ApiError => new ApiError(`no: ${reason}`, { status, reason });
const apply = (kind: 'mutating' | 'validating'): string => `APPLY ${configurationPath(kind, instance)}`;

function start(t: Test, fake: FakeApi, annotations: Readonly<Record<string, string>> = {}) {
  const stop = new AbortController();
  const { signal } = stop;
  const metrics = new ClusterMetrics(new Registry());
  const now = { wallMs: Date.parse('2026-11-22T10:00:00Z') };
  const clock = { wallMs: () => now.wallMs, monotonicMs: () => performance.now() };
  const changed: (() => void)[] = [];
  const pauseBy = (by: Clock): PauseMarker =>
    new PauseMarker({
      client: fake.client,
      instance,
      ownNamespace,
      clock: by,
      log,
      metrics,
      signal,
      follow: ({ resource, namespace, name }, onChange) => {
        const path = pathOf(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
        const tell = (): void => onChange(fake.objects.get(path));
        changed.push(tell);
        tell();
      },
    });
  const pause = pauseBy(clock);
  const registration = new Registration({
    client: fake.client,
    log,
    metrics,
    clock,
    random: () => 0,
    sleep: sleepByTimer,
    installation: {
      instance,
      ownNamespace,
      excludedNamespaces: [],
      address: { service: { name: instance, port: 443 } },
      timeoutSeconds: 10,
      annotations,
    },
    matchConditions: [],
    policies: () => [payments],
    caBundle: () => 'Q0E=',
    pause,
    follow: () => undefined,
  });
  const running = registration.run(signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  t.teardown(end);
  return { registration, pause, pauseBy, now, end, markerChanged: () => changed.forEach((tell) => tell()) };
}

t.test('an API server that refuses is asked again, and says so in the results', async (t) => {
  const fake = createFakeApi();
  fake.refuse = (request) => (request === apply('validating') ? refusal(403, 'Forbidden') : undefined);
  const { registration, end } = start(t, fake);
  await until(() => registration.results().get('payments')?.reason === 'NotWritten');
  t.match(registration.results().get('payments'), { configured: false, message: /cannot be written: no: Forbidden/ });
  t.equal(registration.confirmedBundle(), undefined, 'one of two configurations is not all');
  fake.refuse = () => undefined;
  await until(() => registration.results().get('payments')?.configured === true);
  t.equal(registration.confirmedBundle()?.caBundle, 'Q0E=');
  t.equal(fake.requests.filter((request) => request === apply('mutating')).length, 1, 'what stands is left alone');
  await end();
  t.equal(registration.results().size, 0, 'who no longer leads knows nothing');
  t.equal(registration.confirmedBundle(), undefined);
});

t.test('U6: annotations of the settings stand on both configurations, and ours win', async (t) => {
  const fake = createFakeApi();
  start(t, fake, { 'admissions.enforcer/disabled': 'true', [names.written]: 'forged' });
  for (const kind of kinds) {
    await until(() => fake.objects.has(configurationPath(kind, instance)));
    const { metadata } = fake.objects.get(configurationPath(kind, instance)) ?? {};
    const { [names.written]: written, ...others } = objectOf(objectOf(metadata)?.['annotations']) ?? {};
    t.same(others, { 'admissions.enforcer/disabled': 'true' }, kind);
    t.not(written, 'forged');
  }
});

t.test('a conflict is tried again with what stands then', async (t) => {
  const fake = createFakeApi();
  let conflicts = 3;
  fake.refuse = (request) => (request === apply('mutating') && conflicts-- > 0 ? refusal(409, 'Conflict') : undefined);
  const { registration } = start(t, fake);
  await until(() => registration.results().get('payments')?.configured === true);
  t.ok(conflicts <= 0);
});

t.test('without the right to read the ClusterRole there is no owner, and all else goes on', async (t) => {
  const fake = createFakeApi();
  fake.refuse = (request) => (request.includes('clusterroles') ? refusal(403, 'Forbidden') : undefined);
  const { registration } = start(t, fake);
  await until(() => registration.results().get('payments')?.configured === true);
  t.notMatch(fake.objects.get(configurationPath('mutating', instance)), { metadata: { ownerReferences: [] } });
});

t.test('E43: who is about to write reads the marker first: the watch may be late', async (t) => {
  const fake = createFakeApi();
  const { registration, pause } = start(t, fake);
  await until(() => registration.results().get('payments')?.configured === true);
  // Someone pauses: the marker is set and the webhooks are gone before any watch tells of either.
  setPaused(fake, 'forever');
  const before = fake.requests.length;
  t.notOk(pause.paused());
  registration.poke();
  await until(() => registration.results().get('payments')?.reason === 'Paused');
  t.ok(pause.paused());
  const writes = fake.requests.slice(before).filter((request) => /^(APPLY|PATCH|DELETE|CREATE) /.test(request));
  t.same(writes, [], 'nothing is put back or taken away');
  t.match(registration.results().get('payments')?.message, /by jane as its marker says \(upgrade\)/);
});

t.test('a pause that is over is over for everybody, and the leader takes its marker away', async (t) => {
  const fake = createFakeApi();
  setPaused(fake, '2026-11-22T10:30:00Z');
  const { registration, pause, now, markerChanged } = start(t, fake);
  await until(() => registration.results().get('payments')?.reason === 'Paused');
  t.match(registration.results().get('payments'), { message: /paused until 2026-11-22T10:30:00Z/ });
  now.wallMs = Date.parse('2026-11-22T10:30:00Z');
  t.notOk(pause.paused());
  markerChanged();
  await until(() => registration.results().get('payments')?.configured === true);
  for (const kind of kinds) {
    const { metadata, webhooks } = fake.objects.get(configurationPath(kind, instance)) ?? {};
    t.notOk(Object.hasOwn(objectOf(objectOf(metadata)?.['annotations']) ?? {}, names.paused), kind);
    t.ok(listOf(webhooks).length > 0);
  }
});

t.test('F31: a marker on the ConfigMap switches nothing off that is there', async (t) => {
  const fake = createFakeApi();
  const { registration, pause, markerChanged } = start(t, fake);
  await until(() => registration.results().get('payments')?.configured === true);
  fake.objects.set(configMapPath, olderMarker('forever'));
  markerChanged();
  fake.objects.delete(configurationPath('validating', instance));
  registration.poke();
  await until(() => fake.objects.has(configurationPath('validating', instance)));
  t.notOk(pause.paused());
  t.equal(registration.results().get('payments')?.configured, true, 'and repairs go on');
  t.same(
    fake.requests.filter((request) => request.startsWith('DELETE')),
    [],
  );
});

t.test('F31: an upgrade of an installation that an earlier version paused ends no pause', async (t) => {
  const fake = createFakeApi();
  fake.objects.set(configMapPath, olderMarker('2026-11-22T10:30:00Z'));
  const { registration, pause, now, markerChanged } = start(t, fake);
  await until(() => registration.results().get('payments')?.reason === 'Paused');
  t.equal(pause.current()?.marker, 'ConfigMap');
  t.notOk(fake.objects.has(configurationPath('mutating', instance)));
  now.wallMs = Date.parse('2026-11-22T10:30:00Z');
  markerChanged();
  await until(() => registration.results().get('payments')?.configured === true);
});

t.test('F31: deleting the configurations pauses nothing', async (t) => {
  const fake = createFakeApi();
  setPaused(fake, 'forever');
  const { registration, markerChanged } = start(t, fake);
  await until(() => registration.results().get('payments')?.reason === 'Paused');
  fake.objects.clear();
  markerChanged();
  await until(() => registration.results().get('payments')?.configured === true);
});

t.test(
  'F31: a marker beside webhooks stops repairs, is told, and says nothing of bundles that is not so',
  async (t) => {
    const fake = createFakeApi();
    const { registration, markerChanged, pause } = start(t, fake);
    await until(() => registration.results().get('payments')?.configured === true);
    const path = configurationPath('mutating', instance);
    const live = fake.objects.get(path) ?? {};
    const webhooks = listOf(live['webhooks']).map((one) => ({
      ...objectOf(one),
      clientConfig: { caBundle: 'RUFSTElFUg==' },
    }));
    fake.objects.set(path, { ...live, ...paused('forever'), webhooks });
    markerChanged();
    await until(() => pause.paused() && registration.results().get('payments')?.reason === 'Paused');
    t.match(registration.results().get('payments')?.message, /\d+ webhooks are still there/);
    t.equal(registration.confirmedBundle(), undefined, 'the two configurations have different bundles');
    t.same(listOf(fake.objects.get(path)?.['webhooks']), webhooks, 'nothing is taken away or put right');
  },
);

t.test('F27: a clock that is ahead ends no pause early, and one that is behind none late', (t) => {
  for (const skewMs of [8 * 3_600_000, -8 * 3_600_000]) {
    const fake = createFakeApi();
    setPaused(fake, '2026-11-22T10:30:00Z');
    const { now, pauseBy } = start(t, fake);
    // The API server says that it is ten; the machine has another date.
    const own = { wallMs: () => now.wallMs + skewMs, monotonicMs: () => now.wallMs };
    const clock = new ServerClock(own, log);
    clock.heard(new Date(now.wallMs).toUTCString(), now.wallMs);
    const pause = pauseBy(clock);
    t.ok(pause.paused(), 'at ten');
    now.wallMs = Date.parse('2026-11-22T10:29:58Z');
    t.ok(pause.paused(), 'to its end');
    now.wallMs = Date.parse('2026-11-22T10:30:01Z');
    t.notOk(pause.paused(), 'and no longer');
  }
  t.end();
});

t.test('E42: a self-test that cannot be made is no proof that nobody is reached', async (t) => {
  const fake = createFakeApi();
  const registry = new Registry();
  const ending = new AbortController();
  const results: SelfTestResult[] = [];
  fake.refuse = (request) => (request.startsWith('CREATE') ? refusal(403, 'Forbidden') : undefined);
  const running = new SelfTestLoop({
    client: fake.client,
    log,
    metrics: new ClusterMetrics(registry),
    clock: { wallMs: () => 0, monotonicMs: () => performance.now() },
    instance,
    ownNamespace,
    sleep: sleepByTimer,
    nonce: () => 'n',
    everySeconds: 60,
    ready: () => true,
    onResult: (result) => void results.push(result),
  }).run(ending.signal);
  await until(() => results.length > 0);
  t.match(results[0], {
    reachable: undefined,
    at: '1970-01-01T00:00:00.000Z',
    why: /could not be made: no: Forbidden/,
  });
  const gauge = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'outrider_self_test_duration_seconds');
  t.equal(gauge?.values[0]?.value, 0, 'nothing was measured');
  ending.abort();
  await running;
});
