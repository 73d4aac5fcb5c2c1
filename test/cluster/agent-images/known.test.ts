import t, { type Test } from 'tap';
import { entryKey, entryText, type AgentImage } from '../../../src/cluster/agent-images/entries.js';
import { isSameArgv, KnownAgentImages } from '../../../src/cluster/agent-images/known.js';
import { asJson } from '../../../src/model/json.js';
import { fakeApi, fakeTiming, memoryLog, refusal, settle } from '../fake-api.js';

const path = '/api/v1/namespaces/own/configmaps/outrider-agent-images';
const list = '/api/v1/namespaces/own/configmaps';
const image = 'quay.io/sysdig/workload-agent:6.3.0';

function entry(argv: readonly string[], of = image): AgentImage {
  return { image: of, argv, digest: undefined, foundAt: '2026-11-29T04:00:00.000Z' };
}

function configMap(...entries: readonly AgentImage[]): object {
  const data = Object.fromEntries(entries.map((one) => [entryKey(one.image), entryText(one)]));
  return { metadata: { namespace: 'own', name: 'outrider-agent-images' }, data };
}

async function follow(t: Test, api = fakeApi()) {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const timing = fakeTiming();
  const { log, lines } = memoryLog();
  let changes = 0;
  let read = false;
  const known = new KnownAgentImages({
    ...timing,
    client: api.client,
    log,
    instance: 'outrider',
    ownNamespace: 'own',
    relistMs: 600_000,
    onChange: () => (changes += 1),
    onFailure: () => undefined,
    signal: stop.signal,
  });
  void known.read.then(() => (read = true));
  const pass = async (): Promise<void> => {
    await settle();
    await timing.advance(1_000);
  };
  await pass();
  return { api, known, lines, pass, changes: () => changes, isRead: () => read };
}

const put = (api: ReturnType<typeof fakeApi>, object: object): void => {
  api.put(path, asJson(object));
};

t.test('F40: every replica follows what the leader keeps', async (t) => {
  const { api, known, pass, changes } = await follow(t);
  t.equal(known.argvOf(image), undefined);
  t.equal(known.standing, undefined, 'there is no ConfigMap');
  put(api, configMap(entry(['/agent'])));
  await pass();
  t.same(known.argvOf(image), ['/agent']);
  t.equal(known.standing?.images.size, 1);
  t.ok(changes() >= 2);
  put(api, configMap(entry(['/agent', '--new'])));
  await pass();
  t.same(known.argvOf(image), ['/agent', '--new']);
  t.same(known.of(image)?.argv, ['/agent', '--new']);
});

t.test('F40: what was known stays, whatever becomes of the ConfigMap', async (t) => {
  const { api, known, lines, pass } = await follow(t);
  put(api, configMap(entry(['/agent']), entry(['/other'], 'other:1')));
  await pass();
  const broken = { metadata: { namespace: 'own', name: 'outrider-agent-images' }, data: { [entryKey(image)]: '{' } };
  put(api, broken);
  await pass();
  t.same(known.argvOf(image), ['/agent']);
  t.same(known.argvOf('other:1'), ['/other'], 'an entry that is gone');
  t.same(known.standing?.invalid, [entryKey(image)]);
  put(api, { ...broken, data: { ...broken.data, more: 'x' } });
  put(api, { ...broken, data: { ...broken.data, more: 'x' } });
  await pass();
  t.equal(
    lines.filter(({ msg }) => typeof msg === 'string' && msg.includes('are ignored')).length,
    2,
    'each complaint is made once',
  );
  api.remove(path);
  await pass();
  t.same(known.argvOf(image), ['/agent']);
  t.equal(known.standing, undefined);
});

t.test('F40: nobody waits for a ConfigMap that may not be read', async (t) => {
  const api = fakeApi();
  api.breakDown(`LIST ${list}`, refusal(403, 'Forbidden'));
  const { known, isRead } = await follow(t, api);
  t.ok(isRead());
  t.equal(known.argvOf(image), undefined);
});

t.test('F40: a call that another replica knows more about reads it now', async (t) => {
  const { api, known, pass } = await follow(t);
  await pass();
  api.put(path, asJson(configMap(entry(['/agent']))), true);
  t.equal(known.argvOf(image), undefined);
  await known.catchUp(AbortSignal.timeout(1_000));
  t.same(known.argvOf(image), ['/agent']);
});

t.test('F40: as many images are remembered as twice what a ConfigMap holds', async (t) => {
  const { api, known, pass } = await follow(t);
  for (let round = 0; round < 4; round++) {
    const entries = Array.from({ length: 100 }, (_, at) => entry(['/agent'], `agent:${round}-${at}`));
    put(api, configMap(...entries));
    await pass();
  }
  t.same(known.argvOf('agent:3-99'), ['/agent']);
  t.equal(known.argvOf('agent:0-0'), undefined);
});

t.test('argvs are the same by their words', (t) => {
  t.ok(isSameArgv(undefined, undefined));
  t.notOk(isSameArgv(undefined, []));
  t.ok(isSameArgv(['a', 'b'], ['a', 'b']));
  t.notOk(isSameArgv(['a', 'b'], ['a']));
  t.notOk(isSameArgv(['a', 'b'], ['a b', '']));
  t.end();
});
