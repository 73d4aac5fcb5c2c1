import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { version } from '../../src/model/version.js';
import { isObject, listOf, objectOf, stringOf } from '../../src/model/json.js';
import { workplace } from '../cli/harness.js';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

// As a user gets it: packed, and run and installed from that file alone, with no registry to ask.
t.test('U1: npm’s package runs by npx and installs, offline and without running scripts', async (t) => {
  const { cwd } = await workplace(t);
  const env = {
    ...process.env,
    npm_config_cache: join(cwd, 'cache'),
    npm_config_offline: 'true',
    NO_UPDATE_NOTIFIER: '1',
  };
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', cwd], {
    cwd: root,
    env,
  });
  const [about] = listOf(JSON.parse(packed.stdout)).map(objectOf);
  const file = join(cwd, stringOf(about?.['filename']) ?? '');
  t.ok((await stat(file)).size < 3_000_000, 'small');
  const names = listOf(about?.['files']).map((each) => stringOf(objectOf(each)?.['path']) ?? '');
  const kinds = new Set(
    names.map((name) => name.replace(/^dist\/chunks\/.*?\.(js|js\.LEGAL\.txt)$/, 'dist/chunks/*.$1')),
  );
  t.same([...kinds].sort(), [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist/chunks/*.js',
    'dist/chunks/*.js.LEGAL.txt',
    'dist/licences.txt',
    'dist/outrider.js',
    'package.json',
  ]);

  const npx = await run('npx', ['--yes', '--package', file, 'outrider', 'version', '--client'], { cwd, env });
  t.match(npx.stdout, new RegExp(`^Client +${version} `));

  const prefix = join(cwd, 'prefix');
  await run('npm', ['install', '--global', '--prefix', prefix, file], { cwd, env });
  const bin = join(prefix, 'bin');
  const withBin = { ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const ran = async (...argv: readonly [string, ...string[]]): Promise<string> =>
    (await run(argv[0], argv.slice(1), { cwd, env: withBin })).stdout;
  t.equal(await ran('outrider', '--version'), `${version}\n`);
  t.match(await ran('kubectl-outrider', 'explain', '--help'), 'Usage: kubectl outrider explain ');
  t.equal(await ran('kubectl_complete-outrider', 'un'), 'uninject\ttake out of manifests what inject put in\n:4\n');
  t.match(await ran('outrider', 'demo'), /./, 'the server comes with it');
  const listed: unknown = JSON.parse(await ran('npm', 'ls', '--global', '--all', '--json', '--prefix', prefix));
  const own = objectOf(objectOf(objectOf(listed)?.['dependencies'])?.['outrider']);
  t.equal(own?.['dependencies'], undefined, 'and nothing beside it');
});

t.test('U1: the package says what it is, and runs no script where it is installed', async (t) => {
  const about: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  if (!isObject(about)) throw new Error('no object');
  t.match(about, {
    name: 'outrider',
    version,
    license: 'Apache-2.0',
    engines: { node: String },
    repository: { type: 'git', url: String },
    bin: { outrider: String, 'kubectl-outrider': String, 'kubectl_complete-outrider': String },
    scripts: { prepack: String },
  });
  t.equal(about['private'], undefined);
  t.equal(about['dependencies'], undefined, 'all that it needs is in the bundle');
  const scripts = Object.keys(objectOf(about['scripts']) ?? {});
  t.same(
    scripts.filter((name) => /^(pre|post)?(install|prepare|publish)$|^prepublish/.test(name)),
    [],
  );
});
