import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import t from 'tap';
import { z } from 'zod';
import { parseAllDocuments } from 'yaml';
import { jsonSchema, schemaNames, type SchemaName } from '../../../src/documents/schema/json-schemas.js';
import { isObject, stringOf, type JsonObject } from '../../../src/model/json.js';
import { workplace } from '../../cli/harness.js';

const nameOf: Readonly<Record<string, SchemaName>> = {
  InstrumentationPolicy: 'policy',
  InstrumentationProfile: 'profile',
  ImageMap: 'image-map',
  RegistryConfiguration: 'registry-configuration',
  PolicyTest: 'policy-test',
  InstrumentFunction: 'instrument-function',
};

/** A checker made of the schema itself, as an editor has it. */
const checkers = new Map(schemaNames.map((name) => [name, z.fromJSONSchema(jsonSchema(name))]));

function files(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name));
}

function documentsOf(text: string): readonly JsonObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    return isObject(value) ? [value] : [];
  });
}

const examples = [...files('deploy/examples'), ...files('deploy/pipelines'), ...files('test/golden')];
const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
const inPages = pages.flatMap((page) =>
  [...readFileSync(join('docs', page), 'utf8').matchAll(/^```yaml[^\n]*\n([^]*?)^```/gm)].map(([, text = '']) => ({
    from: page,
    text,
  })),
);
const texts = [...examples.map((from) => ({ from, text: readFileSync(from, 'utf8') })), ...inPages];

t.test('the schemas take every example and every document of the docs', (t) => {
  const seen = new Map<string, number>();
  for (const { from, text } of texts) {
    // One that is broken on purpose.
    if (from.endsWith('sysdig-broken.yaml')) continue;
    for (const document of documentsOf(text)) {
      const name = nameOf[stringOf(document['kind']) ?? ''];
      if (name === undefined) continue;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      const result = checkers.get(name)?.safeParse(document);
      t.equal(result?.success, true, `${from}: ${name}: ${result?.error?.message ?? ''}`);
    }
  }
  t.same([...seen.keys()].sort(), [...schemaNames].sort(), 'there is an example of each');
  t.end();
});

t.test('a schema refuses what the reader refuses: another key, another word, another type', (t) => {
  const policy = (spec: JsonObject) => ({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: 'p' },
    spec: { profile: { name: 'sysdig' }, ...spec },
  });
  const checker = checkers.get('policy');
  t.equal(checker?.safeParse(policy({})).success, true);
  for (const spec of [{ prefers: 'Security' }, { prefer: 'security' }, { precedence: 'high' }, { profile: {} }]) {
    t.equal(checker?.safeParse(policy(spec)).success, false, JSON.stringify(spec));
  }
  t.end();
});

t.test('a first line that names a schema names one that is there, of the kind that follows', (t) => {
  let lines = 0;
  for (const { from, text } of texts.filter(({ from }) => from.includes('/'))) {
    for (const part of text.split(/^---$/m)) {
      const [, path] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(part) ?? [];
      const [, kind = ''] = /^kind: (\w+)$/m.exec(part) ?? [];
      if (path === undefined) continue;
      lines += 1;
      const schema = join(dirname(from), path);
      t.ok(existsSync(schema), `${from}: ${schema}`);
      t.equal(basename(schema, '.json'), nameOf[kind], `${from}: ${kind}`);
    }
  }
  t.ok(lines >= 10, `${lines} lines`);
  t.end();
});

t.test('outrider schema prints what the repository has', async (t) => {
  const place = await workplace(t);
  const { code, stdout } = await place.outrider(['schema', 'policy']);
  t.equal(code, 0);
  t.equal(stdout, readFileSync('deploy/schemas/policy.json', 'utf8'));
  t.match(await place.outrider(['schema', 'pod']), { code: 2, stderr: /policy-test/ });
});
