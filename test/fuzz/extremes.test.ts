import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { reviewOf } from '../support/engine.js';
import { podOf } from '../support/pods.js';
import { describe } from './findings.js';
import { run } from './run.js';

// Inputs that mutation does not come to: as large and as deep as they get through the limits, and beyond.

const deep = 100_000;
const largest = 8 * 1024 * 1024;
const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
/** As often as the server's limit lets it through. */
const often = (item: string, around = 2_000): string =>
  Array.from({ length: Math.floor((largest - around) / (item.length + 1)) }, () => item).join(',');

const review = (pod: string): string =>
  JSON.stringify(reviewOf({ mark: 'HERE' })).replace('{"mark":"HERE"}', () => pod);
const container = '{"name":"web","image":"a:1","command":["/app"]}';
const withEnv = (env: string): string =>
  review(`{"spec":{"containers":[{"name":"web","image":"a:1","command":["/a"],"env":${env}}]}}`);
const metadata = (text: string): string => review(`{"metadata":${text},"spec":{"containers":[${container}]}}`);
const key = (index: number): string => `"k${index}":"v"`;
const manyKeys = Array.from({ length: 200_000 }, (_, index) => key(index)).join(',');

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghij', (letter) => {
  const before = String.fromCharCode(letter.charCodeAt(0) - 1);
  return `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
}).join('\n')}\nkind: Pod\n`;
const pod = JSON.stringify(podOf());

const texts: Readonly<Record<string, string>> = {
  'deep lists': lists(deep),
  'deep objects': objects(deep),
  'deep flow in YAML': `a: ${lists(deep)}`,
  'deep blocks in YAML': Array.from({ length: 600 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
  'an open bracket after the other': '['.repeat(deep),
  'an open string': `"${'a'.repeat(1_000_000)}`,
  'an open string in JSON, by escapes': `{"a":"${'\\"'.repeat(100_000)}\n`,
  'billion laughs': bomb,
  'an alias of itself': 'a: &a [*a]\n',
  'a merge of merges': `x: &x {a: 1}\n${Array.from({ length: 200 }, (_, index) => `y${index}: &y${index} {<<: [*x, *x]}`).join('\n')}\n`,
  'a key again and again': `{${Array.from({ length: 50_000 }, () => '"a":1').join(',')}}`,
  'many keys': `{${manyKeys}}`,
  'many keys in YAML': Array.from({ length: 20_000 }, (_, index) => `k${index}: v`).join('\n'),
  'many documents': '---\n'.repeat(20_000),
  'many pods': Array.from({ length: 200 }, () => pod).join('\n'),
  'one long line': `a: ${'b '.repeat(500_000)}`,
  'a long scalar of colons': ': '.repeat(50_000),
  'spaces and nothing': ' '.repeat(1_000_000),
  'tabs and comments': '\t# x\n'.repeat(100_000),
  'numbers without end': `{"a":${'9'.repeat(200_000)},"b":1e${'9'.repeat(1_000)},"c":-0.${'0'.repeat(100_000)}1}`,
  'half of a pair': '{"a":"\\ud800","\\udc00":1}',
  'NUL everywhere': '\0'.repeat(10_000),
};

const doors: Readonly<Record<string, string>> = {
  'a field nested deep': review(`{"spec":{"x":${objects(deep)},"containers":[${container}]}}`),
  'a command nested deep': review(`{"spec":{"containers":[{"name":"web","image":"a:1","command":${lists(deep)}}]}}`),
  'variables nested deep': withEnv(`[{"name":"SYSDIG_SIDECAR","value":${lists(deep)}}]`),
  'a security context nested deep': review(
    `{"spec":{"containers":[{"name":"web","image":"a:1","command":["/a"],"securityContext":{"capabilities":${objects(deep)}}}]}}`,
  ),
  'labels nested deep': metadata(`{"labels":${objects(deep)}}`),
  'containers that are nothing': review(`{"spec":{"containers":[${often('{}')}]}}`),
  'containers of one name': review(`{"spec":{"containers":[${often(container)}]}}`),
  'containers of many names': review(
    `{"spec":{"containers":[${Array.from({ length: 100_000 }, (_, index) => container.replace('web', `w${index}`)).join(',')}]}}`,
  ),
  'variables without end': withEnv(`[${often('{"name":"A","value":"1"}')}]`),
  'volumes without end': review(
    `{"spec":{"containers":[${container}],"volumes":[${Array.from({ length: 200_000 }, (_, index) => `{"name":"sysdig-workload-agent-${index}"}`).join(',')}]}}`,
  ),
  'labels without end': metadata(`{"labels":{${manyKeys}}}`),
  'a name given twice': review(`{"spec":{"containers":[{"name":"a"}],"containers":[${container}]}}`),
  'a prototype': review(
    `{"__proto__":{"spec":1},"constructor":{"prototype":{"x":1}},"spec":{"containers":[${container}]}}`,
  ),
  'an annotation nested deep': metadata(`{"annotations":{"outrider.dev/images":"${lists(deep)}"}}`),
  'names of containers without end': metadata(`{"annotations":{"outrider.dev/containers":"${'*a'.repeat(500_000)}"}}`),
  'globs of containers': metadata(`{"annotations":{"outrider.dev/containers":"${'*a'.repeat(20)}b"}}`),
};

const folder = mkdtempSync(join(tmpdir(), 'outrider-extremes-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
t.setTimeout(600_000);

function written(inputs: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(inputs).map(([name, text]) => {
    const path = join(folder, name.replaceAll(/\W+/g, '-'));
    writeFileSync(path, text);
    return path;
  });
}

for (const [target, inputs] of Object.entries({ doors, configuration: texts, manifests: texts, texts })) {
  t.test(`the largest and deepest inputs: ${target}`, async (t) => {
    const { runs, findings } = await run({ target, seed: 0, runs: 0, files: written(inputs) });
    t.strictSame(findings.map(describe), []);
    t.equal(runs, Object.keys(inputs).length);
  });
}
