import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import type { Resource } from '../client/resources.js';
import type { Timing } from '../../time/sleep.js';
import { Reflector } from '../watch/reflector.js';

/** One object. */
export interface Followed {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name: string;
  /** Asks for names, labels and annotations only. */
  readonly metadataOnly?: boolean;
}

/**
 * Follows one object until the signal aborts. Calls back as soon as it is known whether the object exists, and then for
 * every change, with the object, or `undefined` if there is none. Never throws for the API server's errors.
 */
export type Follow = (what: Followed, onChange: (object: JsonObject | undefined) => void, signal: AbortSignal) => void;

/** Follows objects by watches. */
export function followWithWatch(
  options: Timing & {
    readonly client: ApiClient;
    readonly log: Logger;
    /** How often each is also read again. */
    readonly relistMs: number;
    /** Called for each list or watch that failed and is tried again. */
    readonly onFailure?: (error: unknown) => void;
  },
): Follow {
  return ({ resource, namespace, name, metadataOnly }, onChange, signal) => {
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const reflector = new Reflector<JsonObject>({
      ...options,
      resource,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(metadataOnly === undefined ? {} : { metadataOnly }),
      pick: (object) => object,
      signal,
      onChange: () => onChange(reflector.get(key)),
    });
  };
}
