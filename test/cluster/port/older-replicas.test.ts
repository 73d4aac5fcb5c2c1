import t, { type Test } from 'tap';
import { OlderReplicaWatch } from '../../../src/cluster/port/older-replicas.js';
import { agentArgvLabelValue, inForceLabelValue, names, portLabelValue } from '../../../src/model/names.js';
import { fakeApi, fakeTiming, memoryLog, refusal, settle } from '../fake-api.js';

const pods = '/api/v1/namespaces/own/pods';
const before = { [names.port]: portLabelValue, [names.inForce]: inForceLabelValue };
const today = { ...before, [names.agentArgv]: agentArgvLabelValue };

function follow(t: Test, api = fakeApi()) {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const timing = fakeTiming();
  const watch = new OlderReplicaWatch({
    ...timing,
    client: api.client,
    log: memoryLog().log,
    instance: 'outrider',
    ownNamespace: 'own',
    relistMs: 600_000,
    onChange: () => undefined,
    signal: stop.signal,
  });
  const pass = async (): Promise<void> => {
    await settle();
    await timing.advance(1_000);
  };
  const put = (name: string, labels: Readonly<Record<string, string>>, phase = 'Running'): void => {
    api.put(`${pods}/${name}`, { metadata: { namespace: 'own', name, labels }, status: { phase } });
  };
  return { api, watch, pass, put };
}

t.test('F40: nothing is handed on while a replica is there that does not know what agents’ images start', async (t) => {
  const { api, watch, pass, put } = follow(t);
  t.ok(watch.mayLackArgvs(), 'before anything is known');
  await pass();
  t.notOk(watch.mayLackArgvs(), 'nobody is there');
  put('new', today);
  await pass();
  t.notOk(watch.mayLackArgvs());
  put('old', before);
  await pass();
  t.ok(watch.mayLackArgvs());
  t.equal(watch.current(), 'none', 'it knows the rest');
  t.ok(watch.knowHashes());
  put('old', before, 'Failed');
  await pass();
  t.notOk(watch.mayLackArgvs(), 'it has ended');
  put('old', before);
  await pass();
  api.remove(`${pods}/old`);
  await pass();
  t.notOk(watch.mayLackArgvs(), 'it is gone');
});

t.test('F40: where the installation’s pods may not be read, nobody waits for them', async (t) => {
  const api = fakeApi();
  api.breakDown(`LIST ${pods}`, refusal(403, 'Forbidden'));
  const { watch, pass } = follow(t, api);
  await pass();
  t.notOk(watch.mayLackArgvs());
  t.equal(watch.current(), 'unknown');
});
