import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Tests about the sources themselves: part of `npm test`, and of `npm run check`, which they need no more than. */
const houseTests = [
  'source-graph',
  'stateful-closures',
  'test-map',
  'cases/cases',
  'threats',
  'doc-paths',
  'links',
  'words',
];

for (const name of houseTests) {
  const file = fileURLToPath(new URL(`./${name}.test.js`, import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  if (status === 0) continue;
  const failed = stdout.split('\n').filter((line) => /^\s*(not ok|[-+] )/.test(line));
  process.stdout.write(`test/tools/${name}.test.ts:\n${failed.join('\n')}\n`);
  process.exitCode = 1;
}
