import t from 'tap';
import { createRemoval } from '../../../src/cluster/registration/removal.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import { createFakeApi } from './fake-api.js';

const instance = 'outrider';
const mutating = configurationPath('mutating', instance);
const validating = configurationPath('validating', instance);

t.test(
  'E43: what checks pods goes before what changes them, with time for every API server to learn of it',
  async (t) => {
    const { client, objects } = createFakeApi();
    let nowMs = 0;
    const remove = createRemoval({ client, instance, spreadMs: 1_000, nowMs: () => nowMs });
    const put = (...paths: readonly string[]): void => paths.forEach((path) => objects.set(path, {}));
    put(mutating, validating);
    t.same(await remove(), { there: ['validating', 'mutating'], deleted: ['validating'] });
    nowMs = 999;
    t.same(await remove(), { there: ['mutating'], deleted: [] });
    nowMs = 1_000;
    t.same(await remove(), { there: ['mutating'], deleted: ['mutating'] });
    t.same(await remove(), { there: [], deleted: [] });

    put(mutating, validating);
    nowMs = 5_000;
    t.same((await remove()).deleted, ['validating'], 'one that came back starts it over');
    nowMs = 5_999;
    t.same((await remove()).deleted, []);
  },
);

t.test('another one’s deletion of the validating one is no reason to hurry', async (t) => {
  const { client, objects } = createFakeApi();
  let nowMs = 0;
  const remove = createRemoval({ client, instance, spreadMs: 1_000, nowMs: () => nowMs });
  objects.set(mutating, {});
  t.same((await remove()).deleted, []);
  nowMs = 1_000;
  t.same((await remove()).deleted, ['mutating']);
});
