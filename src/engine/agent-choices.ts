/**
 * What a pod may choose of its own agent: its amounts, by the annotation `outrider.dev/agent-resources`, where the policy says up
 * to which. The parts that are planned are then other ones; what they are compared by stays the policy's, so that it does not
 * matter to a pod that runs whether the annotation is changed afterwards, or was never there.
 */
import { leastStepLimits } from '../inject/pod/own-containers.js';
import { OwnParts } from '../inject/pod/own-parts.js';
import type { Step } from '../model/decision.js';
import { deepFrozen, isObject, objectOf, parsedJson, type JsonObject } from '../model/json.js';
import { names } from '../model/names.js';
import type { MostAgentResources, Resources } from '../model/policy.js';
import { parseQuantity, quantityPattern } from '../model/quantity.js';
import type { Recipe, RecipeSidecar } from '../model/recipe.js';

/** By what a pod with the annotation is planned. */
export interface AgentChoice {
  /** What our parts in the pod are compared by. */
  readonly recipe: Recipe;
  /** Makes our parts. */
  readonly parts: OwnParts;
  /** What happened to the annotation. */
  readonly step: Step;
}

/**
 * A pod's author chooses how many texts there are, so with more of them all are begun again; longer ones are not kept.
 */
const mostKept = 32;
const longestKept = 512;
/** An amount in a message: more digits are of no use. */
const longestTold = 24;

const kinds = ['requests', 'limits'] as const;
type Amounts = Readonly<Record<string, string>>;

/** Reads pods' annotations by one rule. What they come to is kept: a workload's pods have the same. */
export class AgentChoices {
  readonly #usual: Pick<AgentChoice, 'recipe' | 'parts'>;
  readonly #most: Amounts | undefined;
  readonly #kept = new Map<string, AgentChoice>();

  /** @param most absent: a pod chooses nothing */
  constructor(usual: Pick<AgentChoice, 'recipe' | 'parts'>, most: MostAgentResources | undefined) {
    this.#usual = usual;
    this.#most = most === undefined ? undefined : defined(most);
  }

  /** By what a pod with this annotation is planned: by the policy alone, where it asks for what is not allowed. */
  of(annotation: string): AgentChoice {
    const known = this.#kept.get(annotation);
    if (known !== undefined) return known;
    const choice = this.#read(annotation);
    if (this.#kept.size >= mostKept) this.#kept.clear();
    if (annotation.length <= longestKept) this.#kept.set(annotation, choice);
    return choice;
  }

  #read(annotation: string): AgentChoice {
    const { recipe } = this.#usual;
    const { sidecar } = recipe;
    const refused = (why: string): AgentChoice => {
      const detail = `annotation ${names.agentResources}: ${why}`;
      const reason = 'agent_resources_kept';
      return { ...this.#usual, step: { subject: reason, result: 'note', detail, reason } };
    };
    if (this.#most === undefined) return refused('the policy lets no pod choose them');
    if (sidecar === undefined) return refused(`profile ${recipe.profile} has no agent in the pod`);
    const wanted = readAmounts(annotation);
    if (typeof wanted === 'string') return refused(wanted);
    const resources = merged(sidecar.resources, wanted);
    const problem = problemOf(wanted, resources, this.#most, leastOf(recipe, sidecar));
    if (problem !== undefined) return refused(problem);
    const chosen = deepFrozen({ ...recipe, sidecar: { ...sidecar, resources } });
    return {
      recipe: { ...recipe, sidecar: { ...sidecar, minimumLimits: usualLeast(sidecar) } },
      parts: new OwnParts(chosen),
      step: { subject: 'agent resources', result: 'pass', detail: `chosen by the pod: ${textOf(wanted)}` },
    };
  }
}

/** What an annotation asks for, or what is wrong with it. */
function readAmounts(annotation: string): Resources | string {
  const said = parsedJson(annotation);
  if (!isObject(said)) return 'is no JSON object such as {"limits": {"memory": "1Gi"}}';
  const stray = Object.keys(said).find((key) => key !== 'requests' && key !== 'limits');
  if (stray !== undefined) return 'holds more than requests and limits';
  const amounts: { requests?: Amounts; limits?: Amounts } = {};
  for (const kind of kinds) {
    if (said[kind] === undefined) continue;
    const found = readKind(objectOf(said[kind]));
    if (found === undefined) return `${kind} holds more than quantities such as 100m or 256Mi`;
    amounts[kind] = found;
  }
  return amounts;
}

function readKind(said: JsonObject | undefined): Amounts | undefined {
  if (said === undefined) return undefined;
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) {
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || text.length > longestTold || !quantityPattern.test(text)) return undefined;
    found[name] = text;
  }
  return found;
}

/** The agent's resources with what a pod chooses. Only a request that a chosen limit would be below follows it. */
function merged(usual: Resources, wanted: Resources): Resources {
  const requests: Record<string, string> = { ...usual.requests, ...wanted.requests };
  const limits: Record<string, string> = { ...usual.limits, ...wanted.limits };
  for (const [name, limit] of Object.entries(wanted.limits ?? {})) {
    const request = requests[name];
    if (wanted.requests?.[name] === undefined && (request === undefined || isAbove(request, limit))) {
      requests[name] = limit;
    }
  }
  return Object.keys(limits).length === 0 ? { requests } : { requests, limits };
}

/** Why a pod may not have these; `undefined` where it may. */
function problemOf(wanted: Resources, merged: Resources, most: Amounts, least: Amounts): string | undefined {
  for (const kind of kinds) {
    for (const [name, amount] of Object.entries(wanted[kind] ?? {})) {
      const highest = Object.hasOwn(most, name) ? most[name] : undefined;
      if (highest === undefined) return `the policy lets pods choose ${Object.keys(most).join(', ')} alone`;
      if (isAbove(amount, highest)) return `${kind} ${name} ${amount} is more than ${highest}, the most of the policy`;
      const request = merged.requests?.[name];
      const limit = merged.limits?.[name];
      if (request !== undefined && (parseQuantity(request) ?? 0n) <= 0n) return `requests ${name} is zero`;
      if (request !== undefined && limit !== undefined && isAbove(request, limit)) {
        return `requests ${name} ${request} is above its limit ${limit}`;
      }
      // In a pod of the class Guaranteed, a request without a limit becomes one.
      const bound = limit ?? request;
      const lowest = least[name];
      if (bound !== undefined && lowest !== undefined && isAbove(lowest, bound)) {
        return `${name} ${bound} is less than ${lowest}, which the agent needs`;
      }
    }
  }
  return undefined;
}

/** Limits below which nobody may bring the agent: the profile's, or the policy's own amounts where those are smaller. */
function usualLeast({ resources, minimumLimits }: RecipeSidecar): Amounts {
  const least: Record<string, string> = { ...minimumLimits };
  for (const [name, amount] of Object.entries({ ...resources.requests, ...resources.limits })) {
    const minimum = least[name];
    if (minimum === undefined || isAbove(minimum, amount)) least[name] = amount;
  }
  return least;
}

/** The same with what the steps need that bring the files, and room for their volume. */
function leastOf(recipe: Recipe, sidecar: RecipeSidecar): Amounts {
  const least: Record<string, string> = { ...usualLeast(sidecar) };
  const storage = recipe.volume === undefined ? {} : { 'ephemeral-storage': recipe.volume.sizeLimit };
  for (const [name, amount] of [...Object.entries(leastStepLimits(recipe)), ...Object.entries(storage)]) {
    const other = least[name];
    if (other === undefined || isAbove(amount, other)) least[name] = amount;
  }
  return least;
}

function isAbove(one: string, other: string): boolean {
  return (parseQuantity(one) ?? 0n) > (parseQuantity(other) ?? 0n);
}

function defined(amounts: Readonly<Record<string, string | undefined>>): Amounts {
  const found: Record<string, string> = {};
  for (const [name, amount] of Object.entries(amounts)) if (amount !== undefined) found[name] = amount;
  return found;
}

function textOf(wanted: Resources): string {
  const texts = kinds.flatMap((kind) => {
    const amounts = Object.entries(wanted[kind] ?? {});
    return amounts.length === 0 ? [] : [`${kind} ${amounts.map(([name, amount]) => `${name} ${amount}`).join(', ')}`];
  });
  return texts.length === 0 ? 'nothing' : texts.join('; ');
}
