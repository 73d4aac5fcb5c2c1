import { OutriderError } from '../../model/error.js';
import { isArray, isObject, stringOf } from '../../model/json.js';
import { exemptPrefix, type ExemptCondition } from '../../policy/exempt.js';

/** A CEL condition. The API server calls a webhook only if all of its conditions hold. */
export type MatchCondition = ExemptCondition;

const field = 'match-conditions';
const qualified = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** The API server accepts no more in a webhook. */
export const mostConditions = 64;

/**
 * Reads the setting `matchConditions`. Whether the expressions are good CEL, only the API server can say.
 *
 * @param text JSON array of `{name, expression}`; empty for none
 * @throws OutriderError `usage`, with the place
 */
export function parseMatchConditions(text: string): readonly MatchCondition[] {
  if (text.trim() === '') return [];
  const value = parsed(text);
  if (!isArray(value)) throw wrong('is no JSON array');
  if (value.length > mostConditions)
    throw wrong(`has ${value.length} conditions, and the API server takes ${mostConditions}`);
  const seen = new Set<string>();
  return value.map((item, index) => {
    const name = isObject(item) ? stringOf(item['name']) : undefined;
    const expression = isObject(item) ? stringOf(item['expression']) : undefined;
    if (!isObject(item) || name === undefined || expression === undefined) {
      throw wrong(`has at [${index}] no object with the texts name and expression`);
    }
    const [stray] = Object.keys(item).filter((key) => key !== 'name' && key !== 'expression');
    if (stray !== undefined) throw wrong(`has at [${index}] the unknown field ${stray}`);
    if (!qualified.test(name))
      throw wrong(`has at [${index}].name ${JSON.stringify(name)}, which is no qualified name`);
    if (expression.trim() === '') throw wrong(`has at [${index}].expression nothing`);
    if (name.startsWith(exemptPrefix)) throw wrong(`has at [${index}].name ${name}; such names are those of policies`);
    if (seen.has(name)) throw wrong(`has the name ${name} twice`);
    seen.add(name);
    return { name, expression };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong('is no JSON', cause);
  }
}

function wrong(what: string, cause?: unknown): OutriderError {
  const example = '[{"name": "no-jobs", "expression": "!has(object.metadata.labels.job)"}]';
  return new OutriderError('usage', `--${field} ${what}; give an array such as ${example}.`, { field, cause });
}
