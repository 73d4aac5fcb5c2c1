import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { isObject, listOf, stringOf } from '../../src/model/json.js';

function run(script: string, ...parameters: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...parameters], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Every file of a folder with the hash of its bytes. */
function hashesOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}

t.setTimeout(180_000);
const parent = mkdtempSync(join(tmpdir(), 'outrider-bundle-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));

t.test('the bundle has the same bytes each time it is made', (t) => {
  const [first, second] = ['one', 'two'].map((name) => {
    run('test/tools/bundle.mjs', join(parent, name));
    return hashesOf(join(parent, name));
  });
  t.strictSame(second, first);
  t.ok(Object.keys(first ?? {}).length > 10);
  const main = readFileSync(join(parent, 'one', 'outrider.js'), 'utf8');
  t.notMatch(main, process.cwd(), 'and does not say where it was made');
  t.end();
});

/** A file of the bundle and all that it imports before it runs, by the files' names. */
function loadedWith(folder: string, start: string): ReadonlyMap<string, string> {
  const loaded = new Map<string, string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    const text = readFileSync(join(folder, path), 'utf8');
    loaded.set(path, text);
    for (const [, imported = ''] of text.matchAll(/^(?:import|\} from) "(\.\/[^"]+)";$/gm))
      load(join(dirname(path), imported));
  };
  load(start);
  return loaded;
}

t.test('the Kubernetes client is loaded by what talks to a cluster, and then only', (t) => {
  const folder = join(parent, 'one');
  const client = '// node_modules/@kubernetes/client-node/';
  const entries = ['outrider.js', ...readdirSync(join(folder, 'chunks')).map((name) => join('chunks', name))];
  const isCommand =
    /^(?:outrider|chunks\/(?:connect|doctor|explain|image|inject|open-cluster|ready|render|serve)-\w+)\.js$/;
  const loading = entries
    .filter((path) => isCommand.test(path))
    .map((path): [string, boolean] => [
      path.replace(/(?:-\w+)?\.js$/, ''),
      [...loadedWith(folder, path).values()].some((text) => text.includes(client)),
    ]);
  t.same(Object.fromEntries(loading), {
    outrider: false,
    'chunks/connect': true,
    'chunks/doctor': false,
    'chunks/explain': false,
    'chunks/image': false,
    'chunks/inject': false,
    'chunks/open-cluster': true,
    'chunks/ready': false,
    'chunks/render': false,
    'chunks/serve': false,
  });
  t.end();
});

t.test('the bill of materials lists what is in the bundle, and is the same each time', (t) => {
  t.match(run('test/tools/sbom.mjs'), /packages in the bundle/);
  const text = readFileSync('dist/sbom.cdx.json', 'utf8');
  const bom: unknown = JSON.parse(text);
  if (!isObject(bom)) throw new Error('no object');
  t.match(bom, { bomFormat: 'CycloneDX', metadata: { component: { name: 'outrider', type: 'application' } } });
  const shipped = listOf(bom['components']).flatMap((component) =>
    isObject(component) && component['scope'] === 'required' ? [stringOf(component['purl']) ?? ''] : [],
  );
  const packages: unknown = JSON.parse(readFileSync('dist/packages.json', 'utf8'));
  const versions = Object.entries(isObject(packages) ? packages : {}).flatMap(([name, list]) =>
    listOf(list).map((version) => `pkg:npm/${name.replace('@', '%40')}@${stringOf(version) ?? ''}`),
  );
  t.strictSame(shipped.sort(), versions.sort());
  for (const name of ['fastify', 'undici', 'yaml', 'zod']) {
    t.ok(
      shipped.some((purl) => purl.startsWith(`pkg:npm/${name}@`)),
      name,
    );
  }
  t.notMatch(text, /https?:\/\/(?!cyclonedx\.org)[^"]*/, 'no address of a registry');
  run('test/tools/sbom.mjs');
  t.equal(readFileSync('dist/sbom.cdx.json', 'utf8'), text);
  t.end();
});
