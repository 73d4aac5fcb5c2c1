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

/** The result for one copy. */
export type CopyResult =
  /** `repaired`: the copy had been changed. */
  | { readonly state: 'current'; readonly version: string; readonly wrote: boolean; readonly repaired?: true }
  /** A Secret that is not our copy, or differs from its source and cannot be repaired. */
  | { readonly state: 'blocked'; readonly detail: string }
  /** There is no source. An existing copy stays as it is, and `version` is its version. */
  | { readonly state: 'sourceless'; readonly detail: string; readonly version: string | undefined }
  /** `lacking`: a look found no copy. */
  | { readonly state: 'failed'; readonly detail: string; readonly lacking?: true };

/** The work that a look found. */
interface Due {
  readonly state: 'due';
  readonly source: SourceKey;
  /** The existing copy. */
  readonly secret: JsonObject | undefined;
  readonly standing: Exclude<Standing, 'current'> | 'absent';
}

/** The result of a look without effects. `outdated` counts as current, with its own version. */
export type CopyLook = CopyResult | { readonly state: 'absent' | 'differs' };

const requestMs = 5_000;
const sourceFreshMs = 60_000;
const sourceMissingMs = 5_000;
// Another writer can come between reading and writing. After three failures, the copy waits for the next look.
const attempts = 3;

/** What is needed to make copies. */
export interface CopierOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Where the sources are. */
  readonly ownNamespace: string;
  readonly guard: Pick<CopyGuard, 'refusal' | 'isOver'>;
}

/** Writes copies of Secrets. No method throws for the API server's errors, and no text contains a value. */
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

  /** Makes or repairs a copy. */
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

  /** Looks at a copy without writing. */
  async inspect(namespace: string, mirror: MirroredSecret): Promise<CopyLook> {
    const found = await this.#look(namespace, mirror);
    if (found.state !== 'due') return found;
    const { standing, secret } = found;
    const version = secret === undefined ? undefined : versionOfCopy(secret, mirror);
    if (standing === 'outdated' && version !== undefined) return { state: 'current', version, wrote: false };
    return { state: standing === 'differs' ? 'differs' : 'absent' };
  }

  /**
   * Reads a source again. Returns its version, `undefined` if it does not exist, or the known version if there is no answer.
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
        return { state: 'sourceless', detail: sourceless(ownNamespace, mirror), version: has };
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
    if (before !== undefined && canBeReplaced(before, mirror)) {
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
    // The part that removes copies has already seen a copy that existed all the time.
    const isNew = secret === undefined || !canBeReplaced(secret, mirror);
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

  /** A value that was never the source's is given to no pod. One that was is better than none. */
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
    const { name, key, type } = sourceOf(id);
    const secret = await readSecret(client, ownNamespace, name);
    // A Secret that is not a pull secret is never copied as one, because it could hold any key.
    if (type !== 'Opaque' && secret?.['type'] !== type) return undefined;
    const version = secret === undefined ? undefined : credentialsVersion(secret, key);
    const value = stringOf(objectOf(secret?.['data'])?.[key]);
    const uid = stringOf(objectOf(secret?.['metadata'])?.['uid']) ?? '';
    return version === undefined || value === undefined ? undefined : { version, value, uid };
  }
}

function idOf({ source, type }: MirroredSecret): string {
  return `${source.name}/${source.key}/${type}`;
}

function sourceOf(id: string): { readonly name: string; readonly key: string; readonly type: string } {
  const [name = '', key = '', ...type] = id.split('/');
  return { name, key, type: type.join('/') };
}

function sourceless(ownNamespace: string, { source, type }: MirroredSecret): string {
  const secret = `Secret ${ownNamespace}/${source.name}, to be mirrored,`;
  return type === 'Opaque' ? `${secret} has no key ${source.key}` : `${secret} is not there, or not of type ${type}`;
}

function causeOfCopy(error: unknown): string {
  const cause = causeOf(error);
  return isApiError(error, 'Forbidden')
    ? `${cause}; its ServiceAccount must get, create, update and delete Secrets, and the namespace take them`
    : cause;
}
