import type { Finding } from '../../model/decision.js';
import { isObject, listOf, type JsonObject } from '../../model/json.js';
import type { Recipe, RecipeEnv, RecipeWorkloadPart } from '../../model/recipe.js';
import { covers } from './covers.js';
import type { ContainerBody } from './view.js';

/** Plans the variables that a container gets, and finds those that it sets otherwise. */
export function planEnv(
  container: ContainerBody,
  recipe: Recipe,
  variables: VariableNames,
  parts: readonly RecipeWorkloadPart[],
  remarks: Finding[],
): { readonly missing: readonly RecipeEnv[]; readonly tampered: Finding | undefined } {
  const more = parts.length === 0 ? noVariables : parts.flatMap((part) => part.env);
  const wanted = more.length === 0 ? recipe.env : withParts(recipe.env, more);
  const names = more.length === 0 ? variables : variables.with(more.map(({ name }) => name));
  const own = variablesNamed(names, container);
  if (own === undefined) return { missing: wanted, tampered: undefined };
  const missing: RecipeEnv[] = [];
  let tampered: Finding | undefined;
  const overrides = (name: string) => {
    tampered ??= { reason: 'tampered', detail: `container ${container.name} sets the reserved variable ${name}` };
  };
  for (const entry of wanted) {
    const variable = own.get(entry.name);
    own.delete(entry.name);
    if (variable === undefined) {
      missing.push(entry);
    } else if (!sameVariable(variable, entry)) {
      if (recipe.reservedEnv.has(entry.name) && !isOfAnother(recipe, entry, variable)) overrides(entry.name);
      remarks.push({ reason: 'env_kept', detail: `container ${container.name} sets ${entry.name} itself` });
    }
  }
  for (const [name, variable] of own) {
    if (!isPlannedElsewhere(recipe, name, variable)) overrides(name);
  }
  return { missing, tampered };
}

const noVariables: readonly RecipeEnv[] = [];

/** What every container gets, except for what its own parts of the recipe give it. */
function withParts(env: readonly RecipeEnv[], more: readonly RecipeEnv[]): readonly RecipeEnv[] {
  const given = new Set(more.map(({ name }) => name));
  return [...env.filter(({ name }) => !given.has(name)), ...more];
}

/** Those of a container's variables that have one of these names; `undefined` for none, as in nearly every container. */
function variablesNamed(names: VariableNames, { value }: ContainerBody): Map<string, JsonObject> | undefined {
  if (names.isEmpty) return undefined;
  let found: Map<string, JsonObject> | undefined;
  for (const entry of listOf(value['env'])) {
    const name = isObject(entry) ? entry['name'] : undefined;
    if (!isObject(entry) || typeof name !== 'string' || !names.has(name)) continue;
    // The last of several variables of one name counts, as it does for the kubelet.
    (found ??= new Map()).set(name, entry);
  }
  return found;
}

/** Whether a container that is to have no value of a variable has the one that the recipe gives another. */
function isOfAnother(recipe: Recipe, { name }: RecipeEnv, own: JsonObject): boolean {
  return recipe.unsetEnv?.has(name) === true && isPlannedElsewhere(recipe, name, own);
}

/** A reserved variable that the recipe gives another container may have that value here too. */
function isPlannedElsewhere(recipe: Recipe, name: string, own: JsonObject): boolean {
  return recipe.containers.some(({ env }) => env.some((entry) => entry.name === name && sameVariable(own, entry)));
}

function sameVariable(own: JsonObject, planned: RecipeEnv): boolean {
  if (planned['valueFrom'] !== undefined) return covers(own['valueFrom'], planned['valueFrom']);
  return own['valueFrom'] === undefined && (own['value'] ?? '') === (planned['value'] ?? '');
}

/**
 * A few names of variables to find among very many. Texts from the wire are not hashed yet, and a container may have
 * thousands. So they are compared, and mostly only their lengths.
 */
export class VariableNames {
  readonly #names: readonly string[];
  /** One bit for each length, modulo 32. */
  readonly #lengths: number;

  constructor(names: Iterable<string>) {
    this.#names = [...new Set(names)];
    this.#lengths = this.#names.reduce((bits, { length }) => bits | (1 << length), 0);
  }

  get isEmpty(): boolean {
    return this.#names.length === 0;
  }

  has(name: string): boolean {
    if (((this.#lengths >>> name.length) & 1) === 0) return false;
    for (const known of this.#names) if (known.length === name.length && known === name) return true;
    return false;
  }

  /** With others besides them. */
  with(names: Iterable<string>): VariableNames {
    return new VariableNames([...this.#names, ...names]);
  }
}
