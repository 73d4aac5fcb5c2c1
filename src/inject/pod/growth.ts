import { isObject, type JsonObject } from '../../model/json.js';
import type { Growth } from './plan.js';

const noGrowth: Growth = { requests: {}, limits: {}, text: '' };

/** By how much a pod grows with this agent beside it; not at all without one. */
export function growthBy(agent: JsonObject | undefined): Growth {
  const resources = agent?.['resources'];
  if (!isObject(resources)) return noGrowth;
  const requests = quantities(resources['requests']);
  const limits = quantities(resources['limits']);
  return { requests, limits, text: [...listed(requests, 'requests'), ...listed(limits, 'limits')].join('; ') };
}

function listed(amounts: Growth['requests'], kind: string): readonly string[] {
  const texts = Object.entries(amounts).map(([name, amount]) => `${name} ${amount}`);
  return texts.length === 0 ? [] : [`${kind} ${texts.join(', ')}`];
}

function quantities(value: unknown): Readonly<Record<string, string>> {
  const amounts: Record<string, string> = {};
  if (isObject(value))
    for (const name in value) {
      const amount = value[name];
      if (typeof amount === 'string') amounts[name] = amount;
    }
  return amounts;
}
