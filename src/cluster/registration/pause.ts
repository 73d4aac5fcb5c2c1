import { setTimeout as wait } from 'node:timers/promises';
import { isArray, isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { Clock } from '../../time/clock.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { removePlans, removePolicies } from '../plans/remove-policies.js';
import { removeMirroredSecrets } from '../secrets/remove-mirrored.js';
import { GradualEmptying, pauseManager, spreadMs } from './emptying.js';
import type { ConfigurationKind } from './entry.js';
import { isOwnName } from './entry-names.js';
import { olderMarkIn, type Pause } from './pause-record.js';
import { configurationPath, readConfiguration } from './write.js';

/** The installation. */
export interface InstallationName {
  readonly instance: string;
  readonly ownNamespace: string;
}

const kinds = ['mutating', 'validating'] as const;

/** The timing of the looks while configurations are emptied. */
export interface EmptyingTiming {
  /** How long the configurations must stay empty. A leader in the middle of a write needs less. */
  readonly quietMs: number;
  /** When to give up if something keeps restoring the webhooks. */
  readonly patienceMs: number;
  readonly pollMs: number;
  /** How long the validating configuration is empty before the mutating one is emptied. */
  readonly spreadMs: number;
}

const usualTiming: EmptyingTiming = { quietMs: 2_000, patienceMs: 30_000, pollMs: 250, spreadMs };

/** The result of a pause. */
export interface Emptied {
  /** The configurations whose webhooks were removed. */
  readonly emptied: readonly ConfigurationKind[];
  /** The configurations whose webhooks keep coming back. */
  readonly left: readonly ConfigurationKind[];
}

/**
 * Pauses an installation: marks both configurations and empties them, in the order that `GradualEmptying` explains, and
 * makes sure that nothing comes back. It also works while no replica runs.
 *
 * @param how.create whether to create missing configurations, so that a leader that starts meanwhile sees the marker
 * @throws ApiError
 */
export async function pauseInstallation(
  client: ApiClient,
  instance: string,
  pause: Pause,
  how: { readonly create: boolean; readonly clock: Clock; readonly timing?: Partial<EmptyingTiming> },
): Promise<Emptied> {
  const { create, clock } = how;
  const { quietMs, patienceMs, pollMs, spreadMs } = { ...usualTiming, ...how.timing };
  const nowMs = (): number => clock.monotonicMs();
  const emptying = new GradualEmptying({ client, instance, pause, create, spreadMs, nowMs });
  const emptied = new Set<ConfigurationKind>();
  const startMs = nowMs();
  let quietSinceMs = startMs;
  for (;;) {
    if (clock.wallMs() >= pause.untilMs) return { emptied: [...emptied], left: [] };
    const look = await emptying.look();
    for (const kind of look.emptied) emptied.add(kind);
    // The installation is marked as paused by now, so no leader restores these.
    if ((await removePolicies(client, instance)) > 0) quietSinceMs = nowMs();
    if (look.open.length > 0) quietSinceMs = nowMs();
    if (look.open.length === 0 && nowMs() - quietSinceMs >= quietMs) return { emptied: [...emptied], left: [] };
    if (nowMs() - startMs > patienceMs) return { emptied: [...emptied], left: look.open };
    await wait(pollMs);
  }
}

/**
 * Whether there is such an installation: one of its configurations, or its ConfigMap, exists. If the caller cannot read the
 * latter, the answer is yes.
 * @throws ApiError
 */
export async function isInstalled(client: ApiClient, { instance, ownNamespace }: InstallationName): Promise<boolean> {
  for (const kind of kinds) if ((await readConfiguration(client, kind, instance)) !== undefined) return true;
  try {
    return await wasThere(client.get(pathOf(resources.configMaps, { namespace: ownNamespace, name: instance })));
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return true;
    throw error;
  }
}

/** What ended. */
export interface Resumption {
  /** Whether there is anything of the installation that can carry a marker. */
  readonly found: boolean;
}

/**
 * Removes the markers, including that of earlier versions. The leader then restores the webhooks.
 * @throws ApiError
 */
export async function resumeInstallation(client: ApiClient, which: InstallationName): Promise<Resumption> {
  let found = false;
  for (const kind of kinds) {
    const path = configurationPath(kind, which.instance);
    const body = { metadata: { annotations: { [names.paused]: null } } };
    const query = { fieldManager: pauseManager };
    if (await wasThere(client.patch(path, 'merge', body, { query }))) found = true;
  }
  try {
    return { found: (await removeOlderMark(client, which)) || found };
  } catch (error) {
    // Next to a configuration, that marker does not count.
    if (found && isApiError(error, 'Forbidden')) return { found };
    throw error;
  }
}

/** @returns whether there is a ConfigMap */
async function removeOlderMark(client: ApiClient, { ownNamespace, instance }: InstallationName): Promise<boolean> {
  const path = pathOf(resources.configMaps, { namespace: ownNamespace, name: instance });
  let configMap: JsonObject;
  try {
    configMap = await client.get(path);
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
  if (olderMarkIn(configMap) === undefined) return true;
  const annotations = { [names.pausedUntil]: null, [names.pauseReason]: null };
  return await wasThere(
    client.patch(path, 'merge', { metadata: { annotations } }, { query: { fieldManager: pauseManager } }),
  );
}

/**
 * Waits until the leader has written both configurations.
 * @returns the ones that are still missing when the time is over
 */
export async function awaitConfigurations(
  client: ApiClient,
  instance: string,
  patienceMs: number,
  pollMs = 250,
): Promise<readonly ConfigurationKind[]> {
  const startMs = performance.now();
  for (;;) {
    const missing: ConfigurationKind[] = [];
    for (const kind of kinds) {
      const live = await readConfiguration(client, kind, instance);
      const webhooks = live?.['webhooks'];
      const ours = isArray(webhooks) ? webhooks.filter(isObject) : [];
      if (!ours.some(({ name }) => isOwnName(stringOf(name) ?? '', instance))) missing.push(kind);
    }
    if (missing.length === 0 || performance.now() - startMs > patienceMs) return missing;
    await wait(pollMs);
  }
}

/** What `removeEverything` did. */
export interface Removal extends Emptied {
  /** Whether there was a configuration to mark. */
  readonly marked: boolean;
  /** Empty configurations without an owner: nothing would delete them. */
  readonly unowned: readonly ConfigurationKind[];
  /** How many InstrumentationPlans were deleted. */
  readonly plans: number;
  /** Mirrored Secrets that were deleted, as `namespace/name`. */
  readonly secrets: readonly string[];
  /** Mirrored Secrets that could not be deleted. */
  readonly secretsLeft: readonly string[];
}

/**
 * Removes what an installation wrote, before its Service is deleted (E43). First it sets the marker and removes the
 * webhooks, so that nothing comes back and nothing blocks; then it deletes the mirrored Secrets. The empty configurations
 * stay, because a leader would create deleted ones again. They are deleted with the ClusterRole that owns them. It can be
 * run again, and without an installation.
 *
 * @throws ApiError
 */
export async function removeEverything(
  client: ApiClient,
  which: InstallationName,
  pause: Pause,
  how: { readonly clock: Clock; readonly timing?: Partial<EmptyingTiming> },
): Promise<Removal> {
  const { instance, ownNamespace } = which;
  const emptied = await pauseInstallation(client, instance, pause, { ...how, create: false });
  const plans = await removePlans(client, instance);
  const { removed, failed } = await removeMirroredSecrets(client, ownNamespace, instance);
  const live = await Promise.all(kinds.map((kind) => readConfiguration(client, kind, instance)));
  const unowned = kinds.filter((_kind, index) => {
    const one = live[index];
    return one !== undefined && listOf(objectOf(one['metadata'])?.['ownerReferences']).length === 0;
  });
  const marked = live.some((one) => one !== undefined);
  return { marked, unowned, ...emptied, plans, secrets: removed, secretsLeft: failed };
}

async function wasThere(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
}
