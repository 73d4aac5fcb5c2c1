import { setTimeout as wait } from 'node:timers/promises';
import { isArray, isObject, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { removeMirroredSecrets } from '../secrets/remove-mirrored.js';
import type { ConfigurationKind } from './entry.js';
import { isOwnName } from './entry-names.js';
import { markerPath, untilText, type Pause } from './pause-marker.js';
import { GradualRemoval, spreadMs } from './removal.js';
import { readConfiguration } from './write.js';

/** Which installation. */
export interface InstallationName {
  readonly instance: string;
  readonly ownNamespace: string;
}

const fieldManager = 'outrider-pause';

/**
 * Sets the marker that every replica reads.
 * @throws ApiError `NotFound` when the installation's ConfigMap is not there
 */
export async function setMarker(client: ApiClient, which: InstallationName, pause: Pause): Promise<void> {
  await annotate(client, which, {
    [names.pausedUntil]: untilText(pause),
    [names.pauseReason]: pause.reason ?? null,
  });
}

/**
 * Takes the marker away.
 * @throws ApiError `NotFound` when the installation's ConfigMap is not there
 */
export async function removeMarker(client: ApiClient, which: InstallationName): Promise<void> {
  await annotate(client, which, { [names.pausedUntil]: null, [names.pauseReason]: null });
}

async function annotate(client: ApiClient, which: InstallationName, annotations: JsonObject): Promise<void> {
  const path = markerPath(which.ownNamespace, which.instance);
  await client.patch(path, 'merge', { metadata: { annotations } }, { query: { fieldManager } });
}

/** What is looked at while configurations are taken away. */
export interface RemovalTiming {
  /** How long none may come back. A leader that is writing at the moment needs less. */
  readonly quietMs: number;
  /** When to give up on somebody who keeps bringing them back. */
  readonly patienceMs: number;
  readonly pollMs: number;
  /** How long the validating configuration is gone before the mutating one goes. */
  readonly spreadMs: number;
}

const usualTiming: RemovalTiming = { quietMs: 2_000, patienceMs: 30_000, pollMs: 250, spreadMs };

/**
 * Deletes both configurations, in the order that `GradualRemoval` explains, and sees to it that none comes back before
 * the pause is over.
 *
 * @returns which there were, and which keep coming back
 * @throws ApiError
 */
export async function removeConfigurations(
  client: ApiClient,
  instance: string,
  { untilMs }: Pick<Pause, 'untilMs'>,
  timing: Partial<RemovalTiming> = {},
): Promise<{ readonly deleted: readonly ConfigurationKind[]; readonly left: readonly ConfigurationKind[] }> {
  const { quietMs, patienceMs, pollMs, spreadMs } = { ...usualTiming, ...timing };
  const deleted = new Set<ConfigurationKind>();
  const removal = new GradualRemoval({ client, instance, spreadMs, nowMs: () => performance.now() });
  const startMs = performance.now();
  let quietSinceMs = startMs;
  for (;;) {
    if (Date.now() >= untilMs) return { deleted: [...deleted], left: [] };
    const { there: left, deleted: now } = await removal.look();
    for (const kind of now) deleted.add(kind);
    const nowMs = performance.now();
    if (left.length > 0) quietSinceMs = nowMs;
    if (left.length === 0 && nowMs - quietSinceMs >= quietMs) return { deleted: [...deleted], left };
    if (nowMs - startMs > patienceMs) return { deleted: [...deleted], left };
    await wait(pollMs);
  }
}

/**
 * Waits until the leader has written both configurations.
 * @returns which are still missing when the patience is over
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
    for (const kind of ['mutating', 'validating'] as const) {
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
export interface Removal {
  /** Whether the marker was set; without the ConfigMap there is nothing to set it on. */
  readonly marked: boolean;
  readonly deleted: readonly ConfigurationKind[];
  /** Configurations that keep coming back. */
  readonly left: readonly ConfigurationKind[];
  /** Mirrored Secrets that were deleted, as `namespace/name`. */
  readonly secrets: readonly string[];
  /** Mirrored Secrets that could not be deleted. */
  readonly secretsLeft: readonly string[];
}

/**
 * Takes away what an installation wrote, before its Service goes (E43): the marker first, so that nothing comes back;
 * the configurations, so that nothing blocks; then the mirrored Secrets. Can be run again, and without an installation.
 *
 * @throws ApiError
 */
export async function removeEverything(
  client: ApiClient,
  which: InstallationName,
  reason: string | undefined,
  timing: Partial<RemovalTiming> = {},
): Promise<Removal> {
  const pause = { untilMs: Infinity, reason };
  const marked = await setMarker(client, which, pause).then(
    () => true,
    (error: unknown) => {
      if (isApiError(error, 'NotFound')) return false;
      throw error;
    },
  );
  const { deleted, left } = await removeConfigurations(client, which.instance, pause, timing);
  const { removed, failed } = await removeMirroredSecrets(client, which.ownNamespace, which.instance);
  return { marked, deleted, left, secrets: removed, secretsLeft: failed };
}
