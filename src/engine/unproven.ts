import type { ImageResolver } from '../model/image.js';
import type { Engine } from './engine.js';

/**
 * An engine for callers that have not proven to be the API server. It knows what the operator configured and nothing
 * that was read for a tenant, looks nothing up and has no effects.
 */
export function unprovenEngine({ rules, facts, excludedNamespaces }: Engine): Engine {
  return { rules, facts, excludedNamespaces, images: tellsNothing, secretState: () => 'unknown' };
}

const tellsNothing: ImageResolver = {
  known: ({ reference }) => ({
    ok: false,
    reason: 'caller_unproven',
    detail: `${reference} is looked up for the API server alone`,
  }),
  lookUp: () => Promise.reject(new Error('what is always known is not looked up')),
};
