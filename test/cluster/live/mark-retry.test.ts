import t from 'tap';
import { markRetry } from '../../../src/cluster/live/mark-retry.js';
import { readTakenBack, takenBackKey } from '../../../src/model/taken-back.js';
import { entryOf } from '../../support/taken-back-entry.js';
import { storedObjects } from '../stored-objects.js';
import { installation, takenBackAt, takenBackMap } from './taken-back-map.js';

t.test('a mark is a key of its own beside the entries, which stay as they are', async (t) => {
  const api = storedObjects();
  const web = entryOf();
  const db = entryOf({ kind: 'StatefulSet', name: 'db' });
  api.put(takenBackAt, takenBackMap(web, db));
  await markRetry(api.client, installation, [web], '2026-01-01T00:06:00Z');
  const { entries, retries, invalid } = readTakenBack(api.objects.get(takenBackAt)?.['data']);
  t.same([...retries], [takenBackKey(web)]);
  t.same([...entries.values()], [web, db]);
  t.same(invalid, []);
});
