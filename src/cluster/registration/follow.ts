import type { JsonObject } from '../../model/json.js';
import type { Resource } from '../client/resources.js';

/** One object. */
export interface Followed {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name: string;
}

/**
 * Follows one object until the signal aborts: calls back once it is known whether it is there, and then with every
 * change, with the object or `undefined` where there is none. Never throws for what the API server does.
 */
export type Follow = (what: Followed, onChange: (object: JsonObject | undefined) => void, signal: AbortSignal) => void;
