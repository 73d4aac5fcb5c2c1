import { didYouMean } from '../model/nearest.js';
import type { Resources } from '../model/policy.js';

const standardResources = ['cpu', 'memory', 'ephemeral-storage'];
/** A standard resource of a container, or an extended one, whose name has a domain. */
const resourceName = /^(cpu|memory|ephemeral-storage|hugepages-.+|[a-z0-9.-]+\/[A-Za-z0-9._-]+)$/;

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

/** What is wrong with resources: the field in them, and a text that goes on from its name. */
export interface ResourceProblem {
  readonly field: string;
  readonly text: string;
}

/**
 * Why no pod should get these resources; `undefined` when they are good. No request for cpu or memory (E27: an
 * autoscaler on CPU fails for the whole pod, Autopilot gives 2Gi), and what makes the API server refuse the pod: a
 * request above its limit, a resource that containers do not have.
 */
export function resourcesProblem(resources: Resources): ResourceProblem | undefined {
  const { requests = {}, limits = {} } = resources;
  for (const name of Object.keys({ ...requests, ...limits })) {
    if (resourceName.test(name)) continue;
    const hint = didYouMean(name, standardResources) || ';';
    const side = Object.hasOwn(limits, name) ? 'limits' : 'requests';
    return {
      field: `${side}.${name}`,
      text: `is no resource of a container${hint} known are ${standardResources.join(', ')}`,
    };
  }
  for (const name of ['cpu', 'memory']) {
    if (quantity(requests[name] ?? '0') > 0) continue;
    const example = name === 'cpu' ? '100m' : '256Mi';
    return {
      field: `requests.${name}`,
      text: `is missing or zero, and every agent needs one; give it, such as ${example}`,
    };
  }
  for (const [name, limit] of Object.entries(limits)) {
    const request = requests[name];
    if (request === undefined || quantity(request) <= quantity(limit)) continue;
    return { field: `requests.${name}`, text: `is ${request}, above the limit ${limit}; lower it or raise the limit` };
  }
  return undefined;
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
