/** What is done to a pod while it is created. */
export const variants = [
  'nothing',
  'nothing, and the pod comes with our parts',
  'a webhook with a constant answer',
  'a policy that adds a label',
  'Availability: our webhook',
  'Availability: the API server',
  'Security: our webhooks',
  'Security: the API server',
] as const;
export type Variant = (typeof variants)[number];

/** How a variant is set up. */
export interface Scene {
  readonly namespace: string;
  /** Preference of the policy of ours that selects the namespace; `undefined` for none. */
  readonly prefer?: 'Availability' | 'Security';
  /** Whether the API server carries the policy out. */
  readonly byApiServer: boolean;
  /** Calls of mutating webhooks for a pod. */
  readonly calls: number;
}

export const scenes: Readonly<Record<Variant, Scene>> = {
  nothing: { namespace: 'none', byApiServer: false, calls: 0 },
  'nothing, and the pod comes with our parts': { namespace: 'none', byApiServer: false, calls: 0 },
  'a webhook with a constant answer': { namespace: 'constant', byApiServer: false, calls: 1 },
  'a policy that adds a label': { namespace: 'label', byApiServer: false, calls: 0 },
  'Availability: our webhook': { namespace: 'available', prefer: 'Availability', byApiServer: false, calls: 1 },
  'Availability: the API server': { namespace: 'available-by', prefer: 'Availability', byApiServer: true, calls: 0 },
  'Security: our webhooks': { namespace: 'secure', prefer: 'Security', byApiServer: false, calls: 1 },
  'Security: the API server': { namespace: 'secure-by', prefer: 'Security', byApiServer: true, calls: 0 },
};

/** The variant whose pods come as our webhook leaves them, so that only their size is what it adds. */
export const withParts: Variant = 'nothing, and the pod comes with our parts';
/** The variant whose pods those are. */
export const withPartsOf: Variant = 'Availability: our webhook';
