import t from 'tap';
import { parsedJson } from '../../../src/model/json.js';
import { workplace } from '../harness.js';

const argv = ['inject', '-f', 'web.yaml', '--profile', 'sysdig', '--set', 'region=us2', '--no-lookup'];

function podOf(bytes: number): string {
  const env = Array.from({ length: Math.ceil(bytes / 1000) }, (_, at) => {
    return `        - {name: V${at}, value: "${'x'.repeat(960)}"}\n`;
  });
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: a\n      command: [/app]\n      env:\n${env.join('')}`;
}

t.test('W16: what a client-side apply cannot take is said, with what to do', async (t) => {
  for (const [bytes, isSaid] of [
    [1000, false],
    [100_000, false],
    [300_000, true],
  ] as const) {
    const place = await workplace(t, { 'web.yaml': podOf(bytes) });
    const { code, stderr, stdout } = await place.outrider(argv);
    t.equal(code, 0);
    t.equal(stderr.includes('use kubectl apply --server-side'), isSaid, `${bytes}: ${stdout.length} bytes`);
    if (!isSaid) continue;
    t.match(stderr, 'web.yaml:1: with the record for uninject in it, it is too large for a client-side apply');
    const json = await place.outrider([...argv, '--report', 'json']);
    t.match(parsedJson(json.stderr), { hints: [/--server-side/] }, 'W30: as a field of a report for programs');
    await place.write('again.yaml', stdout);
    const again = await place.outrider(argv.map((word) => (word === 'web.yaml' ? 'again.yaml' : word)));
    t.notMatch(again.stderr, '--server-side', 'nothing is said of what does not change');
  }
});
