import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The path of the OCI archive with Outrider's image, as test/node/image/build.sh wrote it.
 * @throws when it is missing or older than the bundle, so that no test runs an image of yesterday
 */
export function imageArchive(): string {
  const path = join(dist, 'image.tar');
  const builtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtMs < statSync(join(dist, 'outrider.js')).mtimeMs) {
    const what = builtMs === 0 ? 'missing' : 'older than the bundle';
    throw new Error(
      `Outrider's image is ${what}: ${path}; run as root: bash test/node/image/build.sh . dist/image.tar`,
    );
  }
  return path;
}
