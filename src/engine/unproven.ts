import type { ImageResolver } from '../model/image.js';
import type { Engine } from './engine.js';

/**
 * An engine for callers who have not shown that they are the API server: it knows what the operator configured and nothing
 * that was read for a tenant, looks nothing up and does nothing.
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
