import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { isObject, objectOf, stringOf, type JsonObject } from '../../src/model/json.js';
import { chartDefaults, chartReadme, schemaOf } from './chart-docs.js';
import { repositoryRoot } from './generated.js';

const folders = ['deploy/helm/outrider/', 'deploy/helm/outrider-crds/'];

function read(folder: string, file: string): JsonObject {
  return objectOf(parse(readFileSync(new URL(`${folder}${file}`, repositoryRoot), 'utf8'))) ?? {};
}

/** Every property of a schema, those of lists' items included. */
function propertiesOf(schema: JsonObject, path: string): readonly (readonly [string, JsonObject])[] {
  const items = [objectOf(schema['items']), objectOf(schema['additionalProperties'])].filter(isObject);
  const own = Object.entries(objectOf(schema['properties']) ?? {}).flatMap(([key, value]) => {
    const property = objectOf(value) ?? {};
    return [[`${path}.${key}`, property] as const, ...propertiesOf(property, `${path}.${key}`)];
  });
  return [...own, ...items.flatMap((item) => propertiesOf(item, `${path}[]`))];
}

/** Every place of the values, except for what the schema leaves free. */
function placesOf(values: JsonObject, schema: JsonObject, path: string): readonly string[] {
  const known = objectOf(schema['properties']);
  if (known === undefined) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const at = `${path}.${key}`;
    const property = objectOf(known[key]);
    if (property === undefined) return [at];
    return isObject(value) ? placesOf(value, property, at) : [];
  });
}

t.test('every value of a chart is described by its schema', (t) => {
  for (const folder of folders) {
    const schema = schemaOf(repositoryRoot, folder);
    const properties = propertiesOf(schema, folder);
    t.ok(properties.length >= 3, folder);
    for (const [path, property] of properties) t.match(stringOf(property['description']) ?? '', /^\S.*\.$/, path);
    const values = read(folder, 'values.yaml');
    t.same(placesOf(values, schema, folder), [], 'nothing is in values.yaml that the schema does not know');
    const missing = Object.keys(objectOf(schema['properties']) ?? {}).filter((key) => !(key in values));
    t.same(missing, folder.endsWith('crds/') ? ['global'] : [], 'nor the other way round');
  }
  t.end();
});

t.test('a README has a line for each value, with its default', (t) => {
  const readme = chartReadme(repositoryRoot, { folder: 'deploy/helm/outrider/', intro: '# Outrider\n' });
  t.match(readme, /\| `replicas` \| `2` \| How many\. \|/);
  t.match(readme, /\| `proxy` \| {2}\| The proxy for look-ups/);
  t.match(readme, /\| `caBundle\.key` \| `"ca\.crt"` \|/);
  t.match(chartDefaults(repositoryRoot, 'deploy/helm/outrider/'), /^replicas: 2$/m);
  t.end();
});

t.test('what Artifact Hub shows of a chart is there', (t) => {
  for (const folder of folders) {
    t.match(read(folder, 'Chart.yaml'), {
      home: /^https:\/\//,
      sources: [/^https:\/\//],
      maintainers: [{ name: String }],
      annotations: { 'artifacthub.io/category': 'security', 'artifacthub.io/license': 'Apache-2.0' },
    });
  }
  const { annotations, appVersion } = read('deploy/helm/outrider/', 'Chart.yaml');
  for (const [name, text] of Object.entries(objectOf(annotations) ?? {})) {
    t.type(text, 'string', `${name}: an annotation is a text`);
  }
  const images: unknown = parse(stringOf(objectOf(annotations)?.['artifacthub.io/images']) ?? '');
  t.match(images, [{ image: `ghcr.io/outrider/outrider:${stringOf(appVersion) ?? ''}` }]);
  t.end();
});
