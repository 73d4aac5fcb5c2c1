import type { Credentials, Engine, SecretState } from '../../engine/engine.js';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { Clock } from '../../time/clock.js';
import { SharedCalls } from '../../time/shared-calls.js';
import type { ApiClient } from '../client/api-client.js';
import type { Logger } from '../../observe/logger.js';
import { isApiError } from '../client/api-error.js';
import { isObjectName } from '../../model/object-name.js';
import { pathOf, resources } from '../client/resources.js';
import { marksOf, policyLabel } from './copy-object.js';
import { Copier, type CopierOptions, type CopyLook } from './copier.js';
import { OnDemand } from '../on-demand.js';
import { credentialsVersion } from './credentials-version.js';

/** What is known about one key of one Secret. Never its value. */
export interface KnownKey {
  /** Whether the Secret exists, with any keys. */
  readonly found: boolean;
  readonly hasKey: boolean;
  /** For the pod's record. */
  readonly version: string | undefined;
  /** `policyLabel` of the policy whose copy it is, if it carries our marks. */
  readonly copyOf: string | undefined;
  /** If it was tried: why a copy could not be made, or is not ours. */
  readonly trouble?: string | undefined;
}

/** What the credentials need. */
export interface CredentialsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Where the sources of copies are. */
  readonly ownNamespace: string;
  readonly guard: CopierOptions['guard'];
  readonly log: Logger;
}

const presentMs = 30_000;
const troubleMs = 5_000;
const failureMs = 10_000;
const requestMs = 5_000;
// How long a pod may be delayed for its Secret.
const lookMs = 1_000;
const makeMs = 2_000;
const mostEntries = 20_000;

/**
 * What is known about access keys, for the engine, and shared with the leader's part. A key that was found counts as
 * present, and is looked at again in the background after half a minute. A missing key is looked up for every pod: someone
 * who applies a namespace, its Secret and a workload at once may have made the Secret since the leader looked. So a pod
 * whose Secret exists waits for no I/O. The reason why a copy could not be made is kept for 5 s. If Secrets cannot be read,
 * everything is `unknown`, and pods are instrumented.
 */
export class ClusterCredentials {
  readonly copier: Copier;
  readonly #keys: OnDemand<KnownKey>;
  readonly #log: Logger;
  readonly #making = new SharedCalls<void>({ whenLeft: 'goOn' });

  constructor(options: CredentialsOptions) {
    const { client, clock, log } = options;
    this.copier = new Copier(options);
    this.#log = log;
    this.#keys = new OnDemand<KnownKey>({
      read: (id) => readKey(client, parseId(id)),
      freshMs: ({ hasKey, trouble }) => (hasKey ? presentMs : trouble === undefined ? 0 : troubleMs),
      failureMs,
      maxEntries: mostEntries,
      clock,
    });
  }

  /** For the engine. Can be passed on as it is. */
  readonly secretState: Engine['secretState'] = (namespace, name, key, mirrorOf) => {
    const one = this.#known(namespace, name, key);
    if (one === undefined) return 'unknown';
    if (mirrorOf === undefined) return one.hasKey ? 'present' : 'missing';
    if (one.found && one.copyOf !== policyLabel(mirrorOf)) return 'blocked';
    if (one.hasKey) return 'present';
    // A copy that was not attempted yet does not count as missing.
    return one.trouble === undefined ? 'unknown' : 'missing';
  };

  /** For `Engine.credentials`. */
  readonly ahead: Credentials = {
    prepare: (namespace, { recipe, mirror, pullMirrors }, effects, signal) => {
      const key = recipe.credentials;
      const ofKey = key && this.#prepareKey(namespace, key, mirror, effects, signal);
      if (pullMirrors.length === 0) return ofKey;
      const waits = pullMirrors.flatMap((pull) => this.#prepareCopy(namespace, pull, effects, signal) ?? []);
      return waits.length === 0 ? ofKey : Promise.all([ofKey, ...waits]).then(ignore);
    },
    detail: (namespace, name, key) => this.#known(namespace, name, key)?.trouble,
    version: (namespace, name, key) => this.#known(namespace, name, key)?.version,
  };

  /** Looks at a key now. @throws ApiError; `WaitEnded` when the signal aborts */
  check(namespace: string, name: string, key: string, signal: AbortSignal): Promise<KnownKey> {
    return this.#keys.refresh(idOf(namespace, name, key), signal);
  }

  /** Looks at a copy now, and compares it with its source. Writes nothing, and never rejects. */
  async inspect(namespace: string, mirror: MirroredSecret): Promise<void> {
    this.learn(namespace, mirror, await this.copier.inspect(namespace, mirror));
  }

  /** Takes over the result of writing or looking at a copy. */
  learn(namespace: string, { policy, source, copy }: MirroredSecret, result: CopyLook): void {
    const before = this.secretState(namespace, copy, source.key, policy);
    const id = idOf(namespace, copy, source.key);
    const known = this.#known(namespace, copy, source.key);
    if (known !== undefined && tellsNothing(result, before)) {
      this.#keys.put(id, known);
      return;
    }
    this.#say({ namespace, copy, policy }, before, result);
    this.#keys.put(id, knownOf(policyLabel(policy), result));
  }

  #prepareKey(
    namespace: string,
    { name, key }: { readonly name: string; readonly key: string },
    mirror: MirroredSecret | undefined,
    effects: boolean,
    signal: () => AbortSignal,
  ): Promise<void> | undefined {
    if (mirror !== undefined) return this.#prepareCopy(namespace, mirror, effects, signal);
    const id = idOf(namespace, name, key);
    if (this.secretState(namespace, name, key) !== 'present') return this.#look(id, signal);
    if (!this.#keys.isFresh(id)) this.#lookAgain(id);
    return undefined;
  }

  #prepareCopy(
    namespace: string,
    mirror: MirroredSecret,
    effects: boolean,
    signal: () => AbortSignal,
  ): Promise<void> | undefined {
    const { copy, policy, source } = mirror;
    const isPresent = this.secretState(namespace, copy, source.key, policy) === 'present';
    if (isPresent && this.#keys.isFresh(idOf(namespace, copy, source.key))) return undefined;
    const done = effects ? this.#make(namespace, mirror, signal) : this.#inspectFor(namespace, mirror, signal);
    // A copy that existed is looked at in the background.
    return isPresent ? undefined : done;
  }

  #say(about: object, before: SecretState, result: CopyLook): void {
    if (result.state === 'blocked' && before !== 'blocked') this.#log.warn(about, result.detail);
    if (result.state === 'current' && result.repaired === true) {
      this.#log.warn(about, 'a mirrored Secret differed from its source; it was put right');
    }
  }

  #known(namespace: string, name: string, key: string): KnownKey | undefined {
    return this.#keys.peek(idOf(namespace, name, key))?.value;
  }

  /** In the background. */
  #lookAgain(id: string): void {
    this.#keys.refresh(id, AbortSignal.timeout(requestMs)).catch(ignore);
  }

  #look(id: string, signal: () => AbortSignal): Promise<void> | undefined {
    if (this.#keys.isFresh(id)) return undefined;
    const limited = AbortSignal.any([signal(), AbortSignal.timeout(lookMs)]);
    return this.#keys.get(id, limited).then(ignore, ignore);
  }

  /** Without effects: what could be repaired counts as unknown. */
  #inspectFor(namespace: string, mirror: MirroredSecret, signal: () => AbortSignal): Promise<void> | undefined {
    const id = idOf(namespace, mirror.copy, mirror.source.key);
    if (this.#keys.isFresh(id)) return undefined;
    const limited = AbortSignal.any([signal(), AbortSignal.timeout(lookMs)]);
    return this.#making.run(`${id} look`, limited, () => this.inspect(namespace, mirror)).catch(ignore);
  }

  /** Makes a copy. Pods share one attempt, which continues after they stop waiting. */
  #make(namespace: string, mirror: MirroredSecret, signal: () => AbortSignal): Promise<void> | undefined {
    const { copy, policy, source } = mirror;
    const id = idOf(namespace, copy, source.key);
    if (this.#keys.isFresh(id) && this.#known(namespace, copy, source.key)?.trouble !== undefined) return undefined;
    const limited = AbortSignal.any([signal(), AbortSignal.timeout(makeMs)]);
    const make = async (): Promise<void> => this.learn(namespace, mirror, await this.copier.ensure(namespace, mirror));
    return this.#making.run(id, limited, make).catch(() => {
      // The attempt continues; this pod does not wait for it.
      if (this.secretState(namespace, copy, source.key, policy) === 'present') return;
      this.learn(namespace, mirror, { state: 'failed', detail: `Secret ${namespace}/${copy} was not made in time` });
    });
  }
}

/** Whether what was known about a copy still counts. */
function tellsNothing(result: CopyLook, before: SecretState): boolean {
  // A missing answer does not mean that a copy, or what is in its place, is gone.
  if (result.state === 'failed') return result.lacking !== true && (before === 'present' || before === 'blocked');
  // Only an attempt shows whether a difference can be repaired.
  return result.state === 'differs' && before === 'blocked';
}

const ignore = (): void => undefined;
const nothing: KnownKey = { found: false, hasKey: false, version: undefined, copyOf: undefined };

function knownOf(copyOf: string, result: CopyLook): KnownKey {
  switch (result.state) {
    case 'absent':
    case 'differs':
      return nothing;
    case 'current':
      return { found: true, hasKey: true, version: result.version, copyOf };
    case 'sourceless':
      return result.version === undefined
        ? { ...nothing, trouble: result.detail }
        : { found: true, hasKey: true, version: result.version, copyOf };
    case 'blocked':
      return { ...nothing, found: true, trouble: result.detail };
    case 'failed':
      return { ...nothing, trouble: result.detail };
  }
}

interface KeyName {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

function idOf(namespace: string, name: string, key: string): string {
  return `${namespace}/${name}/${key}`;
}

function parseId(id: string): KeyName {
  const [namespace = '', name = '', key = ''] = id.split('/');
  return { namespace, name, key };
}

async function readKey(client: ApiClient, { namespace, name, key }: KeyName): Promise<KnownKey> {
  if (!isObjectName(namespace) || !isObjectName(name)) return nothing;
  try {
    const secret = await client.get(pathOf(resources.secrets, { namespace, name }), { timeoutMs: requestMs });
    const version = credentialsVersion(secret, key);
    const marks = marksOf(secret);
    return { found: true, hasKey: version !== undefined, version: marks?.version ?? version, copyOf: marks?.copyOf };
  } catch (error) {
    if (isApiError(error, 'NotFound')) return nothing;
    throw error;
  }
}
