import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import {
  isInstalled,
  pauseInstallation,
  removeEverything,
  resumeInstallation,
} from '../../../src/cluster/registration/pause.js';
import { markIn, type Pause } from '../../../src/cluster/registration/pause-record.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import { names } from '../../../src/model/names.js';
import { listOf, type JsonObject } from '../../../src/model/json.js';
import { createFakeApi } from './fake-api.js';

const instance = 'outrider';
const ownNamespace = 'outrider-system';
const which = { instance, ownNamespace };
const mutating = configurationPath('mutating', instance);
const validating = configurationPath('validating', instance);
const configMap = pathOf(resources.configMaps, { namespace: ownNamespace, name: instance });
const clock = { wallMs: () => Date.parse('2026-11-22T10:00:00Z'), monotonicMs: () => performance.now() };
const timing = { quietMs: 20, patienceMs: 2_000, pollMs: 5, spreadMs: 10 };
const pause: Pause = { untilMs: Infinity, since: undefined, by: 'jane', reason: 'upgrade', marker: 'configurations' };
const entries = { webhooks: [{ name: 'payments.outrider.dev' }] };
const older: JsonObject = {
  metadata: { annotations: { [names.pausedUntil]: 'forever', [names.pauseReason]: 'then' } },
};
const forbidden = (): ApiError => new ApiError('no', { status: 403, reason: 'Forbidden' });

t.test(
  'F31: a pause leaves both configurations there, marked and empty; a resumption takes the markers away',
  async (t) => {
    const { client, objects } = createFakeApi();
    for (const path of [mutating, validating]) objects.set(path, entries);
    objects.set(configMap, older);
    t.same(await pauseInstallation(client, instance, pause, { create: true, clock, timing }), {
      emptied: ['validating', 'mutating'],
      left: [],
    });
    for (const path of [mutating, validating]) {
      t.equal(markIn(objects.get(path))?.by, 'jane');
      t.same(listOf(objects.get(path)?.['webhooks']), []);
    }
    t.same(await resumeInstallation(client, which), { found: true });
    for (const path of [mutating, validating]) t.equal(markIn(objects.get(path)), undefined);
    t.notMatch(JSON.stringify(objects.get(configMap)), names.pausedUntil, 'that of an earlier version goes too');
  },
);

t.test('F31: who may not change the ConfigMap ends a pause, unless its marker is the one that counts', async (t) => {
  const fake = createFakeApi();
  fake.objects.set(configMap, older);
  fake.refuse = (request) => (request === `PATCH ${configMap}` ? forbidden() : undefined);
  await t.rejects(resumeInstallation(fake.client, which), /no/);
  fake.objects.set(mutating, entries);
  t.same(await resumeInstallation(fake.client, which), { found: true });
});

t.test('what keeps coming back is told', async (t) => {
  const fake = createFakeApi();
  fake.objects.set(mutating, entries);
  const client = { ...fake.client, patch: () => Promise.resolve({}) };
  const done = await pauseInstallation(client, instance, pause, {
    create: false,
    clock,
    timing: { ...timing, patienceMs: 50 },
  });
  t.same(done.left, ['mutating']);
});

t.test('a pause that is over before it is through is one all the same', async (t) => {
  const { client } = createFakeApi();
  const short = { ...pause, untilMs: clock.wallMs() };
  t.same(await pauseInstallation(client, instance, short, { create: true, clock, timing }), { emptied: [], left: [] });
});

t.test(
  'an installation is there by a configuration or its ConfigMap, or where nobody says that it is not',
  async (t) => {
    const fake = createFakeApi();
    t.notOk(await isInstalled(fake.client, which));
    fake.objects.set(configMap, {});
    t.ok(await isInstalled(fake.client, which));
    fake.objects.delete(configMap);
    fake.refuse = (request) => (request === `GET ${configMap}` ? forbidden() : undefined);
    t.ok(await isInstalled(fake.client, which));
    fake.refuse = () => undefined;
    fake.objects.set(validating, entries);
    t.ok(await isInstalled(fake.client, which));
  },
);

t.test('E43: at the end nothing is made, and what belongs to nobody is named', async (t) => {
  const { client, objects } = createFakeApi();
  t.same(await removeEverything(client, which, pause, { clock, timing }), {
    marked: false,
    unowned: [],
    emptied: [],
    left: [],
    secrets: [],
    plans: 0,
    secretsLeft: [],
  });
  t.equal(objects.size, 0);
  objects.set(validating, entries);
  t.match(await removeEverything(client, which, pause, { clock, timing }), {
    marked: true,
    unowned: ['validating'],
    emptied: ['validating'],
  });
});
