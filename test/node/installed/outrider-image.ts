import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { registryHost, registryPassword, registryUser } from '../cluster/layout.js';
import { imageArchive } from '../image/archive.js';

/** Where Outrider's image is in the tests' registry. */
export const outriderRepository = 'outrider/outrider';

/** Pushes the image that the Dockerfile made, with tag 1. */
export async function pushOutrider(): Promise<void> {
  await promisify(execFile)('skopeo', [
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    `--dest-creds=${registryUser}:${registryPassword}`,
    `oci-archive:${imageArchive()}`,
    `docker://${registryHost}/${outriderRepository}:1`,
  ]);
}
