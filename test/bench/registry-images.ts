import { connect } from 'node:net';
import { digestOf, pushRaw } from '../e2e/registry/images.js';
import { startRegistry, type Registry } from '../e2e/registry/harness.js';

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
} as const;

// The registry writes each to its disk.
const pushesAtATime = 20;

/** An image that takes three requests to look up: its index, the manifest for the platform, the image config. */
export interface PushedImage {
  readonly reference: string;
  /** The paths and what is accepted there, in the order in which they are asked. */
  readonly requests: readonly (readonly [path: string, accept: string])[];
}

/** The real registry with images that nobody has asked for yet. */
export interface ImageStore {
  readonly host: string;
  /** Pushes so many images, each unlike any other. */
  push(count: number): Promise<readonly PushedImage[]>;
  /** How long the registry takes for an image's three requests over a connection that is kept, in ms, each image once. */
  ownTimesMs(images: readonly PushedImage[]): Promise<readonly number[]>;
  stop(): Promise<void>;
}

/** Starts the registry on loopback. @throws when `docker-registry` is not installed: see test/e2e/setup.sh */
export async function startImageStore(folder: string): Promise<ImageStore> {
  const registry = await startRegistry(folder, { mode: 'none' });
  let pushed = 0;
  return {
    host: registry.host,
    push: async (count) => {
      const images: PushedImage[] = [];
      while (images.length < count) {
        const some = Array.from({ length: Math.min(pushesAtATime, count - images.length) }, () => pushed++);
        images.push(...(await Promise.all(some.map((number) => pushImage(registry, number)))));
      }
      return images;
    },
    ownTimesMs: (images) => timesMs(registry.host, images),
    stop: () => registry.stop(),
  };
}

async function pushImage(registry: Registry, number: number): Promise<PushedImage> {
  const repository = 'shop/app';
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/app/server'], Cmd: ['serve', String(number)] },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, digest: digestOf(config), size: config.length },
    layers: [],
  });
  const digest = digestOf(manifest);
  await pushRaw(registry, repository, digest, types.manifest, manifest, [config]);
  const platform = { architecture: 'amd64', os: 'linux' };
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [{ mediaType: types.manifest, digest, size: manifest.length, platform }],
  });
  const tag = `v${number}`;
  await pushRaw(registry, repository, tag, types.index, index, []);
  const base = `/v2/${repository}`;
  return {
    reference: `${registry.host}/${repository}:${tag}`,
    requests: [
      [`${base}/manifests/${tag}`, types.index],
      [`${base}/manifests/${digest}`, types.manifest],
      [`${base}/blobs/${digestOf(config)}`, '*/*'],
    ],
  };
}

/** By hand, over one socket: what a client adds is not the registry's time. */
async function timesMs(host: string, images: readonly PushedImage[]): Promise<readonly number[]> {
  const [name = '', port = ''] = host.split(':');
  const socket = connect(Number(port), name).setNoDelay(true);
  try {
    let seen = '';
    let look: () => void = () => undefined;
    socket.on('data', (part: Buffer) => {
      seen += part.toString('latin1');
      look();
    });
    const get = (path: string, accept: string): Promise<void> =>
      new Promise((resolve, reject) => {
        socket.once('error', reject);
        look = () => {
          const end = seen.indexOf('\r\n\r\n');
          const length = Number(/^content-length: *(\d+)/im.exec(seen)?.[1] ?? 0);
          if (end === -1 || seen.length < end + 4 + length) return;
          socket.off('error', reject);
          if (seen.startsWith('HTTP/1.1 200')) resolve();
          else reject(new Error(`the registry answers ${path} with ${seen.slice(0, 200)}`));
          seen = '';
        };
        socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: ${accept}\r\n\r\n`);
      });
    const times: number[] = [];
    for (const { requests } of images) {
      const startMs = performance.now();
      for (const [path, accept] of requests) await get(path, accept);
      times.push(performance.now() - startMs);
    }
    return times;
  } finally {
    socket.destroy();
  }
}
