import type { Credentials, Engine } from '../../engine/engine.js';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { Clock } from '../../time/clock.js';
import { SharedCalls } from '../../time/shared-calls.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { isObjectName } from '../../model/object-name.js';
import { pathOf, resources } from '../client/resources.js';
import { marksOf, policyLabel } from './copy-object.js';
import { Copier, type CopyResult } from './copier.js';
import { OnDemand } from '../on-demand.js';
import { credentialsVersion } from './credentials-version.js';

/** What is known of one key of one Secret. Never its value. */
export interface KnownKey {
  /** Whether the Secret is there, with whatever keys. */
  readonly found: boolean;
  readonly hasKey: boolean;
  /** For the pod's record. */
  readonly version: string | undefined;
  /** `policyLabel` of the policy whose copy it is, where it carries our marks. */
  readonly copyOf: string | undefined;
  /** Why a copy could not be made, or is not ours, when that was tried. */
  readonly trouble?: string | undefined;
}

/** What the credentials work with. */
export interface CredentialsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Where the sources of copies are. */
  readonly ownNamespace: string;
}

const presentMs = 30_000;
const troubleMs = 5_000;
const failureMs = 10_000;
const requestMs = 5_000;
// How long a pod is held up for its Secret's sake.
const lookMs = 1_000;
const makeMs = 2_000;
const mostEntries = 20_000;

/**
 * What the engine asks of access keys, and what the leader's part shares with it. A key that was found counts as there,
 * and is looked at again in the background after half a minute. A missing one is asked for at every pod: somebody who
 * applies a namespace, its Secret and a workload at once may have made the Secret since the leader looked. So a pod
 * whose Secret is there waits for no I/O. Why a copy could not be made is believed for 5 s. Where Secrets may not be
 * read, everything is `unknown`, and pods are instrumented.
 */
export class ClusterCredentials {
  readonly copier: Copier;
  readonly #keys: OnDemand<KnownKey>;
  readonly #making = new SharedCalls<void>({ whenLeft: 'goOn' });

  constructor({ client, clock, ownNamespace }: CredentialsOptions) {
    this.copier = new Copier({ client, clock, ownNamespace });
    this.#keys = new OnDemand<KnownKey>({
      read: (id) => readKey(client, parseId(id)),
      freshMs: ({ hasKey, trouble }) => (hasKey ? presentMs : trouble === undefined ? 0 : troubleMs),
      failureMs,
      maxEntries: mostEntries,
      clock,
    });
  }

  /** For the engine. Can be handed on as it is. */
  readonly secretState: Engine['secretState'] = (namespace, name, key, mirrorOf) => {
    const one = this.#known(namespace, name, key);
    if (one === undefined) return 'unknown';
    if (mirrorOf === undefined) return one.hasKey ? 'present' : 'missing';
    if (one.found && one.copyOf !== policyLabel(mirrorOf)) return 'blocked';
    if (one.hasKey) return 'present';
    // A copy that nobody tried to make yet is not missing.
    return one.trouble === undefined ? 'unknown' : 'missing';
  };

  /** For `Engine.credentials`. */
  readonly ahead: Credentials = {
    prepare: (namespace, { recipe, mirror }, effects, signal) => {
      if (recipe.credentials === undefined) return undefined;
      const { name, key } = recipe.credentials;
      if (this.secretState(namespace, name, key, mirror?.policy) === 'present') {
        this.#lookAgain(idOf(namespace, name, key));
        return undefined;
      }
      return mirror === undefined || !effects
        ? this.#look(idOf(namespace, name, key), signal)
        : this.#make(namespace, mirror, signal);
    },
    detail: (namespace, name, key) => this.#known(namespace, name, key)?.trouble,
    version: (namespace, name, key) => this.#known(namespace, name, key)?.version,
  };

  /** Looks at a key now. @throws ApiError; `WaitEnded` when the signal aborts */
  check(namespace: string, name: string, key: string, signal: AbortSignal): Promise<KnownKey> {
    return this.#keys.refresh(idOf(namespace, name, key), signal);
  }

  /** Takes over what became of a copy. */
  learn(namespace: string, { policy, source, copy }: MirroredSecret, result: CopyResult): void {
    // A copy that was there is not gone because the API server did not answer.
    const kept = result.state === 'failed' && this.secretState(namespace, copy, source.key, policy) === 'present';
    if (!kept) this.#keys.put(idOf(namespace, copy, source.key), knownOf(policyLabel(policy), result));
  }

  #known(namespace: string, name: string, key: string): KnownKey | undefined {
    return this.#keys.peek(idOf(namespace, name, key))?.value;
  }

  /** In the background, where what is known has aged. */
  #lookAgain(id: string): void {
    if (!this.#keys.isFresh(id)) this.#keys.refresh(id, AbortSignal.timeout(requestMs)).catch(ignore);
  }

  #look(id: string, signal: () => AbortSignal): Promise<void> | undefined {
    if (this.#keys.isFresh(id)) return undefined;
    const limited = AbortSignal.any([signal(), AbortSignal.timeout(lookMs)]);
    return this.#keys.get(id, limited).then(ignore, ignore);
  }

  /** Makes a copy; pods share one attempt, which goes on when they wait no longer. */
  #make(namespace: string, mirror: MirroredSecret, signal: () => AbortSignal): Promise<void> | undefined {
    const { copy, policy, source } = mirror;
    const id = idOf(namespace, copy, source.key);
    if (this.#keys.isFresh(id) && this.#known(namespace, copy, source.key)?.trouble !== undefined) return undefined;
    const limited = AbortSignal.any([signal(), AbortSignal.timeout(makeMs)]);
    const make = async (): Promise<void> => this.learn(namespace, mirror, await this.copier.ensure(namespace, mirror));
    return this.#making.run(id, limited, make).catch(() => {
      // It goes on; this pod does not wait for it.
      if (this.secretState(namespace, copy, source.key, policy) === 'present') return;
      this.learn(namespace, mirror, { state: 'failed', detail: `Secret ${namespace}/${copy} was not made in time` });
    });
  }
}

const ignore = (): void => undefined;
const nothing: KnownKey = { found: false, hasKey: false, version: undefined, copyOf: undefined };

function knownOf(copyOf: string, result: CopyResult): KnownKey {
  switch (result.state) {
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
