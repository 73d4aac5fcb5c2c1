import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import type { Resource } from '../client/resources.js';

/** What is watched, and what is kept of it. */
export interface ReflectorOptions<Item> extends Timing {
  readonly client: ApiClient;
  readonly resource: Resource;
  /** Absent: all namespaces, or a resource without any. */
  readonly namespace?: string;
  /** Watches this one object alone; absent: all of them. */
  readonly name?: string;
  /** Watches those with these labels alone, as a selector's text. */
  readonly labels?: string;
  /** Asks for names, labels and annotations only. */
  readonly metadataOnly?: boolean;
  /** What to keep of an object; `undefined`: nothing. An object for which it throws stays as it was known. */
  readonly pick: (object: JsonObject) => Item | undefined;
  /** How often everything is listed anew, within a tenth. */
  readonly relistMs: number;
  readonly log: Logger;
  /** Ends the watch. Nothing else does. */
  readonly signal: AbortSignal;
  /**
   * Told which keys changed: once for a list, once for all events that came together. Called for the first list even
   * when nothing is there. What it throws is logged.
   */
  readonly onChange?: (keys: ReadonlySet<string>) => void;
  /** Told of each list or watch that failed and is tried again. */
  readonly onFailure?: (error: unknown) => void;
}
