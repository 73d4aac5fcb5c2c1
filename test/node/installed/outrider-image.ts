import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { busyboxPath } from '../cluster/parts.js';
import { imageEntrypoint } from '../../support/image-entrypoint.js';
import { pushImage, type ImageFile } from '../support/image.js';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const fetchScript = join(repository, 'test/node/fetch-node.sh');

/** Where Outrider's image is in the tests' registry. */
export const outriderRepository = 'outrider/outrider';

/**
 * Pushes Outrider's image, from scratch, since no base image can be pulled: what the Dockerfile copies, at the same
 * paths, with Node and the libraries that it needs of this machine in the place of the base's.
 */
export async function pushOutrider(): Promise<void> {
  const { stdout } = await promisify(execFile)('bash', [fetchScript, '--where']);
  const node = stdout.trim();
  const chunks = readdirSync(join(repository, 'dist/chunks'));
  const plain = (path: string): ImageFile => ({ copyOf: join(repository, path), mode: 0o644 });
  const files = {
    'nodejs/bin/node': { copyOf: node },
    ...(await librariesOf(node)),
    'etc/passwd': { text: 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n', mode: 0o644 },
    'tools/busybox': { copyOf: busyboxPath(), mode: 0o555 },
    'app/outrider.js': plain('dist/outrider.js'),
    ...Object.fromEntries(chunks.map((name) => [`app/chunks/${name}`, plain(`dist/chunks/${name}`)])),
    'app/LICENSE': plain('LICENSE'),
    'app/package.json': plain('package.json'),
  };
  const config = {
    User: '65532:65532',
    WorkingDir: '/app',
    Env: ['NODE_ENV=production'],
    ExposedPorts: { '8443/tcp': {}, '8080/tcp': {} },
    Entrypoint: imageEntrypoint(),
    Cmd: ['serve'],
  };
  await pushImage(outriderRepository, { files, config });
}

/** The libraries and the loader that a program needs, at the paths where it looks for them. */
async function librariesOf(program: string): Promise<Readonly<Record<string, ImageFile>>> {
  const { stdout } = await promisify(execFile)('ldd', [program]);
  const paths = [...stdout.matchAll(/\s\/(\S+) \(0x/g)].map(([, path = '']) => path);
  return Object.fromEntries(paths.map((path) => [path, { copyOf: `/${path}` }]));
}
