import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { imageEntrypoint } from '../../support/image-entrypoint.js';
import { imageArchive } from './archive.js';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const buildScript = join(repository, 'test/node/image/build.sh');

t.setTimeout(900_000);
const parent = mkdtempSync(join(tmpdir(), 'outrider-image-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));

/** A folder of its own in the parent of this test's. */
function folder(name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}

/** Copies what git has or would take of the work tree, with the time of now and modes for its owner alone. */
async function checkOut(target: string): Promise<void> {
  const copy =
    'git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -m --no-same-permissions -C "$1"';
  await run('bash', ['-c', `set -o pipefail; umask 077; ${copy}`, 'bash', target], { cwd: repository });
}

/** Unpacks an OCI archive. Returns the path of its layout. */
async function unpack(archive: string, name: string): Promise<string> {
  const layout = folder(name);
  await run('tar', ['-x', '-C', layout, '-f', archive]);
  return layout;
}

/** Builds the image once more, of another checkout at another time. */
async function buildAgain(epochS: number): Promise<string> {
  const copy = folder('checkout');
  await checkOut(copy);
  const archive = join(parent, 'again.tar');
  await run('bash', [buildScript, copy, archive], { env: { ...process.env, SOURCE_DATE_EPOCH: String(epochS) } });
  return archive;
}

function readObject(path: string): JsonObject {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isObject(parsed)) throw new Error(`${path} is not an object`);
  return parsed;
}

/** The path of a blob that an index or a manifest points at. */
function blobOf(layout: string, descriptor: unknown): string {
  const digest = stringOf(objectOf(descriptor)?.['digest']) ?? '';
  return join(layout, 'blobs', ...digest.split(':'));
}

const layout = await unpack(imageArchive(), 'image');
const manifest = readObject(blobOf(layout, listOf(readObject(join(layout, 'index.json'))['manifests'])[0]));
const configuration = readObject(blobOf(layout, manifest['config']));
const layers = listOf(manifest['layers']);
const layer = blobOf(layout, layers.at(-1));
const created = new Date(stringOf(configuration['created']) ?? '');

t.test('the image has the same bytes each time it is built, wherever it was checked out', async (t) => {
  const another = await unpack(await buildAgain(created.getTime() / 1000), 'again');
  t.strictSame(readObject(join(another, 'index.json')), readObject(join(layout, 'index.json')));
  t.equal(layers.length, 2, "the base's layer and one of its own");
});

t.test('the image starts serve, as nobody in particular', (t) => {
  t.match(configuration, {
    config: {
      User: '65532:65532',
      WorkingDir: '/app',
      Entrypoint: imageEntrypoint(),
      Cmd: ['serve'],
      ExposedPorts: { '8443/tcp': {}, '8080/tcp': {} },
    },
  });
  t.end();
});

t.test(
  'the image has the bundle, busybox, its shell files and nothing else on its base, for all to read and none to write',
  (t) => {
    const { stdout } = spawnSync('tar', ['-tvzf', layer, '--numeric-owner', '--full-time'], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
    });
    const entries = stdout.trim().split('\n');
    const paths = entries.map((entry) => entry.slice(entry.lastIndexOf(' ') + 1));
    const chunks = readdirSync(join(repository, 'dist/chunks')).map((name) => `app/chunks/${name}`);
    const tools = ['busybox', ...readdirSync(join(repository, 'deploy/tools'))].map((name) => `tools/${name}`);
    const texts = ['app/LICENSE', 'app/licences.txt', 'app/package.json'];
    const files = ['app/outrider.js', ...texts, ...tools, ...chunks];
    t.strictSame(paths.sort(), ['app/', 'app/chunks/', 'tools/', ...files].sort());
    const mode = /^[d-]r[w-][x-]r-[x-]r-[x-] 0\/0 /;
    const time = ` ${created.toISOString().slice(0, 19).replace('T', ' ')} `;
    t.strictSame(
      entries.filter((entry) => !mode.test(entry) || !entry.includes(time)),
      [],
      "root's, and of the time that was given",
    );
    t.end();
  },
);

t.test('the bundle has the bytes that another Node made here', async (t) => {
  const content = folder('content');
  await run('tar', ['-xzf', layer, '-C', content]);
  const chunks = readdirSync(join(repository, 'dist/chunks')).map((name) => `chunks/${name}`);
  const differing = ['outrider.js', ...chunks].filter(
    (name) => !readFileSync(join(content, 'app', name)).equals(readFileSync(join(repository, 'dist', name))),
  );
  t.strictSame(differing, []);
  const { stdout } = await run(join(content, 'tools/busybox'), ['--list']);
  t.match(stdout, /^sh$/m, 'busybox runs here too, which has other libraries');
});
