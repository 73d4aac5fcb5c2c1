import t from 'tap';
import { workplace } from '../harness.js';

const flags = (profile: string, ...settings: readonly string[]): readonly string[] => [
  ...['--profile', profile, '--no-lookup', '--set', 'accessKeySecretArn=/key'],
  ...settings.flatMap((setting) => ['--set', setting]),
];
const dockerrun = `{
  "AWSEBDockerrunVersion": 2,
  "containerDefinitions": [
    {"name": "web", "image": "a/web:1", "memory": 128, "entryPoint": ["/web"]}
  ]
}
`;
const changes: readonly (readonly [profile: string, first: readonly string[], second: readonly string[]])[] = [
  ['sysdig', ['region=us2'], ['region=eu1']],
  ['sysdig', ['region=us2'], ['region=us2', 'version=6.2.0']],
  ['sysdig', ['region=us2', 'taskCpu=256'], ['region=us2']],
  ['sysdig', ['region=us2'], ['region=us2', 'taskMemoryMiB=512']],
  ['datadog', [], ['site=datadoghq.eu']],
  ['datadog', ['version=7.70.0'], ['version=7.71.0']],
  ['datadog-node', [], ['site=datadoghq.eu']],
];

t.test('W18: a second inject of a Dockerrun updates by the record that --undo-file names', async (t) => {
  for (const [profile, first, second] of changes) {
    const place = await workplace(t, { 'd.json': dockerrun });
    const inject = (file: string, settings: readonly string[], undo: string) =>
      place.outrider(['inject', '-f', file, ...flags(profile, ...settings), '--undo-file', undo]);
    const wanted = (await inject('d.json', second, 'wanted-undo.json')).stdout;
    await place.write('old.json', (await inject('d.json', first, 'undo.json')).stdout);
    const record = await place.read('undo.json');

    const checked = await inject('old.json', [...second], 'undo.json');
    t.equal(checked.code, 0, checked.stderr);
    t.equal(checked.stdout, wanted, `${profile}: as if it had been injected so in the first place`);
    await place.write('new.json', checked.stdout);
    t.not(await place.read('undo.json'), record);
    t.equal((await inject('new.json', second, 'undo.json')).stdout, wanted, 'once is enough');
    const back = await place.outrider(['uninject', '-f', 'new.json', '--undo-file', 'undo.json', '-q']);
    t.equal(back.stdout, dockerrun, 'the record of the update takes the whole back');
  }
});

t.test(
  'W18: without a record that fits, an agent of ours with other values is named, and the exit code is 1',
  async (t) => {
    for (const [profile, first, second] of changes) {
      const place = await workplace(t, { 'd.json': dockerrun, 'web.json': dockerrun.replace('a/web:1', 'a/web:2') });
      const inject = (file: string, settings: readonly string[], ...more: readonly string[]) =>
        place.outrider(['inject', '-f', file, ...flags(profile, ...settings), ...more]);
      const { stdout } = await inject('d.json', first);
      await place.write('old.json', stdout);
      await inject('web.json', first, '--undo-file', 'other.json');
      for (const more of [[], ['--undo-file', 'none.json'], ['--undo-file', 'other.json']]) {
        const same = await inject('old.json', first, ...more);
        t.match(same, { code: 0, stdout }, `${profile}: the same settings are no update`);
      }
      const ran = await inject('old.json', second);
      // What these settings only add is added, as to any agent that is there.
      if (second.includes('taskMemoryMiB=512')) continue;
      t.match(ran, { code: 1, stdout, stderr: /parts_differ.*\n.* and these settings give .*--undo-file/ });
      t.match(ran.stderr, /^outrider: error: 1 not-updated: exit code 1\.$/m);
      await t.rejects(place.read('none.json'), 'and no record is written');
    }
  },
);

t.test('W18: a key that was taken out as told is no edit; an agent of somebody’s own is no part of ours', async (t) => {
  const place = await workplace(t, { 'd.json': dockerrun });
  const inject = (file: string, settings: readonly string[], ...more: readonly string[]) =>
    place.outrider(['inject', '-f', file, ...flags('datadog-node', ...settings), ...more]);
  const eu = ['site=datadoghq.eu'];
  const { stdout } = await inject('d.json', [], '--undo-file', 'undo.json');
  const keyless = stdout.replace(/\{\s*"name": "DD_API_KEY",[^}]*\},?\s*/, '');
  t.not(keyless, stdout);
  t.notMatch(keyless, 'DD_API_KEY');
  JSON.parse(keyless);
  await place.write('keyless.json', keyless);
  for (const more of [[], ['--undo-file', 'undo.json']]) {
    t.match(await inject('keyless.json', [], ...more), { code: 0, stdout: keyless });
    t.match(await inject('keyless.json', eu, ...more), { code: 1, stdout: keyless, stderr: /DD_SITE is "/ });
  }
  const sourceless = ['--profile', 'sysdig', '--no-lookup', '--set', 'region=us2'];
  const keyed = await place.outrider(['inject', '-f', 'd.json', ...flags('sysdig', 'region=us2')]);
  await place.write('keyed.json', keyed.stdout);
  t.match(await place.outrider(['inject', '-f', 'keyed.json', ...sourceless]), { code: 0, stdout: keyed.stdout });
  for (const [what, own] of [
    ['another field', stdout.replace('"essential": false', '"essential": false, "user": "7"')],
    ['another variable', stdout.replace('"environment": [', '"environment": [{"name": "MINE", "value": "1"},')],
  ] as const) {
    t.not(own, stdout, what);
    await place.write('own.json', own);
    t.match(await inject('own.json', eu), { code: 0, stdout: own }, what);
  }
});
