import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { objectOf, stringOf, type JsonObject } from '../../src/model/json.js';

/** A chart that has a README and defaults made of its values. */
export interface ChartFolder {
  /** From the root of the repository, with a slash at the end. */
  readonly folder: string;
  /** What its README begins with. */
  readonly intro: string;
}

const longestDefault = 100;

/**
 * A chart's README: the intro, and each value with its default and what the schema says of it.
 * @throws when a property of the schema has no description
 */
export function chartReadme(root: URL, { folder, intro }: ChartFolder): string {
  const values = objectOf(parse(read(root, `${folder}values.yaml`))) ?? {};
  const rows = rowsOf(schemaOf(root, folder), values, []);
  return `<!-- Made from values.yaml and values.schema.json: npm run generate -->

${intro}
## Values

| Value | Default | What it is |
| --- | --- | --- |
${rows.join('\n')}
`;
}

/** What values.yaml says, without comments: a template can read this file, and not that one. */
export function chartDefaults(root: URL, folder: string): string {
  const values: unknown = parse(read(root, `${folder}values.yaml`));
  return `# Made from values.yaml: npm run generate\n${stringify(values, { version: '1.1', lineWidth: 0 })}`;
}

/** The schema of a chart's values. */
export function schemaOf(root: URL, folder: string): JsonObject {
  const schema: unknown = JSON.parse(read(root, `${folder}values.schema.json`));
  return objectOf(schema) ?? {};
}

function read(root: URL, path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

function rowsOf(schema: JsonObject, values: JsonObject, path: readonly string[]): readonly string[] {
  return Object.entries(objectOf(schema['properties']) ?? {}).flatMap(([key, value]) => {
    const property = objectOf(value) ?? {};
    const at = [...path, key];
    const description = stringOf(property['description']);
    if (description === undefined) throw new Error(`${at.join('.')} has no description`);
    const given = values[key];
    const inner = objectOf(property['properties']);
    const isBlock = inner !== undefined && Object.keys(inner).length > 0;
    const text = isBlock ? '' : defaultText(given);
    return [
      `| \`${at.join('.')}\` | ${text} | ${escaped(description)} |`,
      ...(isBlock ? rowsOf(property, objectOf(given) ?? {}, at) : []),
    ];
  });
}

function defaultText(value: unknown): string {
  if (value === undefined) return '';
  const text = JSON.stringify(value);
  return text.length > longestDefault ? 'see values.yaml' : `\`${escaped(text)}\``;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
