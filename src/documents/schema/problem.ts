import type { z } from 'zod';
import { isArray, isObject, type JsonValue } from '../../model/json.js';
import { didYouMean } from '../../model/nearest.js';
import { SchemaGuide, type Path } from './guide.js';

/** One thing that is wrong: where, and a text that goes on from the field's name and ends with a remedy. */
export interface SchemaProblem {
  readonly path: Path;
  readonly text: string;
}

type Issue = z.core.$ZodIssue;

// Nobody reads more, and to find each one's line takes time.
const mostProblems = 100;

/**
 * Says what a schema refuses in a value, for people: one problem a field, with what is allowed and the near miss. Of very
 * many, the first hundred.
 */
export function schemaProblems(
  schema: z.ZodType,
  value: JsonValue,
  issues: readonly Issue[],
): readonly SchemaProblem[] {
  const guide = new SchemaGuide(schema);
  return issues
    .slice(0, mostProblems)
    .flatMap((issue) => explain(guide, value, issue, []))
    .slice(0, mostProblems);
}

function explain(guide: SchemaGuide, root: JsonValue, issue: Issue, above: Path): readonly SchemaProblem[] {
  const path = [...above, ...issue.path];
  const value = valueAt(root, path);
  const place = guide.at(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, mostProblems).map((key) => {
        const keys = place?.keys ?? [];
        const hint = didYouMean(key, keys) || ';';
        const known = keys.length === 0 ? 'take it out' : `known are ${keys.join(', ')}`;
        return { path: [...path, key], text: `is not a known field${hint} ${known}` };
      });
    case 'invalid_union': {
      const deeper = issue.errors
        .map((errors) => errors.filter((error) => !isWrongType(error)))
        .filter((errors, index) => errors.length > 0 && errors.length === issue.errors[index]?.length);
      const [branch] = deeper;
      if (branch !== undefined) return branch.flatMap((error) => explain(guide, root, error, path));
      return [{ path, text: typeText(value, place?.types ?? [], place?.description) }];
    }
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, text: `has a name that is not allowed: it ${inner.message}` }));
    case 'invalid_element':
      return issue.issues.flatMap((inner) => explain(guide, root, inner, path));
    case 'invalid_type':
      return [{ path, text: typeText(value, place?.types ?? [issue.expected], place?.description) }];
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (value === undefined) return [{ path, text: missing(place?.description, allowed) }];
      const hint = (typeof value === 'string' && didYouMean(value, allowed)) || ';';
      return [{ path, text: `is ${show(value)}, which is not allowed${hint} give one of ${allowed.join(', ')}` }];
    }
    case 'too_small':
      return [{ path, text: `is ${size(value)}; give ${bound(issue.origin, Number(issue.minimum), 'at least')}` }];
    case 'too_big':
      return [{ path, text: `is ${size(value)}; give ${bound(issue.origin, Number(issue.maximum), 'at most')}` }];
    case 'invalid_format': {
      const rule = issue.message.startsWith('must ') ? issue.message : `must match ${issue.pattern ?? issue.format}`;
      return [{ path, text: `is ${show(value)}, and ${rule}` }];
    }
    case 'not_multiple_of':
    case 'custom':
      return [{ path, text: issue.message.startsWith('must ') ? issue.message : `is not valid: ${issue.message}` }];
  }
}

function isWrongType(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

function typeText(value: JsonValue | undefined, types: readonly string[], description: string | undefined): string {
  if (value === undefined) return missing(description, []);
  const wanted = types.map((type) => typeNames[type] ?? type).join(' or ');
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  const remedy = isScalar && types.includes('string') ? 'put it in quotes' : `give ${wanted}`;
  return `is ${show(value)}, and must be ${wanted}; ${remedy}`;
}

function missing(description: string | undefined, allowed: readonly string[]): string {
  if (allowed.length > 0) return `is missing; add it, one of ${allowed.join(', ')}`;
  return description === undefined ? 'is missing; add it' : `is missing; add it: ${description.replace(/\.$/, '')}`;
}

function bound(origin: string, limit: number, word: string): string {
  if (origin === 'string') return `${word} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'set') return `${word} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `${word} ${limit}`;
}

function size(value: JsonValue | undefined): string {
  if (isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'string') return value === '' ? 'empty' : `${value.length} characters long`;
  return show(value);
}

/** A value as it is shown to people: short, and never more than a glimpse of what may be long. */
function show(value: JsonValue | undefined): string {
  if (value === null) return 'empty';
  if (isArray(value)) return 'a list';
  if (isObject(value)) return 'a mapping';
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  return String(value);
}

function valueAt(root: JsonValue, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const key of path) {
    if (typeof key === 'number' && isArray(value)) value = value[key];
    else if (isObject(value) && Object.hasOwn(value, String(key))) value = value[String(key)];
    else return undefined;
  }
  return value;
}
