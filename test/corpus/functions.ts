import { isMap, isScalar, parseAllDocuments, visit } from 'yaml';
import { isArray, isObject, type JsonValue } from '../../src/model/json.js';

/** How often each function of CloudFormation is in a text, by the key of its long form. */
export type FunctionCounts = ReadonlyMap<string, number>;

/** Counts functions in the short and the long form, by a parser that is not the product's. */
export function functionsInYaml(text: string): FunctionCounts {
  const counts = new Map<string, number>();
  if (!/![A-Za-z]|Fn::|\bRef\b/.test(text)) return counts;
  for (const document of parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false })) {
    if (!isMap(document.contents) || !document.contents.has('Resources')) continue;
    visit(document, {
      Pair: (_, { key }) => {
        if (isScalar(key) && typeof key.value === 'string' && isFunction(key.value)) count(counts, key.value);
      },
      Node: (_, { tag }) => {
        const name = /^!(\w+)$/.exec(tag ?? '')?.[1];
        if (name !== undefined) count(counts, name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`);
      },
    });
  }
  return counts;
}

/** Counts functions in JSON, where each is a key. */
export function functionsInJson(value: JsonValue): FunctionCounts {
  const counts = new Map<string, number>();
  const look = (inside: JsonValue | undefined): void => {
    if (isArray(inside)) inside.forEach(look);
    else if (isObject(inside)) {
      for (const [key, member] of Object.entries(inside)) {
        if (isFunction(key)) count(counts, key);
        look(member);
      }
    }
  };
  look(value);
  return counts;
}

/** The functions that are fewer than they were: `Ref 3 to 2`. */
export function functionsLost(before: FunctionCounts, after: FunctionCounts): readonly string[] {
  return [...before].flatMap(([name, times]) => {
    const left = after.get(name) ?? 0;
    return left < times ? [`${name} ${times} to ${left}`] : [];
  });
}

function isFunction(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || /^Fn::\w+$/.test(key);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
