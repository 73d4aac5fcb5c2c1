import t from 'tap';
import { GradualRemoval } from '../../../src/cluster/registration/removal.js';
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
    const removal = new GradualRemoval({ client, instance, spreadMs: 1_000, nowMs: () => nowMs });
    const put = (...paths: readonly string[]): void => paths.forEach((path) => objects.set(path, {}));
    put(mutating, validating);
    t.same(await removal.look(), { there: ['validating', 'mutating'], deleted: ['validating'] });
    nowMs = 999;
    t.same(await removal.look(), { there: ['mutating'], deleted: [] });
    nowMs = 1_000;
    t.same(await removal.look(), { there: ['mutating'], deleted: ['mutating'] });
    t.same(await removal.look(), { there: [], deleted: [] });

    put(mutating, validating);
    nowMs = 5_000;
    t.same((await removal.look()).deleted, ['validating'], 'one that came back starts it over');
    nowMs = 5_999;
    t.same((await removal.look()).deleted, []);
  },
);

t.test('another one’s deletion of the validating one is no reason to hurry', async (t) => {
  const { client, objects } = createFakeApi();
  let nowMs = 0;
  const removal = new GradualRemoval({ client, instance, spreadMs: 1_000, nowMs: () => nowMs });
  objects.set(mutating, {});
  t.same((await removal.look()).deleted, []);
  nowMs = 1_000;
  t.same((await removal.look()).deleted, ['mutating']);
});
