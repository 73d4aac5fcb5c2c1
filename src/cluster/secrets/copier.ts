import type { Clock } from '../../time/clock.js';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import type { CopyGuard } from './copy-guard.js';
import { canBeReplaced, copyObject, standingOf, versionOfCopy, type SourceKey, type Standing } from './copy-object.js';
import { OnDemand } from '../on-demand.js';
import { credentialsVersion } from './credentials-version.js';
import { readSecret } from './read-secret.js';
import { removeCopy } from './remove-copy.js';
import { causeOf } from './trouble.js';

/** What became of one copy. */
export type CopyResult =
  /** `repaired`: somebody had put something else there. */
  | { readonly state: 'current'; readonly version: string; readonly wrote: boolean; readonly repaired?: true }
  /** A Secret that is not our copy, or differs from its source and cannot be put right. */
  | { readonly state: 'blocked'; readonly detail: string }
  /** There is no source; a copy that is there stays as it is. `version` is that of such a copy. */
  | { readonly state: 'sourceless'; readonly detail: string; readonly version: string | undefined }
  /** `lacking`: a look found that there is none. */
  | { readonly state: 'failed'; readonly detail: string; readonly lacking?: true };

/** What a look finds that is to be written. */
interface Due {
  readonly state: 'due';
  readonly source: SourceKey;
  /** The copy that is there. */
  readonly secret: JsonObject | undefined;
  readonly standing: Exclude<Standing, 'current'> | 'absent';
}

/** What a look without effects finds; `outdated` counts as current, with its own version. */
export type CopyLook = CopyResult | { readonly state: 'absent' | 'differs' };

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
  readonly guard: Pick<CopyGuard, 'refusal' | 'isOver'>;
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
      const found = await this.#look(namespace, mirror);
      if (found.state !== 'due') return found;
      const refusal = await this.#options.guard.refusal(mirror);
      if (refusal !== undefined) return this.#notWritten(namespace, mirror, found, refusal);
      try {
        await this.#write(namespace, mirror, found);
      } catch (error) {
        if (left > 1 && isApiError(error, 'Conflict', 'AlreadyExists', 'NotFound')) continue;
        return this.#notWritten(namespace, mirror, found, causeOfCopy(error));
      }
      return this.#written(namespace, mirror, found);
    }
  }

  /** Looks at a copy, and writes nothing. */
  async inspect(namespace: string, mirror: MirroredSecret): Promise<CopyLook> {
    const found = await this.#look(namespace, mirror);
    if (found.state !== 'due') return found;
    const { standing, secret } = found;
    const version = secret === undefined ? undefined : versionOfCopy(secret, mirror);
    if (standing === 'outdated' && version !== undefined) return { state: 'current', version, wrote: false };
    return { state: standing === 'differs' ? 'differs' : 'absent' };
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

  async #look(namespace: string, mirror: MirroredSecret): Promise<CopyResult | Due> {
    const { client, ownNamespace } = this.#options;
    const name = mirror.copy;
    try {
      const secret = await readSecret(client, namespace, name);
      const has = secret === undefined ? undefined : versionOfCopy(secret, mirror);
      if (secret !== undefined && has === undefined) {
        const detail = `Secret ${namespace}/${name} is not Outrider’s copy of ${ownNamespace}/${mirror.source.name}`;
        return { state: 'blocked', detail };
      }
      const source = await this.#sources.get(idOf(mirror), AbortSignal.timeout(requestMs));
      if (source === undefined) {
        const detail = `Secret ${ownNamespace}/${mirror.source.name}, to be mirrored, has no key ${mirror.source.key}`;
        return { state: 'sourceless', detail, version: has };
      }
      const standing = secret === undefined ? 'absent' : standingOf(secret, mirror, source);
      if (standing === 'current') return { state: 'current', version: source.version, wrote: false };
      return { state: 'due', source, secret, standing };
    } catch (error) {
      return { state: 'failed', detail: `Secret ${namespace}/${name} cannot be kept: ${causeOfCopy(error)}` };
    }
  }

  async #write(namespace: string, mirror: MirroredSecret, { source, secret: before }: Due): Promise<void> {
    const { client } = this.#options;
    const wanted = copyObject(mirror, namespace, source);
    const path = pathOf(resources.secrets, { namespace, name: mirror.copy });
    const { uid, resourceVersion } = objectOf(before?.['metadata']) ?? {};
    if (before !== undefined && canBeReplaced(before)) {
      const guarded = { ...wanted, metadata: { ...objectOf(wanted['metadata']), resourceVersion } };
      await client.replace(path, guarded, { timeoutMs: requestMs });
      return;
    }
    if (before !== undefined) {
      const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
      await client.delete(path, options, { timeoutMs: requestMs });
    }
    await client.create(pathOf(resources.secrets, { namespace }), wanted, { timeoutMs: requestMs });
  }

  async #written(namespace: string, mirror: MirroredSecret, { source, standing, secret }: Due): Promise<CopyResult> {
    const { client, guard } = this.#options;
    // What was there all the time has been seen by whoever removes copies.
    const isNew = secret === undefined || !canBeReplaced(secret);
    if (isNew && (await guard.isOver())) {
      await removeCopy(client, namespace, mirror, mirror.copy);
      return {
        state: 'failed',
        detail: `Secret ${namespace}/${mirror.copy} was removed: Outrider is paused`,
        lacking: true,
      };
    }
    const { version } = source;
    return { state: 'current', version, wrote: true, ...(standing === 'differs' ? { repaired: true } : {}) };
  }

  /** What was never the source's is given to no pod; what was is better than nothing. */
  #notWritten(namespace: string, { copy, source }: MirroredSecret, { standing }: Due, why: string): CopyResult {
    const secret = `Secret ${namespace}/${copy}`;
    const kept = `${secret} cannot be kept: ${why}`;
    if (standing === 'absent') return { state: 'failed', detail: kept, lacking: true };
    if (standing === 'outdated') return { state: 'failed', detail: kept };
    const of = `${this.#options.ownNamespace}/${source.name}`;
    return { state: 'blocked', detail: `${secret} differs from its source ${of}, and cannot be put right: ${why}` };
  }

  async #readSource(id: string): Promise<SourceKey | undefined> {
    const { client, ownNamespace } = this.#options;
    const { name, key } = sourceOf(id);
    const secret = await readSecret(client, ownNamespace, name);
    const version = secret === undefined ? undefined : credentialsVersion(secret, key);
    const value = stringOf(objectOf(secret?.['data'])?.[key]);
    const uid = stringOf(objectOf(secret?.['metadata'])?.['uid']) ?? '';
    return version === undefined || value === undefined ? undefined : { version, value, uid };
  }
}

function idOf({ source }: MirroredSecret): string {
  return `${source.name}/${source.key}`;
}

function sourceOf(id: string): MirroredSecret['source'] {
  const slash = id.indexOf('/');
  return { name: id.slice(0, slash), key: id.slice(slash + 1) };
}

function causeOfCopy(error: unknown): string {
  const cause = causeOf(error);
  return isApiError(error, 'Forbidden')
    ? `${cause}; its ServiceAccount must get, create, update and delete Secrets, and the namespace take them`
    : cause;
}
