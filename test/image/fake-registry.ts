import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  RegistryError,
  type Credential,
  type Descriptor,
  type ImageReference,
  type Manifest,
  type RegistryClient,
} from '../../src/image/types.js';
import type { Clock } from '../../src/time/clock.js';

/** A clock that is moved by hand. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
  /** Moves the computer's date alone, as an administrator or NTP does. */
  setWall(ms: number): void;
}

export function fakeClock(): FakeClock {
  let monotonic = 1_000;
  let wall = Date.UTC(2026, 0, 1);
  return {
    monotonicMs: () => monotonic,
    wallMs: () => wall,
    advance(ms) {
      monotonic += ms;
      wall += ms;
    },
    setWall(ms) {
      wall = ms;
    },
  };
}

export const silent = { warn: () => undefined };
export const forever = new AbortController().signal;
setMaxListeners(0, forever);

export interface FakeImage {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
}

interface Repository {
  readonly tags: Map<string, string>;
  readonly manifests: Map<string, Manifest>;
  readonly blobs: Map<string, Uint8Array>;
  /** Fingerprints that may read; `undefined` for everyone. */
  readers: Set<string> | undefined;
}

export interface FakeRegistry {
  readonly client: RegistryClient;
  readonly counts: { head: number; manifest: number; blob: number };
  total(): number;
  push(name: string, tag: string, image: FakeImage): string;
  pushIndex(name: string, tag: string, images: readonly FakeImage[], drop?: readonly string[]): string;
  pushRaw(name: string, tag: string, mediaType: string, text: string): string;
  allow(name: string, ...fingerprints: readonly string[]): void;
  /** Every question fails with this until it is taken back. */
  fail(make: (() => RegistryError) | undefined): void;
  /** Questions wait until the returned function is called. */
  hold(): () => void;
  headGivesNoDigest: boolean;
  /** Every credential that was used, in order. */
  readonly used: string[];
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';

/** A registry in memory, with the client's interface; `name` is registry and repository, `docker.io/library/app`. */
export function fakeRegistry(): FakeRegistry {
  const repositories = new Map<string, Repository>();
  const counts = { head: 0, manifest: 0, blob: 0 };
  const used: string[] = [];
  let failing: (() => RegistryError) | undefined;
  let gate: Promise<void> = Promise.resolve();

  function repository(name: string): Repository {
    let found = repositories.get(name);
    if (found === undefined) {
      found = { tags: new Map(), manifests: new Map(), blobs: new Map(), readers: undefined };
      repositories.set(name, found);
    }
    return found;
  }

  function put(name: string, mediaType: string, text: string): Manifest {
    const bytes = Buffer.from(text);
    const manifest = { mediaType, bytes, size: bytes.length, digest: digestOf(bytes) };
    repository(name).manifests.set(manifest.digest, manifest);
    return manifest;
  }

  function putImage(name: string, image: FakeImage): Manifest {
    const { entrypoint, cmd, os = 'linux', architecture = 'amd64', variant } = image;
    const text = JSON.stringify({ os, architecture, variant, config: { Entrypoint: entrypoint, Cmd: cmd } });
    const bytes = Buffer.from(text);
    const digest = digestOf(bytes);
    repository(name).blobs.set(digest, bytes);
    const config = { mediaType: configType, digest, size: bytes.length };
    return put(name, manifestType, JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [] }));
  }

  async function enter(
    reference: ImageReference,
    { fingerprint, source }: Credential,
    signal: AbortSignal,
  ): Promise<Repository> {
    used.push(source);
    await Promise.race([
      gate,
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    ]);
    if (signal.aborted) throw new RegistryError('lookup_timeout', 'aborted');
    if (failing !== undefined) throw failing();
    const found = repositories.get(`${reference.registry}/${reference.repository}`);
    if (found === undefined)
      throw new RegistryError('image_not_found', 'no', { status: 404, registryCode: 'NAME_UNKNOWN' });
    if (found.readers !== undefined && !found.readers.has(fingerprint)) {
      throw new RegistryError('image_unauthorized', 'no', { status: 401, registryCode: 'UNAUTHORIZED' });
    }
    return found;
  }

  function find(repository: Repository, reference: ImageReference): Manifest {
    const digest = reference.digest ?? repository.tags.get(reference.tag ?? 'latest');
    const manifest = digest === undefined ? undefined : repository.manifests.get(digest);
    if (manifest === undefined) {
      throw new RegistryError('image_not_found', 'no', { status: 404, registryCode: 'MANIFEST_UNKNOWN' });
    }
    return manifest;
  }

  const registry: FakeRegistry = {
    counts,
    used,
    headGivesNoDigest: false,
    total: () => counts.head + counts.manifest + counts.blob,
    client: {
      async head(reference, credential, signal): Promise<Descriptor | undefined> {
        counts.head += 1;
        const { mediaType, digest, size } = find(await enter(reference, credential, signal), reference);
        return registry.headGivesNoDigest ? undefined : { mediaType, digest, size };
      },
      async manifest(reference, credential, signal) {
        counts.manifest += 1;
        return find(await enter(reference, credential, signal), reference);
      },
      async blob(reference, digest, _limit, credential, signal) {
        counts.blob += 1;
        const bytes = (await enter(reference, credential, signal)).blobs.get(digest);
        if (bytes === undefined) throw new RegistryError('image_not_found', 'no', { status: 404 });
        return bytes;
      },
    },
    push(name, tag, image) {
      const { digest } = putImage(name, image);
      repository(name).tags.set(tag, digest);
      return digest;
    },
    pushIndex(name, tag, images, drop = []) {
      const manifests = images.map((image) => {
        const { mediaType, digest, size } = putImage(name, image);
        const { os = 'linux', architecture = 'amd64', variant } = image;
        if (drop.includes(architecture)) repository(name).manifests.delete(digest);
        return { mediaType, digest, size, platform: { os, architecture, variant } };
      });
      const { digest } = put(name, indexType, JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
      repository(name).tags.set(tag, digest);
      return digest;
    },
    pushRaw(name, tag, mediaType, text) {
      const { digest } = put(name, mediaType, text);
      repository(name).tags.set(tag, digest);
      return digest;
    },
    allow(name, ...fingerprints) {
      repository(name).readers = new Set(fingerprints);
    },
    fail(make) {
      failing = make;
    },
    hold() {
      let open = (): void => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => open();
    },
  };
  return registry;
}
