import t from 'tap';
import { holdTry } from '../../../src/cluster/live/hold-try.js';
import { readTakenBack, takenBackKey } from '../../../src/model/taken-back.js';
import { entryOf } from '../../support/taken-back-entry.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { forbidden, storedObjects, type StoredObjects } from '../stored-objects.js';
import { installation, takenBackAt, takenBackMap } from './taken-back-map.js';

const untilMs = Date.parse('2026-01-01T00:30:00Z');
const web = entryOf({ stage: 'Trying' });
const entryIn = (api: StoredObjects) =>
  readTakenBack(api.objects.get(takenBackAt)?.['data']).entries.get(takenBackKey(web));

t.test('a try is put off, and nothing else of the entry or of others changes', async (t) => {
  const api = storedObjects();
  const other = entryOf({ name: 'api', stage: 'Trying' });
  api.put(takenBackAt, takenBackMap(web, other));
  await holdTry(api.client, installation, web, untilMs);
  t.same(entryIn(api), { ...web, stage: 'LeftAlone', at: '2026-01-01T00:30:00Z' });
  t.same(readTakenBack(api.objects.get(takenBackAt)?.['data']).entries.get(takenBackKey(other)), other);
});

t.test('what is left alone for longer, or no more, is not written', async (t) => {
  const api = storedObjects();
  api.put(takenBackAt, takenBackMap(entryOf({ at: '2026-01-01T01:00:00Z' })));
  await holdTry(api.client, installation, web, untilMs);
  await holdTry(api.client, installation, { ...web, name: 'gone' }, untilMs);
  t.same(
    api.asked.map(({ method }) => method),
    ['GET', 'GET'],
  );
});

t.test('what the leader wrote meanwhile is read again; a refusal is the caller’s', async (t) => {
  const api = storedObjects();
  api.put(takenBackAt, takenBackMap(web));
  let conflicts = 2;
  api.fault = (method) =>
    method === 'PATCH' && conflicts-- > 0 ? new ApiError('PATCH x', { status: 409, reason: 'Conflict' }) : undefined;
  await holdTry(api.client, installation, web, untilMs);
  t.equal(entryIn(api)?.stage, 'LeftAlone');
  api.put(takenBackAt, takenBackMap(web));
  api.fault = (method) => (method === 'PATCH' ? forbidden() : undefined);
  await t.rejects(holdTry(api.client, installation, web, untilMs), { message: 'forbidden' });
});
