import { readFile, stat } from 'node:fs/promises';
import type { ImageLog } from '../log.js';
import type { Credential, CredentialSource, ImageReference } from '../types.js';
import { parseDockerConfig, type DockerConfig } from './docker-config.js';
import { askHelper, type HelperOptions } from './helper.js';
import { createKeyring, type Keyring } from './keyring.js';

interface Loaded {
  readonly version: string;
  readonly config: DockerConfig;
  readonly keyring: Keyring;
}

/** Names under which a registry may stand in `credHelpers`; Docker Hub has an old one. */
function helperHosts(registry: string): readonly string[] {
  return registry === 'docker.io' ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'] : [registry];
}

/**
 * Credentials from a docker config file, mounted or a user's own. It is read again when it has changed. A helper that
 * is named for the registry in `credHelpers` is asked first, then the file's own entries, then the `credsStore`, which
 * is asked for any registry.
 *
 * @param options `path` of the file; it may be missing.
 */
export function createDockerConfigSource(options: {
  readonly path: string;
  readonly log: ImageLog;
  readonly helper?: HelperOptions;
}): CredentialSource {
  const { path, log, helper = {} } = options;
  const source = 'docker config';
  let loaded: Loaded | undefined;

  async function load(): Promise<Loaded | undefined> {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const version = `${mtimeMs}/${size}/${ino}`;
      if (loaded?.version === version) return loaded;
      const config = parseDockerConfig(await readFile(path, 'utf8'), source, 'json');
      if (config === undefined) {
        log.warn({ path }, 'The docker config is not a JSON object; what was read from it before stays.');
        return loaded;
      }
      loaded = { version, config, keyring: createKeyring(config.entries) };
      return loaded;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') loaded = undefined;
      else log.warn({ path, err: error }, 'The docker config cannot be read.');
      return loaded;
    }
  }

  async function ask(name: string, server: string, signal: AbortSignal): Promise<readonly Credential[]> {
    try {
      const credential = await askHelper(name, server, source, signal, helper);
      return credential === undefined ? [] : [credential];
    } catch (error) {
      // The helper's output is not logged: it may be a secret.
      log.warn(
        { helper: name, server, problem: error instanceof Error ? error.name : 'unknown' },
        'A credential helper failed.',
      );
      return [];
    }
  }

  return {
    async credentials({ registry, repository }: ImageReference, _request, signal) {
      const now = await load();
      if (now === undefined) return [];
      const { config, keyring } = now;
      const host = helperHosts(registry).find((name) => Object.hasOwn(config.credHelpers, name));
      const named = host === undefined ? undefined : config.credHelpers[host];
      const first = host === undefined || named === undefined ? [] : await ask(named, host, signal);
      const own = keyring.find(`${registry}/${repository}`);
      const store =
        config.credsStore === undefined || named !== undefined
          ? []
          : await ask(config.credsStore, helperHosts(registry)[0] ?? registry, signal);
      return [...first, ...own, ...store];
    },
  };
}
