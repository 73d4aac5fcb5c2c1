import t from 'tap';
import { names } from '../../../src/model/names.js';
import { objectOf } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { findHelm } from './helm.js';
import { install } from './installation.js';
import { conditionsOf, messageOf } from './objects.js';

t.setTimeout(900_000);

const here = await install({
  controllerManager: false,
  values: { webhook: { annotations: { 'admissions.enforcer/disabled': 'true' } } },
  flags: ['--lease-seconds=5'],
});
t.teardown(() => here.stop());
const helm = await findHelm(here.api);
await here.apply((await helm.render()).filter(({ kind }) => kind === 'InstrumentationPolicy'));
const one = await here.addReplica('one');

async function annotations(kind: string): Promise<Readonly<Record<string, unknown>>> {
  const { metadata } = await here.get(kind, 'outrider');
  const { [names.written]: written, ...others } = objectOf(objectOf(metadata)?.['annotations']) ?? {};
  if (written === undefined) throw new Error(`${kind} does not say what was written`);
  return others;
}

t.test('U18: kubectl get says why an installation without a region instruments nothing', async (t) => {
  const found = async () => conditionsOf(await here.get('ipol', 'default'));
  await until('a status', async () => (await found()).length > 0);
  const { stdout } = await here.api.kubectl(['get', 'ipol', 'default']);
  t.match(stdout, /REASON/);
  t.match(stdout, /^default .*False +SettingsInvalid/m);
  const said = await found();
  t.ok(said.includes('CredentialsPresent=Unknown PolicyInvalid'), 'nothing is claimed of a key');
  t.match(messageOf(await here.get('ipol', 'default'), 'Ready'), /region/);
});

t.test('U6: annotations of the values stand on the webhook configurations, and change with them', async (t) => {
  const kinds = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'];
  for (const kind of kinds) t.same(await annotations(kind), { 'admissions.enforcer/disabled': 'true' }, kind);
  await here.api.kubectl(['annotate', kinds[0] ?? '', 'outrider', 'somebody.example/else=true']);
  await here.kill(one);
  await here.addReplica('two', ['--webhook-annotations={"team.example/owner": "platform"}']);
  await until('the new annotations', async () => 'team.example/owner' in (await annotations(kinds[0] ?? '')));
  t.same(
    await annotations(kinds[0] ?? ''),
    { 'team.example/owner': 'platform', 'somebody.example/else': 'true' },
    'what is no longer given goes, what is somebody else’s stays',
  );
});
