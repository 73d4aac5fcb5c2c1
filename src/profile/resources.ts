import { OutriderError } from '../model/error.js';
import type { Resources } from '../model/policy.js';

type Quantities = Readonly<Record<string, string>>;

/**
 * The agent's resources: the profile's, but for each resource that the policy names in requests or limits the
 * policy's pair. A limit without a request is the request too, as Kubernetes has it.
 */
export function mergeResources(profile: Resources, policy: Resources): Resources {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  const names = new Set([profile, policy].flatMap((side) => Object.keys({ ...side.requests, ...side.limits })));
  for (const name of names) {
    const side = policy.requests?.[name] ?? policy.limits?.[name];
    const source = side === undefined ? profile : policy;
    const limit = source.limits?.[name];
    const request = source.requests?.[name] ?? limit;
    if (request !== undefined) requests[name] = request;
    if (limit !== undefined) limits[name] = limit;
  }
  return Object.keys(limits).length === 0 ? { requests } : { requests, limits };
}

/**
 * Refuses resources that no pod should get: no request for cpu or memory (E27: an autoscaler on CPU fails for the
 * whole pod, Autopilot gives 2Gi), or a request above its limit, which the API server refuses.
 *
 * @throws OutriderError `settings_invalid` with the field under `spec.agent.resources`.
 */
export function requireResources(resources: Resources, profileName: string): void {
  const requests: Quantities = resources.requests ?? {};
  for (const name of ['cpu', 'memory']) {
    if (quantity(requests[name] ?? '0') > 0) continue;
    throw invalid(
      `requests.${name}`,
      `is missing or zero, and profile ${profileName} sets none; give one, such as ${name === 'cpu' ? '100m' : '256Mi'}`,
    );
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    const request = requests[name];
    if (request === undefined || quantity(request) <= quantity(limit)) continue;
    throw invalid(`requests.${name}`, `is ${request}, above the limit ${limit}; lower it or raise the limit`);
  }
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity as a number of its unit; `NaN` for what is none. */
function quantity(text: string): number {
  const match = /^(\d+(?:\.\d+)?(?:[eE]\d+)?)([A-Za-z]*)$/.exec(text);
  return Number(match?.[1]) * (factors[match?.[2] ?? ''] ?? Number.NaN);
}

function invalid(path: string, problem: string): OutriderError {
  const field = `spec.agent.resources.${path}`;
  return new OutriderError('settings_invalid', `${field} ${problem}.`, { field });
}
