import type { Clock } from '../../time/clock.js';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { copyObject, isCurrent, versionOfCopy, type SourceKey } from './copy-object.js';
import { OnDemand } from '../on-demand.js';
import { credentialsVersion } from './credentials-version.js';

/** What became of one copy. */
export type CopyResult =
  | { readonly state: 'current'; readonly version: string; readonly wrote: boolean }
  /** Somebody else's Secret stands there; it was not touched. */
  | { readonly state: 'blocked'; readonly detail: string }
  /** There is no source; a copy that is there stays as it is. `version` is that of such a copy. */
  | { readonly state: 'sourceless'; readonly detail: string; readonly version: string | undefined }
  | { readonly state: 'failed'; readonly detail: string };

const requestMs = 5_000;
const sourceFreshMs = 60_000;
const sourceMissingMs = 5_000;
// Another writer can come between reading and writing; what fails three times waits for the next look.
const attempts = 3;

/** What copies are made with. */
export interface CopierOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Where the sources are. */
  readonly ownNamespace: string;
}

/** Writes copies of Secrets. No method throws for what the API server does, and no text holds a value. */
export class Copier {
  readonly #options: CopierOptions;
  readonly #sources: OnDemand<SourceKey | undefined>;

  constructor(options: CopierOptions) {
    this.#options = options;
    this.#sources = new OnDemand<SourceKey | undefined>({
      read: (id) => this.#readSource(id),
      freshMs: (source) => (source === undefined ? sourceMissingMs : sourceFreshMs),
      failureMs: sourceMissingMs,
      maxEntries: 1_000,
      clock: options.clock,
    });
  }

  /** Makes a copy, or puts it right. */
  async ensure(namespace: string, mirror: MirroredSecret): Promise<CopyResult> {
    for (let left = attempts; ; left--) {
      try {
        return await this.#attempt(namespace, mirror);
      } catch (error) {
        if (left > 1 && isApiError(error, 'Conflict', 'AlreadyExists', 'NotFound')) continue;
        return { state: 'failed', detail: `Secret ${namespace}/${mirror.copy} cannot be kept: ${causeOf(error)}` };
      }
    }
  }

  /**
   * Reads a source again. Returns its version, `undefined` when it is not there, or what is known when there is no
   * answer.
   */
  async refreshSource(mirror: MirroredSecret, signal: AbortSignal): Promise<string | undefined> {
    const id = idOf(mirror);
    const source = await this.#sources.refresh(id, signal).catch(() => this.#sources.peek(id)?.value);
    return source?.version;
  }

  async #attempt(namespace: string, mirror: MirroredSecret): Promise<CopyResult> {
    const { client, ownNamespace } = this.#options;
    const name = mirror.copy;
    const secret = await readSecret(client, namespace, name);
    const has = secret === undefined ? undefined : versionOfCopy(secret, mirror.policy);
    if (secret !== undefined && has === undefined) {
      const detail = `Secret ${namespace}/${name} is not Outrider’s copy of ${ownNamespace}/${mirror.source.name}`;
      return { state: 'blocked', detail };
    }
    const source = await this.#sources.get(idOf(mirror), AbortSignal.timeout(requestMs));
    if (source === undefined) {
      const detail = `Secret ${ownNamespace}/${mirror.source.name}, to be mirrored, has no key ${mirror.source.key}`;
      return { state: 'sourceless', detail, version: has };
    }
    const wrote = secret === undefined || !isCurrent(secret, mirror, source);
    if (wrote) await this.#write(namespace, mirror, source, secret);
    return { state: 'current', version: source.version, wrote };
  }

  async #write(
    namespace: string,
    mirror: MirroredSecret,
    source: SourceKey,
    before: JsonObject | undefined,
  ): Promise<void> {
    const { client } = this.#options;
    const wanted = copyObject(mirror, namespace, source);
    if (before === undefined) {
      await client.create(pathOf(resources.secrets, { namespace }), wanted, { timeoutMs: requestMs });
      return;
    }
    const resourceVersion = objectOf(before['metadata'])?.['resourceVersion'];
    await client.replace(
      pathOf(resources.secrets, { namespace, name: mirror.copy }),
      { ...wanted, metadata: { ...objectOf(wanted['metadata']), resourceVersion } },
      { timeoutMs: requestMs },
    );
  }

  async #readSource(id: string): Promise<SourceKey | undefined> {
    const { client, ownNamespace } = this.#options;
    const { name, key } = sourceOf(id);
    const secret = await readSecret(client, ownNamespace, name);
    const version = secret === undefined ? undefined : credentialsVersion(secret, key);
    const value = stringOf(objectOf(secret?.['data'])?.[key]);
    return version === undefined || value === undefined ? undefined : { version, value };
  }
}

/** A Secret; `undefined` when it is not there. @throws ApiError */
export async function readSecret(client: ApiClient, namespace: string, name: string): Promise<JsonObject | undefined> {
  try {
    return await client.get(pathOf(resources.secrets, { namespace, name }), { timeoutMs: requestMs });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function idOf({ source }: MirroredSecret): string {
  return `${source.name}/${source.key}`;
}

function sourceOf(id: string): MirroredSecret['source'] {
  const slash = id.indexOf('/');
  return { name: id.slice(0, slash), key: id.slice(slash + 1) };
}

/** The API's own word: its sentence could quote what was sent. */
function causeOf(error: unknown): string {
  if (!isApiError(error)) return 'the API server did not answer in time';
  if (error.reason === 'Forbidden') {
    return 'the API server forbids it; its ServiceAccount must get, create and update Secrets, and the namespace take them';
  }
  return error.status === 0
    ? 'the API server does not answer'
    : `the API server answers ${error.status} (${error.reason})`;
}
