import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readFolder } from '../../src/server/folder.js';
import { watchFolder } from '../../src/server/watch.js';
import { temporaryFolder, until } from './harness.js';

const hourMs = 60 * 60 * 1000;

/** Writes a folder the way the kubelet fills a ConfigMap volume: files are links through `..data`, which is swapped. */
function mountedVolume(dir: string): (generation: string, files: Readonly<Record<string, string>>) => void {
  return (generation, files) => {
    mkdirSync(join(dir, `..${generation}`));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, `..${generation}`, name), text);
    symlinkSync(`..${generation}`, join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
    for (const name of Object.keys(files)) {
      rmSync(join(dir, name), { force: true });
      symlinkSync(join('..data', name), join(dir, name));
    }
  };
}

async function watched(t: Parameters<typeof temporaryFolder>[0], dir: string, intervalMs: number) {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const seen = { changes: 0, errors: [] as unknown[], fail: false };
  await watchFolder(
    dir,
    () => {
      seen.changes++;
      if (seen.fail) throw new Error('not valid');
    },
    { intervalMs, settleMs: 10, signal: stop.signal, onError: (error) => seen.errors.push(error) },
  );
  return { seen, stop };
}

t.test('a folder is read without what is hidden, below, or of another kind', async (t) => {
  const dir = temporaryFolder(t);
  mountedVolume(dir)('2026_1', { 'b.yaml': 'b', 'a.yml': 'a', 'c.json': 'c', 'README.md': 'no' });
  writeFileSync(join(dir, '.hidden.yaml'), 'no');
  mkdirSync(join(dir, 'below'));
  mkdirSync(join(dir, 'folder.yaml'));
  writeFileSync(join(dir, 'below', 'd.yaml'), 'no');
  t.same(await readFolder(dir), [
    { name: join(dir, 'a.yml'), text: 'a' },
    { name: join(dir, 'b.yaml'), text: 'b' },
    { name: join(dir, 'c.json'), text: 'c' },
  ]);
  await t.rejects(readFolder(join(dir, 'none')), { code: 'file_unreadable', file: join(dir, 'none') });
  symlinkSync('nowhere', join(dir, 'dangling.yaml'));
  await t.rejects(readFolder(dir), { code: 'file_unreadable', file: join(dir, 'dangling.yaml') });
});

t.test('a change is announced: a file written, a volume swapped, a file gone', async (t) => {
  const dir = temporaryFolder(t);
  const mount = mountedVolume(dir);
  mount('1', { 'a.yaml': 'one' });
  const { seen } = await watched(t, dir, hourMs);
  t.equal(seen.changes, 0, 'what is there at the start is no change');
  mount('2', { 'a.yaml': 'two' });
  await until(() => seen.changes >= 1);
  const before = seen.changes;
  writeFileSync(join(dir, 'b.yaml'), 'b');
  await until(() => seen.changes > before);
  rmSync(join(dir, 'b.yaml'));
  await until(() => seen.changes > before + 1);
  t.same(seen.errors, []);
});

t.test('a failing reload is reported and the next change tried', async (t) => {
  const dir = temporaryFolder(t);
  const { seen } = await watched(t, dir, hourMs);
  seen.fail = true;
  writeFileSync(join(dir, 'a.yaml'), 'broken');
  await until(() => seen.errors.length === 1);
  seen.fail = false;
  writeFileSync(join(dir, 'a.yaml'), 'mended');
  await until(() => seen.changes === 2);
  t.match(seen.errors, [{ message: 'not valid' }]);
});

t.test('the folder may go and come back, and is watched again', async (t) => {
  const parent = temporaryFolder(t);
  const dir = join(parent, 'config');
  const { seen } = await watched(t, dir, 20);
  mkdirSync(dir);
  writeFileSync(join(dir, 'a.yaml'), 'one');
  await until(() => seen.changes >= 1);
  const first = seen.changes;
  rmSync(dir, { recursive: true });
  await until(() => seen.changes > first);
  const second = seen.changes;
  mkdirSync(dir);
  writeFileSync(join(dir, 'a.yaml'), 'two');
  await until(() => seen.changes > second);
  t.same(seen.errors, []);
});

t.test('an unchanged folder is left in peace, and an ended watch says nothing', async (t) => {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'a.yaml'), 'one');
  const { seen, stop } = await watched(t, dir, 5);
  writeFileSync(join(dir, '.swap'), 'an editor at work');
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.equal(seen.changes, 0);
  stop.abort();
  utimesSync(join(dir, 'a.yaml'), 1, 1);
  writeFileSync(join(dir, 'a.yaml'), 'two');
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.equal(seen.changes, 0);
  const late = await watched(t, join(dir, 'none'), hourMs);
  t.equal(late.seen.changes, 0, 'a folder that is not there can be watched');
  await watchFolder(dir, () => void t.fail('called'), {
    intervalMs: 5,
    signal: stop.signal,
    onError: (error) => void t.error(error),
  });
});
