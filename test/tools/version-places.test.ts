import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { version } from '../../src/model/version.js';
import { repositoryRoot } from './generated.js';
import { setVersion, statedVersions } from './version-places.js';

const root = fileURLToPath(repositoryRoot);
const files = [
  'package.json',
  'package-lock.json',
  'README.md',
  'CHANGELOG.md',
  'src/model/version.ts',
  'docs',
  'deploy',
];

t.test('U1: every place says the same version', (t) => {
  const stated = statedVersions(root);
  for (const place of stated) t.equal(place.version, version, place.file);
  const places = new Set(stated.map(({ file }) => file));
  for (const file of ['docs/install.md', 'docs/offline.md', 'deploy/kustomize/base/outrider.yaml'])
    t.ok(places.has(file), file);
  t.end();
});

t.test('U1: one command sets it everywhere, once', (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'outrider-version-'));
  t.teardown(() => rmSync(copy, { recursive: true, force: true }));
  for (const file of files) cpSync(join(root, file), join(copy, file), { recursive: true });
  const changed = setVersion(copy, '7.8.9-rc.1', '2027-01-02');
  t.ok(changed.length > 8, changed.join(', '));
  for (const { file, version: stated } of statedVersions(copy)) t.equal(stated, '7.8.9-rc.1', file);
  t.match(
    readFileSync(join(copy, 'CHANGELOG.md'), 'utf8'),
    /^# Changelog\n\n## Unreleased\n\n## 7\.8\.9-rc\.1 \(2027-01-02\)\n/,
  );
  t.match(readFileSync(join(copy, 'docs/upgrade.md'), 'utf8'), /\n## Unreleased\n\n## 7\.8\.9-rc\.1 \(2027-01-02\)\n/);
  setVersion(copy, '7.8.9', '2027-01-03');
  for (const { file, version: stated } of statedVersions(copy)) t.equal(stated, '7.8.9', file);
  t.throws(() => setVersion(copy, '7.8.9', '2027-01-04'), /has been released/);
  t.throws(() => setVersion(copy, 'v8', '2027-01-04'), /is no version/);
  t.end();
});
