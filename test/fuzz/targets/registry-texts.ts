import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettingsFile } from '../../../src/documents/configuration/settings-file.js';
import { readSettings, settingKeys } from '../../../src/settings/settings.js';
import { createCacheFile } from '../../../src/image/cache/file.js';
import { ImageCache, defaultCacheLimits } from '../../../src/image/cache/image-cache.js';
import { CacheCounter } from '../../../src/image/cache/counter.js';
import { parseDockerConfig } from '../../../src/image/credentials/docker-config.js';
import { parseImageConfig, parseManifest } from '../../../src/image/manifest.js';
import { formatReference, parseReference } from '../../../src/image/reference.js';
import { parseChallenges } from '../../../src/image/registry/challenge.js';
import { RegistryError } from '../../../src/image/types.js';
import { OutriderError } from '../../../src/model/error.js';
import { fakeClock, silent } from '../../image/fake-registry.js';
import { config, manifest, manifestType } from '../../image/registry/fake-registry.js';
import { must, type Target } from '../target.js';

const indexType = 'application/vnd.oci.image.index.v1+json';
const entry = { mediaType: manifestType, digest: `sha256:${'a'.repeat(64)}`, size: 5 };
const samples: readonly string[] = [
  config,
  manifest,
  JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, platform: { os: 'linux', architecture: 'arm64' } }] }),
  JSON.stringify({
    auths: { 'https://ghcr.io/v1/': { auth: 'bWU6c2VjcmV0' }, '*.example:5000': { identitytoken: 't' } },
  }),
  JSON.stringify({ version: 1, contents: [], hints: [['docker.io/library/app:1', entry.digest]] }),
  'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push", Basic realm="x\\"y"',
  'ghcr.io:443/acme/worker:3@sha256:' + 'b'.repeat(64),
  'logLevel: debug\nexcludedNamespaces: [a, b]\nmaxBodyBytes: 100\nimageRewrites: {a: b}\n',
];

/** What registries, docker and files of our own hand over as texts, each through every reader. */
export function texts(): Target {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-fuzz-'));
  const cacheFile = join(folder, 'cache.json');
  const file = createCacheFile({ path: cacheFile, limitBytes: 1_000_000, log: silent });
  return {
    name: 'texts',
    form: 'text',
    seeds: () => samples.map((text) => new TextEncoder().encode(text)),
    close: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
    async check(input) {
      const text = new TextDecoder().decode(input);
      const outcomes = [
        outcomeOf(() => parseImageConfig(input)),
        outcomeOf(() => parseManifest(manifestType, input)),
        outcomeOf(() => parseManifest(indexType, input)),
        outcomeOf(() => {
          const reference = parseReference(text.slice(0, 2_000));
          // A registry of one word is one by its capitals alone (`R/c`), and is written in lower case.
          if (!/[.:]|^localhost$/.test(reference.registry)) return;
          const again = parseReference(formatReference(reference));
          must(formatReference(again) === formatReference(reference), 'a reference in full reads as another one');
        }),
        outcomeOf(() => {
          const value = parseSettingsFile(text, 'settings.yaml');
          return readSettings({ flags: {}, env: {}, file: { name: 'settings.yaml', value } }, settingKeys);
        }),
      ];
      must(parseChallenges(text).length <= 16, 'more challenges than are read');
      parseDockerConfig(text, 'fuzz', 'json');
      parseDockerConfig(text, 'fuzz', 'legacy');
      writeFileSync(cacheFile, input);
      await file.load(
        new ImageCache({
          clock: fakeClock(),
          limits: defaultCacheLimits,
          counter: new CacheCounter(),
          random: () => 0,
        }),
      );
      return outcomes.join(' ');
    },
  };
}

/** `ok`, or why something is refused. */
function outcomeOf(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    if (error instanceof RegistryError) return error.reason;
    if (error instanceof OutriderError) return error.code;
    throw error;
  }
}
