import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf } from '../client/resources.js';
import type { ConfigurationKind } from './entry.js';
import { markText, type Pause } from './pause-record.js';
import { configurationResources, ownMetadata, type Owner } from './webhook-configuration.js';
import { configurationPath, readConfiguration, readOwner } from './write.js';

/** How long it takes, with a margin, until every API server knows that an entry is gone. */
export const spreadMs = 1_000;

/** The field manager that writes a pause. */
export const pauseManager = 'outrider-pause';

/** What to empty, and the clock. */
export interface EmptyingOptions {
  readonly client: ApiClient;
  readonly instance: string;
  readonly pause: Pause;
  /** Whether to create a missing configuration, so that it can carry the marker. */
  readonly create: boolean;
  readonly spreadMs: number;
  /** On the monotonic clock. */
  readonly nowMs: () => number;
}

/** One look. */
export interface EmptyingLook {
  /** Which configurations still had webhooks, or no marker. */
  readonly open: readonly ConfigurationKind[];
  /** Which of them were emptied. */
  readonly emptied: readonly ConfigurationKind[];
}

/**
 * Marks both configurations as paused and removes their webhooks, in repeated looks until nothing is left to do. The marker
 * comes first, so that no leader puts anything back. The validating configuration is emptied next, and the mutating one
 * after the validating one has been empty for a while. Otherwise a pod that is no longer changed but still checked would be
 * denied, because an API server may learn of the two in any order (E43).
 */
export class GradualEmptying {
  readonly #options: EmptyingOptions;
  readonly #mark: string;
  #emptySinceMs: number | undefined;
  #ownerRead: Promise<Owner | undefined> | undefined;

  constructor(options: EmptyingOptions) {
    this.#options = options;
    this.#mark = markText(options.pause);
  }

  /** Does what is allowed now. @throws ApiError */
  async look(): Promise<EmptyingLook> {
    const { nowMs, spreadMs } = this.#options;
    const open: ConfigurationKind[] = [];
    const emptied: ConfigurationKind[] = [];
    const mutating = await this.#marked('mutating', open);
    const validating = await this.#marked('validating', open);
    if (hasWebhooks(validating)) {
      if (!open.includes('validating')) open.push('validating');
      if (await this.#empty('validating')) emptied.push('validating');
      this.#emptySinceMs = undefined;
    }
    this.#emptySinceMs ??= nowMs();
    if (hasWebhooks(mutating)) {
      if (!open.includes('mutating')) open.push('mutating');
      const isTime = nowMs() - this.#emptySinceMs >= spreadMs;
      if (isTime && (await this.#empty('mutating'))) emptied.push('mutating');
    }
    return { open, emptied };
  }

  /** Makes sure that a configuration carries the marker. @returns the configuration as it was read */
  async #marked(kind: ConfigurationKind, open: ConfigurationKind[]): Promise<JsonObject | undefined> {
    const { client, instance, create } = this.#options;
    const live = await readConfiguration(client, kind, instance);
    if (live === undefined) {
      if (!create) return undefined;
      open.push(kind);
      await this.#create(kind);
      return undefined;
    }
    if (annotationOf(live) === this.#mark) return live;
    open.push(kind);
    const { annotations, ownerReferences } = ownMetadata(instance, await this.#owner(), { [names.paused]: this.#mark });
    // The leader usually sets the owner, but repairs nothing from now on.
    const isOwned = ownerReferences === undefined || listOf(objectOf(live['metadata'])?.['ownerReferences']).length > 0;
    await this.#patch(kind, { metadata: isOwned ? { annotations } : { annotations, ownerReferences } });
    return live;
  }

  async #create(kind: ConfigurationKind): Promise<void> {
    const { client, instance } = this.#options;
    const resource = configurationResources[kind];
    const metadata = ownMetadata(instance, await this.#owner(), { [names.paused]: this.#mark });
    const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, webhooks: [] };
    try {
      await client.create(pathOf(resource), object, { query: { fieldManager: pauseManager } });
    } catch (error) {
      // The next look sees changes that came in between.
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  }

  #owner(): Promise<Owner | undefined> {
    this.#ownerRead ??= readOwner(this.#options.client, this.#options.instance);
    return this.#ownerRead;
  }

  #empty(kind: ConfigurationKind): Promise<boolean> {
    return this.#patch(kind, { metadata: { annotations: { [names.paused]: this.#mark } }, webhooks: [] });
  }

  /** @returns whether the configuration exists */
  async #patch(kind: ConfigurationKind, body: JsonObject): Promise<boolean> {
    const { client, instance } = this.#options;
    try {
      const query = { fieldManager: pauseManager };
      await client.patch(configurationPath(kind, instance), 'merge', body, { query });
      return true;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false;
      throw error;
    }
  }
}

function hasWebhooks(live: JsonObject | undefined): boolean {
  return listOf(live?.['webhooks']).length > 0;
}

function annotationOf(live: JsonObject): string | undefined {
  return stringOf(objectOf(objectOf(live['metadata'])?.['annotations'])?.[names.paused]);
}
