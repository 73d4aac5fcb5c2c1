import type { Credentials, Engine } from '../../engine/engine.js';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { Clock } from '../../time/clock.js';
import { unlessAborted } from '../../time/abort.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { isObjectName } from '../client/object-name.js';
import { pathOf, resources } from '../client/resources.js';
import { marksOf, policyLabel } from './copy-object.js';
import { createCopier, type Copier, type CopyResult } from './copier.js';
import { createOnDemand } from './on-demand.js';
import { credentialsVersion } from './version.js';

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

/** What the engine asks of access keys, and what the leader's part shares with it. */
export interface ClusterCredentials {
  readonly secretState: Engine['secretState'];
  /** For `Engine.credentials`. */
  readonly ahead: Credentials;
  readonly copier: Copier;
  /** Looks at a key now. @throws ApiError */
  check(namespace: string, name: string, key: string, signal: AbortSignal): Promise<KnownKey>;
  /** Takes over what became of a copy. */
  learn(namespace: string, mirror: MirroredSecret, result: CopyResult): void;
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
 * Keeps what is known of access keys. A key that was there is taken for there, and looked at again in the background
 * after half a minute. One that was not is asked for at every pod: who applies a namespace, its Secret and a workload at once
 * may have made the Secret since the leader looked. So the way of a pod whose Secret is there has no I/O on it. Why a copy
 * could not be made is believed for 5 s. Where Secrets may not be read, everything is `unknown`, and pods are instrumented.
 */
export function createCredentials({ client, clock, ownNamespace }: CredentialsOptions): ClusterCredentials {
  const copier = createCopier({ client, clock, ownNamespace });
  const keys = createOnDemand<KnownKey>({
    read: (id) => readKey(client, parseId(id)),
    freshMs: ({ hasKey, trouble }) => (hasKey ? presentMs : trouble === undefined ? 0 : troubleMs),
    failureMs,
    maxEntries: mostEntries,
    clock,
  });
  const making = new Map<string, Promise<void>>();
  const known = (namespace: string, name: string, key: string): KnownKey | undefined =>
    keys.peek(idOf(namespace, name, key))?.value;

  const learn = (namespace: string, { policy, source, copy }: MirroredSecret, result: CopyResult): void => {
    // A copy that was there is not gone because the API server did not answer.
    const kept = result.state === 'failed' && secretState(namespace, copy, source.key, policy) === 'present';
    if (!kept) keys.put(idOf(namespace, copy, source.key), knownOf(policyLabel(policy), result));
  };

  const secretState: Engine['secretState'] = (namespace, name, key, mirrorOf) => {
    const one = known(namespace, name, key);
    if (one === undefined) return 'unknown';
    if (mirrorOf === undefined) return one.hasKey ? 'present' : 'missing';
    if (one.found && one.copyOf !== policyLabel(mirrorOf)) return 'blocked';
    if (one.hasKey) return 'present';
    // A copy that nobody tried to make yet is not missing.
    return one.trouble === undefined ? 'unknown' : 'missing';
  };

  /** Makes a copy; callers share one attempt, which goes on when they leave. */
  const make = (namespace: string, mirror: MirroredSecret): Promise<void> => {
    const id = idOf(namespace, mirror.copy, mirror.source.key);
    const running = making.get(id);
    if (running !== undefined) return running;
    const attempt = copier
      .ensure(namespace, mirror)
      .then((result) => learn(namespace, mirror, result))
      .finally(() => making.delete(id));
    making.set(id, attempt);
    return attempt;
  };

  const prepare: Credentials['prepare'] = (namespace, { recipe, mirror }, effects, signal) => {
    if (recipe.credentials === undefined) return undefined;
    const { name, key } = recipe.credentials;
    const id = idOf(namespace, name, key);
    const fresh = keys.isFresh(id);
    if (secretState(namespace, name, key, mirror?.policy) === 'present') {
      if (!fresh) keys.refresh(id, AbortSignal.timeout(requestMs)).catch(() => undefined);
      return undefined;
    }
    if (mirror === undefined || !effects) {
      if (fresh) return undefined;
      const limited = AbortSignal.any([signal(), AbortSignal.timeout(lookMs)]);
      return keys.get(id, limited).then(ignore, ignore);
    }
    const before = known(namespace, name, key);
    if (fresh && before !== undefined && before.trouble !== undefined) return undefined;
    return unlessAborted(make(namespace, mirror), AbortSignal.any([signal(), AbortSignal.timeout(makeMs)])).catch(
      () => {
        // It goes on; this pod does not wait for it.
        if (secretState(namespace, name, key, mirror.policy) === 'present') return;
        const detail = `Secret ${namespace}/${name} was not made in time`;
        learn(namespace, mirror, { state: 'failed', detail });
      },
    );
  };

  return {
    secretState,
    copier,
    learn,
    check: (namespace, name, key, signal) => keys.refresh(idOf(namespace, name, key), signal),
    ahead: {
      prepare,
      detail: (namespace, name, key) => known(namespace, name, key)?.trouble,
      version: (namespace, name, key) => known(namespace, name, key)?.version,
    },
  };
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
