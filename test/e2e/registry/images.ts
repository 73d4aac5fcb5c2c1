import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.js';
import type { Registry } from './harness.js';

/**
 * Makes an OCI layout with one image by umoci, without a base. Returns its skopeo name.
 *
 * @param entrypoint empty: none
 */
export async function makeUmociImage(directory: string, entrypoint: string, cmd: readonly string[]): Promise<string> {
  const words = JSON.stringify([entrypoint, cmd]);
  const layout = join(directory, `umoci-${createHash('sha256').update(words).digest('hex').slice(0, 8)}`);
  const image = `${layout}:latest`;
  await run('umoci', 'init', '--layout', layout);
  await run('umoci', 'new', '--image', image);
  const options = [
    ...(entrypoint === '' ? [] : [`--config.entrypoint=${entrypoint}`]),
    ...cmd.map((word) => `--config.cmd=${word}`),
  ];
  if (options.length > 0) await run('umoci', 'config', '--image', image, ...options);
  return `oci:${image}`;
}

/** buildah with storage of its own, so that nothing of it stays on the machine. */
export interface Buildah {
  run(...parameters: readonly string[]): Promise<string>;
}

export function createBuildah(directory: string): Buildah {
  const storage = [
    '--root',
    join(directory, 'buildah'),
    '--runroot',
    join(directory, 'buildah-run'),
    '--storage-driver',
    'vfs',
  ];
  return { run: (...parameters) => run('buildah', ...storage, ...parameters) };
}

/** Builds one image for amd64 and arm64 from scratch and a static busybox, as a manifest list of that name. */
export async function buildMultiPlatform(buildah: Buildah, directory: string, name: string): Promise<void> {
  const context = join(directory, 'context');
  mkdirSync(context, { recursive: true });
  copyFileSync('/bin/busybox', join(context, 'busybox'));
  const lines = [
    'FROM scratch',
    'COPY busybox /bin/busybox',
    'ENTRYPOINT ["/bin/busybox"]',
    'CMD ["sh", "-c", "echo $HOME"]',
  ];
  writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
  await buildah.run('bud', '--quiet', '--platform', 'linux/amd64,linux/arm64/v8', '--manifest', name, context);
}

/** Copies an image into a registry by skopeo. */
export async function push(
  registry: Registry,
  source: string,
  repository: string,
  ...options: readonly string[]
): Promise<void> {
  const target = `docker://${registry.host}/${repository}`;
  await run(
    'skopeo',
    'copy',
    '--quiet',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    ...registry.pusher,
    ...options,
    source,
    target,
  );
}

/** Puts a manifest into a registry without auth, and the blobs it names, whatever they are. Returns its digest. */
export async function pushRaw(
  registry: Registry,
  repository: string,
  tag: string,
  mediaType: string,
  manifest: string,
  blobs: readonly string[],
): Promise<string> {
  const base = `http://${registry.host}/v2/${repository}`;
  for (const blob of blobs) {
    const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', base);
    location.searchParams.set('digest', digestOf(blob));
    await accepted(await fetch(location, { method: 'PUT', body: blob }));
  }
  const headers = { 'content-type': mediaType };
  await accepted(await fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers, body: manifest }));
  return digestOf(manifest);
}

export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

async function accepted(response: Response): Promise<void> {
  if (response.status !== 201) throw new Error(`the registry answers ${response.status}: ${await response.text()}`);
}
