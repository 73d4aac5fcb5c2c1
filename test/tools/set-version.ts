import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from './generated.js';
import { setVersion } from './version-places.js';

// `npm run set-version -- VERSION`: before a release, which is a tag of that name. What is generated follows by
// `npm run generate`.
const [version = ''] = process.argv.slice(2);
try {
  const changed = setVersion(fileURLToPath(repositoryRoot), version, new Date().toISOString().slice(0, 10));
  console.log(`${version} in ${changed.join(', ')}`);
} catch (error) {
  console.error(`set-version: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
