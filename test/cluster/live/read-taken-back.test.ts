import t from 'tap';
import { readTakenBackWorkloads } from '../../../src/cluster/live/read-taken-back.js';
import { takenBackKey } from '../../../src/model/taken-back.js';
import { entryOf } from '../../support/taken-back-entry.js';
import { forbidden, noAnswer, storedObjects } from '../stored-objects.js';
import { installation, takenBackAt, takenBackMap } from './taken-back-map.js';

t.test('what was taken back is read; what is not Outrider’s is told', async (t) => {
  const api = storedObjects();
  const { data, ...map } = takenBackMap(entryOf());
  api.put(takenBackAt, { ...map, data: { ...data, somebody: 'else' } });
  const content = await readTakenBackWorkloads(api.client, installation);
  t.same(content?.entries.get(takenBackKey(entryOf())), entryOf());
  t.same(content?.invalid, ['somebody']);
});

t.test('without the ConfigMap nothing was taken back, and without the right nobody can tell', async (t) => {
  const api = storedObjects();
  t.equal((await readTakenBackWorkloads(api.client, installation))?.entries.size, 0);
  api.fault = forbidden;
  t.equal(await readTakenBackWorkloads(api.client, installation), undefined);
  api.fault = noAnswer;
  await t.rejects(readTakenBackWorkloads(api.client, installation), { message: 'no answer' });
});
