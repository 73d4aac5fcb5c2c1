import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { isObject, listOf, parsedJson } from '../../../src/model/json.js';
import { workplace } from '../harness.js';

const sysdig = ['--profile', 'sysdig', '--set', 'region=us2', '--no-lookup'];
const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers:\n    - {name: a, image: b, command: [/c]}\n`;

/** What a file can have wrong, each with a word of what is said about it. */
const bad: Readonly<Record<string, readonly [string, RegExp]>> = {
  syntax: ['a: [', /bad/],
  indent: [pod('x').replace('[/c]', '\n        - "run \\\n  --flag"'), /within flow collections/],
  key: [`${pod('x')}kind: Pod\n`, /kind/],
  shape: ['apiVersion: v1\nkind: Pod\nspec: {containers: 1}\n', /spec\/containers/],
  alias: ['a: *nowhere\n', /nowhere/],
  json: ['{"kind": "Pod"', /a comma or }/],
  dockerrun: ['{"AWSEBDockerrunVersion": "1"}', /single container/],
  undo: [pod('x').replace('{name: x}', '{name: x, annotations: {outrider.dev/undo: mine}}'), /outrider.dev\/undo/],
};

t.test(
  'W34: one bad file is named and left as it is; the rest of the folder is done, and the exit says it',
  async (t) => {
    for (const [what, [text, said]] of Object.entries(bad)) {
      const place = await workplace(t, { 'm/a.yaml': pod('one'), 'm/bad.yaml': text, 'm/sub/c.yaml': pod('three') });
      const { code, stdout, stderr } = await place.outrider(['inject', '-f', 'm', ...sysdig]);
      t.equal(code, 2, what);
      t.equal(stdout.split('kind: Pod').length - 1, 2, `${what}: the others come out`);
      t.equal(stdout.split('outrider.dev/status: injected').length - 1, 2, what);
      t.match(stderr, '2 pod templates: 2 inject', what);
      const lines = stderr.split('\n').filter((line) => line.startsWith('outrider: error: '));
      t.equal(lines.length, 1, what);
      t.match(lines[0], /m\/bad\.yaml/, what);
      t.match(lines[0], said, what);

      t.equal((await place.outrider(['inject', '-f', 'm', '-i', '-q', ...sysdig])).code, 2);
      t.equal(await place.read('m/bad.yaml'), text, `${what}: not written, not even in part`);
      t.match(await place.read('m/a.yaml'), 'outrider.dev/undo');
      t.match(await place.read('m/sub/c.yaml'), 'outrider.dev/undo');
      const explained = await place.outrider(['explain', '-f', 'm', ...sysdig]);
      t.equal(explained.code, 2);
      t.match(explained.stdout, /pod\/one[^]*pod\/three/);
      t.match(explained.stderr, 'm/bad.yaml');
      t.equal((await place.outrider(['uninject', '-f', 'm', '-i', '-q'])).code, 2);
      t.equal(await place.read('m/a.yaml'), pod('one'));
      t.equal((await place.outrider(['inject', '-f', 'm', '--check', '-q', ...sysdig])).code, 2, 'also under --check');
    }
  },
);

t.test('W34: text that is no UTF-8, and a file that may not be read', async (t) => {
  const place = await workplace(t, { 'm/a.yaml': pod('one'), 'm/locked.yaml': pod('two') });
  await mkdir(join(place.cwd, 'm'), { recursive: true });
  await writeFile(join(place.cwd, 'm/latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]));
  await chmod(join(place.cwd, 'm/locked.yaml'), 0o000);
  const { code, stdout, stderr } = await place.outrider(['inject', '-f', 'm', ...sysdig]);
  t.equal(code, 2);
  t.match(stdout, 'outrider.dev/status');
  t.match(stderr, /m\/latin.yaml: it is not UTF-8 text/);
  if (process.getuid?.() !== 0) t.match(stderr, /m\/locked.yaml: it cannot be read/);
});

t.test('W34: a file alone, several that are all bad, and what is wrong with the command line', async (t) => {
  const place = await workplace(t, { 'bad.yaml': 'a: [', 'worse.yaml': 'b: [', 'good.yaml': pod('one') });
  const alone = await place.outrider(['inject', '-f', 'bad.yaml', ...sysdig]);
  t.match(alone, { code: 2, stdout: '', stderr: /^outrider: error: bad.yaml:1:\d+: [^\n]*\n$/ });
  const all = await place.outrider(['inject', '-f', 'bad.yaml', '-f', 'worse.yaml', ...sysdig]);
  t.match(all, {
    code: 2,
    stdout: '',
    stderr: /^outrider: error: bad.yaml[^\n]*\noutrider: error: worse.yaml[^\n]*\n$/,
  });
  const missing = await place.outrider(['inject', '-f', 'good.yaml', '-f', 'gone.yaml', ...sysdig]);
  t.match(missing, { code: 2, stdout: '', stderr: /gone.yaml: there is no such file/ }, 'a name that is mistyped');
});

t.test('W30: a report for programs is JSON and nothing else', async (t) => {
  const dockerrun = JSON.stringify({
    AWSEBDockerrunVersion: 2,
    containerDefinitions: [{ name: 'web', image: 'a', entryPoint: ['/x'] }],
  });
  const unresolved = pod('two').replace(', command: [/c]', '');
  const place = await workplace(t, { 'm/a.yaml': unresolved, 'm/bad.yaml': 'a: [', 'm/d.json': dockerrun });
  for (const more of [[], ['--prefer', 'Security'], ['--check'], ['-o', 'patch']]) {
    const { stderr } = await place.outrider(['inject', '-f', 'm', ...sysdig, '--report', 'json', ...more]);
    const report = parsedJson(stderr);
    if (!isObject(report)) throw new Error(stderr);
    t.match(report['errors'], [{ file: 'm/bad.yaml', code: 'manifest_invalid' }]);
    t.equal(listOf(report['templates']).length, 2);
    if (!more.includes('Security')) t.match(report['hints'], [/--undo-file FILE/]);
    else t.match(report['templates'], [{ decision: 'deny' }, {}]);
  }
  const back = await place.outrider(['uninject', '-f', 'm', '--report', 'json']);
  t.match(parsedJson(back.stderr), { errors: [{ file: 'm/bad.yaml' }], summary: { files: 2 } });
});

t.test('W34: property: what becomes of a file does not hang on its neighbours', async (t) => {
  const texts = [pod('one'), '{"x": 1}\n', ...Object.values(bad).map(([text]) => text)];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...texts), { minLength: 2, maxLength: 5 }), async (chosen) => {
      const files = Object.fromEntries(chosen.map((text, at) => [`m/${at}.yaml`, text]));
      const place = await workplace(t, files);
      const argv = ['inject', '-f', 'm', '-i', '-q', ...sysdig];
      const { code } = await place.outrider(argv);
      const isBad = (text: string): boolean => Object.values(bad).some(([each]) => each === text);
      if (code !== (chosen.some(isBad) ? 2 : 0)) throw new Error(`exit ${code}`);
      for (const [name, text] of Object.entries(files)) {
        const after = await place.read(name);
        if (after.includes('outrider.dev/status') !== (text === pod('one') && !chosen.every(isBad)))
          throw new Error(name);
        if (text !== pod('one') && after !== text) throw new Error(`${name} was written`);
      }
      await place.outrider(['uninject', '-f', 'm', '-i', '-q']);
      for (const [name, text] of Object.entries(files)) if ((await place.read(name)) !== text) throw new Error(name);
    }),
    { numRuns: 15 },
  );
});
