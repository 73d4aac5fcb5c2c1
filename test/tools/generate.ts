import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { generatedFiles, repositoryRoot } from './generated.js';

/** The text that is there, or `undefined` when the file is not. */
function present(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const { path, make } of generatedFiles) {
  const file = new URL(path, repositoryRoot);
  const text = make();
  if (present(file) === text) continue;
  stale.push(path);
  if (!check) {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, text);
  }
}
for (const path of stale) process.stdout.write(check ? `stale: ${path}; run npm run generate\n` : `wrote ${path}\n`);
if (check && stale.length > 0) process.exitCode = 1;
