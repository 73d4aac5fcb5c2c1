import { isArray, isObject, stringsOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { hasPlaceholder } from '../../model/loop-placeholders.js';
import type { TaskFormat } from '../../model/task.js';
import { keyInAnyCase } from '../../model/task-keys.js';

/** How the fields of a task are called in one format. Everywhere else they have their names of the ECS API. */
export interface TaskDialect {
  readonly format: TaskFormat;
  /** The field's name in the format, from its name in the ECS API. */
  field(name: string): string;
  /** Whether the format is read with keys in any case. */
  readonly anyCase: boolean;
  /** The key under which an object has a field; the format's own name where it has none. */
  keyOf(owner: JsonObject, name: string): string;
  /** JSON pointer of the task inside the object that it is in. */
  readonly root: string;
  /** A value with its fields named as the format does. */
  write(value: JsonValue): JsonValue;
}

/** Maps whose keys are a user's or a driver's own words, not fields. */
const freeMaps = new Set(['options', 'dockerLabels']);

const asIs = (name: string): string => name;
// AWS::ECS::TaskDefinition has the fields of the ECS API with an upper case letter first, throughout.
const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const inAnyCase = { field: asIs, anyCase: true, keyOf: keyInAnyCase } as const;
const exactly = (field: TaskDialect['field']) =>
  ({ field, anyCase: false, keyOf: (_owner: JsonObject, name: string) => field(name) }) as const;

const dialects: Readonly<Record<TaskFormat, TaskDialect>> = {
  ecs: { format: 'ecs', root: '', write: (value) => value, ...inAnyCase },
  containers: { format: 'containers', root: '', write: (value) => value, ...inAnyCase },
  dockerrun: { format: 'dockerrun', root: '', write: (value) => value, ...exactly(asIs) },
  cloudformation: { format: 'cloudformation', root: '/Properties', write: rename, ...exactly(upperFirst) },
};

/** The dialect of a format. */
export function dialectOf(format: TaskFormat): TaskDialect {
  return dialects[format];
}

function rename(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(rename);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      upperFirst(key),
      item === undefined || freeMaps.has(key) ? item : rename(item),
    ]),
  );
}

/** Whether a value is an intrinsic function of CloudFormation in its long form, and so not known before deployment. */
export function isIntrinsic(value: JsonValue | undefined): value is JsonObject {
  if (!isObject(value)) return false;
  const [name, second] = Object.keys(value);
  return name !== undefined && second === undefined && /^(Ref|Condition|Fn::\w+)$/.test(name);
}

/**
 * A resource in loops of `Fn::ForEach`, with each text that has one of their placeholders in it as the equivalent
 * `Fn::Sub`: not known before deployment.
 *
 * @param loops the identifiers of those loops
 */
export function asFunctions(resource: JsonObject, loops: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(resource).map(([key, item]) => [key, item === undefined ? item : asFunction(item, loops)]),
  );
}

function asFunction(value: JsonValue, loops: readonly string[]): JsonValue {
  if (typeof value === 'string') return hasPlaceholder(value, loops) ? { 'Fn::Sub': value } : value;
  if (isArray(value)) return value.map((item) => asFunction(item, loops));
  return isObject(value) && !isIntrinsic(value) ? asFunctions(value, loops) : value;
}

/** Whether a value may turn out to be nothing, by `AWS::NoValue` somewhere in it. */
export function mayVanish(value: JsonValue): boolean {
  if (isArray(value)) return value.some(mayVanish);
  if (!isObject(value)) return false;
  if (value['Ref'] === 'AWS::NoValue') return true;
  return Object.values(value).some((item) => item !== undefined && mayVanish(item));
}

/**
 * The text that represents a value that is only known at deployment: `${Name}` for a reference, as `Fn::Sub` writes it.
 * A user who knows what the image starts gives it under this text.
 *
 * @returns `undefined` for a function of which no text can be made
 */
export function referenceText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!isIntrinsic(value)) return undefined;
  const [entry] = Object.entries(value);
  if (entry === undefined) return undefined;
  const [name, given] = entry;
  switch (name) {
    case 'Ref':
      return typeof given === 'string' ? `\${${given}}` : undefined;
    case 'Fn::Sub':
      return typeof given === 'string' ? given : isArray(given) && typeof given[0] === 'string' ? given[0] : undefined;
    case 'Fn::GetAtt':
      return `\${${(stringsOf(given) ?? []).join('.')}}`;
    case 'Fn::ImportValue': {
      const text = referenceText(given);
      return text === undefined ? undefined : `\${${text}}`;
    }
    case 'Fn::Join': {
      if (!isArray(given) || typeof given[0] !== 'string' || !isArray(given[1])) return undefined;
      const parts = given[1].map(referenceText);
      return parts.every((part) => part !== undefined) ? parts.join(given[0]) : undefined;
    }
    default:
      return undefined;
  }
}
