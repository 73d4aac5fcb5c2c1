import { readFile, stat } from 'node:fs/promises';
import type {
  Credential,
  CredentialNote,
  CredentialRequest,
  CredentialSource,
  ImageLog,
  ImageReference,
} from '../types.js';
import { parseDockerConfig, unusedText, type DockerConfig } from './docker-config.js';
import { askHelper, type HelperOptions } from './helper.js';
import { isFor, Keyring } from './keyring.js';
import { isSystemError } from '../../model/system-error.js';

interface Loaded {
  readonly version: string;
  readonly config: DockerConfig;
  readonly keyring: Keyring;
}

/** Where a docker config is, and how to run its helpers. */
export interface DockerConfigOptions {
  /** Path of the file; it may be missing. */
  readonly path: string;
  readonly log: ImageLog;
  readonly helper?: HelperOptions;
}

const source = 'docker config';

/**
 * Credentials from a docker config file, mounted or a user's own. It is read again when it has changed. The helper for the
 * registry in `credHelpers` comes first, then the file's own entries, then the `credsStore`, which is used for any registry.
 */
export class DockerConfigSource implements CredentialSource {
  readonly #path: string;
  readonly #log: ImageLog;
  readonly #helper: HelperOptions;
  #loaded: Loaded | undefined;

  constructor({ path, log, helper = {} }: DockerConfigOptions) {
    this.#path = path;
    this.#log = log;
    this.#helper = helper;
  }

  async credentials(
    { registry, repository }: ImageReference,
    _request: CredentialRequest,
    signal: AbortSignal,
    note?: CredentialNote,
  ): Promise<readonly Credential[]> {
    await this.#load();
    if (this.#loaded === undefined) return [];
    const { config, keyring } = this.#loaded;
    const host = helperHosts(registry).find((name) => Object.hasOwn(config.credHelpers, name));
    const named = host === undefined ? undefined : config.credHelpers[host];
    const first = host === undefined || named === undefined ? [] : await this.#ask(named, host, signal);
    const own = keyring.find(`${registry}/${repository}`);
    const store =
      config.credsStore === undefined || named !== undefined
        ? []
        : await this.#ask(config.credsStore, helperHosts(registry)[0] ?? registry, signal);
    const found = [...first, ...own, ...store];
    for (const { place, why, isEmpty } of config.unused) {
      if (place === undefined || (isEmpty && found.length > 0)) continue;
      if (isFor(place, `${registry}/${repository}`)) note?.(`${source}, entry ${place} (${why})`);
    }
    return found;
  }

  /** Reads the file if it has changed. If it cannot be read, nothing changes; if it is gone, its credentials go too. */
  async #load(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const version = `${mtimeMs}/${size}/${ino}`;
      if (this.#loaded?.version === version) return;
      const config = parseDockerConfig(await readFile(this.#path, 'utf8'), source, 'json');
      if (config === undefined) {
        this.#log.warn(
          { path: this.#path },
          'The docker config is not a JSON object; what was read from it before stays.',
        );
        return;
      }
      this.#loaded = { version, config, keyring: new Keyring(config.entries) };
      this.#sayUnused(config);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) this.#loaded = undefined;
      else this.#log.warn({ path: this.#path, err: error }, 'The docker config cannot be read.');
    }
  }

  /** Docker leaves an entry empty if a helper keeps its credential. Do not report it. */
  #sayUnused({ unused, credsStore, credHelpers }: DockerConfig): void {
    const hasHelper = credsStore !== undefined || Object.keys(credHelpers).length > 0;
    const said = unused.filter(({ isEmpty }) => !isEmpty || !hasHelper);
    if (said.length === 0) return;
    this.#log.warn({ path: this.#path, entries: unusedText(said) }, 'Entries of the docker config are not used.');
  }

  async #ask(name: string, server: string, signal: AbortSignal): Promise<readonly Credential[]> {
    try {
      const credential = await askHelper(name, server, source, signal, this.#helper);
      return credential === undefined ? [] : [credential];
    } catch (error) {
      // The helper's output is not logged: it may be a secret.
      const problem = error instanceof Error ? error.name : 'unknown';
      this.#log.warn({ helper: name, server, problem }, 'A credential helper failed.');
      return [];
    }
  }
}

/** Names under which a registry may be in `credHelpers`; Docker Hub has an old one. */
function helperHosts(registry: string): readonly string[] {
  return registry === 'docker.io' ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'] : [registry];
}
