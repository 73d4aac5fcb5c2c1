import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import type { Resource } from '../client/resources.js';

/** What to watch, and what to keep of it. */
export interface ReflectorOptions<Item> extends Timing {
  readonly client: ApiClient;
  readonly resource: Resource;
  /** Absent: all namespaces, or a resource without any. */
  readonly namespace?: string;
  /** Watches only this object; absent: all objects. */
  readonly name?: string;
  /** Watches only the objects with these labels, as a selector's text. */
  readonly labels?: string;
  /** Asks for names, labels and annotations only. */
  readonly metadataOnly?: boolean;
  /**
   * Returns the part to keep of an object; `undefined` keeps nothing. An object for which it throws stays as it was known.
   */
  readonly pick: (object: JsonObject) => Item | undefined;
  /** How often to list everything again, give or take a tenth. */
  readonly relistMs: number;
  readonly log: Logger;
  /** Ends the watch. Nothing else does. */
  readonly signal: AbortSignal;
  /**
   * Called with the keys that changed: once for a list, once for all events that came together. It is called for the first
   * list even if that is empty. Errors that it throws are logged.
   */
  readonly onChange?: (keys: ReadonlySet<string>) => void;
  /** Called for each list or watch that failed and will be retried. */
  readonly onFailure?: (error: unknown) => void;
}
