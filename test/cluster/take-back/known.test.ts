import t from 'tap';
import { KnownTakenBack } from '../../../src/cluster/take-back/known.js';
import { takenBackKey, takenBackText } from '../../../src/model/taken-back.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { entryFor } from '../../support/taken-back.js';
import { fakeApi, fakeTiming, memoryLog, settle } from '../fake-api.js';

const path = '/api/v1/namespaces/outrider-system/configmaps/outrider-taken-back';
const metadata = { namespace: 'outrider-system' };
const entry = entryFor(podOf(), engineFor());
const key = takenBackKey(entry);
const text = takenBackText(entry) ?? '';

t.test('every replica follows the ConfigMap, and ignores what is not ours in it', async (t) => {
  const api = fakeApi();
  const logged = memoryLog();
  const ended = new AbortController();
  t.teardown(() => ended.abort());
  let changes = 0;
  let failures = 0;
  const known = new KnownTakenBack({
    ...fakeTiming(),
    client: api.client,
    log: logged.log,
    instance: 'outrider',
    ownNamespace: 'outrider-system',
    relistMs: 600_000,
    afterMs: 300_000,
    onChange: () => changes++,
    onFailure: () => failures++,
    signal: ended.signal,
  });
  await known.read;
  const first = known.now;
  t.equal(
    first.of(() => entry),
    undefined,
  );
  api.put(path, { metadata, data: { [key]: text } });
  await settle();
  t.same(
    known.now.of(() => entry),
    entry,
  );
  t.not(known.now, first, 'engines are made anew');
  api.put(path, { metadata, data: { [key]: text.replace('LeftAlone', 'Trying'), forged: '{}' } });
  await settle();
  t.equal(known.now.of(() => entry)?.stage, 'Trying');
  t.same(known.content.invalid, ['forged']);
  t.equal(known.isIn('default', 'shop'), true);
  t.equal(known.isIn('default', 'bank'), false);
  t.match(JSON.stringify(logged.lines), /not Outrider’s; they are ignored/);
  const trying = known.now.of(() => entry);
  if (trying === undefined) throw new Error('no entry');
  t.equal(known.now.mayTry(trying, true), true);
  api.put(path, { metadata, data: { [key]: text.replace('LeftAlone', 'Trying') } });
  await settle();
  t.equal(known.now.mayTry(trying, true), false, 'the try of this replica is remembered');
  api.remove(path);
  await settle();
  t.equal(
    known.now.of(() => entry),
    undefined,
    'who deletes it has pods instrumented',
  );
  t.ok(changes >= 4);
  t.equal(failures, 0);
});
