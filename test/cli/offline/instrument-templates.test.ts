import t from 'tap';
import { workplace } from '../harness.js';

const sysdig = (...settings: readonly string[]): readonly string[] => [
  ...['--profile', 'sysdig', '--no-lookup'],
  ...settings.flatMap((setting) => ['--set', setting]),
];
const pod = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web} # mine
spec:
  template:
    spec:
      containers:
        - name: web
          image: a/web:1
          command: [/app] # the program
`;

t.test('W18: a second inject with another region or version updates by our own record', async (t) => {
  const place = await workplace(t, { 'web.yaml': pod });
  const run = async (file: string, flags: readonly string[]) => {
    const ran = await place.outrider(['inject', '-f', file, ...flags]);
    t.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  for (const [first, second] of [
    [['region=us2'], ['region=eu1']],
    [['region=us2'], ['region=us2', 'version=6.2.0']],
    [['region=us2'], ['region=us2', 'spec.prefer=Security', 'spec.onUnresolvedImage=Skip']],
  ] as const) {
    const wanted = (await run('web.yaml', sysdig(...second))).stdout;
    await place.write('old.yaml', (await run('web.yaml', sysdig(...first))).stdout);
    const updated = await run('old.yaml', sysdig(...second));
    t.equal(updated.stdout, wanted, 'as if it had been injected so in the first place');
    t.match(updated.stderr, /deploy\/web {2}inject {2}injected/);
    await place.write('new.yaml', updated.stdout);
    t.equal((await run('new.yaml', sysdig(...second))).stdout, wanted, 'once is enough');
    t.equal((await place.outrider(['uninject', '-f', 'new.yaml', '-q'])).stdout, pod);
    t.equal((await place.outrider(['inject', '-f', 'old.yaml', '--check', '-q', ...sysdig(...second)])).code, 1);
  }
});

t.test('W18: what was edited since elsewhere stays; without a record that fits, nothing is updated', async (t) => {
  const place = await workplace(t, { 'web.yaml': pod });
  const { stdout } = await place.outrider(['inject', '-f', 'web.yaml', '-q', ...sysdig('region=us2')]);
  await place.write('edited.yaml', stdout.replace('a/web:1', 'a/web:2'));
  const updated = await place.outrider(['inject', '-f', 'edited.yaml', '-q', ...sysdig('region=eu1')]);
  t.match(updated.stdout, 'image: a/web:2');
  t.match(updated.stdout, 'ingest-eu1');
  t.notMatch(updated.stdout, 'ingest-us2');
  for (const [broken, code] of [
    [stdout.replace(/^ *outrider.dev\/undo: .*\n/m, ''), 0],
    [stdout.replace('value: ingest-us2.app.sysdig.com', 'value: mine.example.com'), 1],
  ] as const) {
    await place.write('broken.yaml', broken);
    const ran = await place.outrider(['inject', '-f', 'broken.yaml', ...sysdig('region=eu1')]);
    t.equal(ran.stdout, broken);
    t.match(ran.stderr, 'parts_differ');
    t.equal(ran.code, code, 'a failure where the record does not fit');
  }
});
