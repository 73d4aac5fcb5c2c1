import type { z } from 'zod';
import {
  isArray,
  isObject,
  listOf,
  objectOf,
  stringOf,
  stringsOf,
  type JsonObject,
  type JsonValue,
} from '../../src/model/json.js';
import type { FieldReach } from '../../src/model/field-reach.js';
import { branches, jsonSchemaOf } from '../../src/documents/schema/guide.js';

/**
 * The reference of one kind of document, made from its schema: a Markdown table of every field with its type, its
 * default and what it is for.
 *
 * @param kind heading: the document's kind
 * @param introduction a paragraph that is before the table
 * @param reach on what each field acts, where that is told: in one more column
 */
export function schemaReference(
  kind: string,
  introduction: string,
  schema: z.ZodType,
  reach?: ReadonlyMap<string, FieldReach>,
): string {
  const rows = rowsOf(jsonSchemaOf(schema), '').map(
    ({ field, type, standard, text }) =>
      `| \`${field}\` | ${type} | ${standard} | ${cell(text)} |${reach === undefined ? '' : ` ${reachText(reach.get(field))} |`}`,
  );
  return [
    `# ${kind}`,
    '',
    introduction,
    '',
    `| Field | Type | Default | Meaning |${reach === undefined ? '' : ' Acts on |'}`,
    `| --- | --- | --- | --- |${reach === undefined ? '' : ' --- |'}`,
    ...rows,
    '',
  ].join('\n');
}

/** The fields of a schema that hold values, and no fields of their own. */
export function valueFields(schema: z.ZodType): readonly string[] {
  const fields = rowsOf(jsonSchemaOf(schema), '').map(({ field }) => field);
  return fields.filter(
    (field) => !fields.some((other) => other.startsWith(`${field}.`) || other.startsWith(`${field}[`)),
  );
}

function reachText(reach: FieldReach | undefined): string {
  if (reach === undefined) return '';
  const on = { both: 'pods and tasks', pods: 'pods', tasks: 'tasks', neither: 'neither' }[reach.on];
  return reach.why === undefined ? on : `${on}: ${cell(reach.why)}`;
}

interface Row {
  readonly field: string;
  readonly type: string;
  readonly standard: string;
  readonly text: string;
}

function rowsOf(node: JsonObject, prefix: string): readonly Row[] {
  const properties = objectOf(node['properties']) ?? {};
  const required = new Set(listOf(node['required']));
  return Object.entries(properties).flatMap(([name, value]) => {
    if (!isObject(value)) return [];
    const field = prefix === '' ? name : `${prefix}.${name}`;
    const standard = value['default'];
    const row: Row = {
      field,
      type: typeOf(value),
      standard:
        standard === undefined ? (required.has(name) ? 'required' : '') : `\`${cell(JSON.stringify(standard))}\``,
      text: stringOf(value['description']) ?? '',
    };
    return [row, ...inside(value, field)];
  });
}

function inside(node: JsonObject, field: string): readonly Row[] {
  return branches(node).flatMap((branch) => {
    const { items, additionalProperties } = branch;
    if (isObject(items)) return inside(items, `${field}[]`);
    const entries = isObject(additionalProperties) ? inside(additionalProperties, `${field}.NAME`) : [];
    return [...rowsOf(branch, field), ...entries];
  });
}

function typeOf(node: JsonObject): string {
  const types = branches(node).map((branch) => {
    const values = stringsOf(branch['enum']);
    if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
    const constant = stringOf(branch['const']);
    if (constant !== undefined) return `\`${constant}\``;
    const { items, additionalProperties } = branch;
    if (isObject(items)) return `list of ${typeOf(items)}`;
    if (isObject(additionalProperties) && Object.keys(additionalProperties).length > 0) {
      return `map to ${typeOf(additionalProperties)}`;
    }
    return typeName(branch['type']);
  });
  return [...new Set(types)].join(' or ');
}

function typeName(type: JsonValue | undefined): string {
  return isArray(type) ? type.map(String).join(' or ') : (stringOf(type) ?? 'any');
}

/** Text as a table's cell holds it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
