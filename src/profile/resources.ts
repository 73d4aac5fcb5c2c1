import { didYouMean } from '../model/nearest.js';
import type { Resources } from '../model/policy.js';
import { parseQuantity } from '../model/quantity.js';

const standardResources = ['cpu', 'memory', 'ephemeral-storage'];
/** A standard resource of a container, or an extended one, whose name has a domain. */
const resourceName = /^(cpu|memory|ephemeral-storage|hugepages-.+|[a-z0-9.-]+\/[A-Za-z0-9._-]+)$/;

/**
 * The agent's resources: the profile's, except for each resource that the policy names in requests or limits the
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
  return unknownResource(resources) ?? lackingRequest(resources) ?? requestAboveLimit(resources);
}

/** The same of containers that need no request, since they end before the pod's own run. */
export function copyResourcesProblem(resources: Resources): ResourceProblem | undefined {
  return unknownResource(resources) ?? requestAboveLimit(resources);
}

function unknownResource({ requests = {}, limits = {} }: Resources): ResourceProblem | undefined {
  for (const name of Object.keys({ ...requests, ...limits })) {
    const text = resourceNameProblem(name);
    if (text === undefined) continue;
    const side = Object.hasOwn(limits, name) ? 'limits' : 'requests';
    return { field: `${side}.${name}`, text };
  }
  return undefined;
}

function lackingRequest({ requests = {} }: Resources): ResourceProblem | undefined {
  for (const name of ['cpu', 'memory']) {
    if (amountOf(requests[name] ?? '0') > 0n) continue;
    const example = name === 'cpu' ? '100m' : '256Mi';
    return {
      field: `requests.${name}`,
      text: `is missing or zero, and every agent needs one; give it, such as ${example}`,
    };
  }
  return undefined;
}

function requestAboveLimit({ requests = {}, limits = {} }: Resources): ResourceProblem | undefined {
  for (const [name, limit] of Object.entries(limits)) {
    const request = requests[name];
    if (request === undefined || amountOf(request) <= amountOf(limit)) continue;
    return { field: `requests.${name}`, text: `is ${request}, above the limit ${limit}; lower it or raise the limit` };
  }
  return undefined;
}

/** Why a name is no resource of a container; `undefined` where it is one. */
export function resourceNameProblem(name: string): string | undefined {
  if (resourceName.test(name)) return undefined;
  const hint = didYouMean(name, standardResources) || ';';
  return `is no resource of a container${hint} known are ${standardResources.join(', ')}`;
}

function amountOf(quantity: string): bigint {
  return parseQuantity(quantity) ?? 0n;
}
