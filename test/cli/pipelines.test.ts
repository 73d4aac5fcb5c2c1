import { execFile } from 'node:child_process';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { isObject, listOf, objectOf, stringOf, stringMembersOf, type JsonObject } from '../../src/model/json.js';
import { version } from '../../src/model/version.js';
import { withSysdig } from './manifests.js';
import { workplace } from './harness.js';

const action = await yamlIn('action.yml');
const [step = {}] = listOf(objectOf(action['runs'])?.['steps']).filter(isObject);

async function yamlIn(file: string): Promise<JsonObject> {
  const value: unknown = parse(await readFile(file, 'utf8'));
  return isObject(value) ? value : {};
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
}

t.test('the action is of this version, and names no input that it does not have', (t) => {
  const inputs = objectOf(action['inputs']) ?? {};
  t.equal(objectOf(inputs['version'])?.['default'], version);
  const env = stringMembersOf(step['env']);
  const used = [...Object.values(env), stringOf(step['working-directory']) ?? ''].map(
    (text) => /^\$\{\{ inputs\.(\w+) \}\}$/.exec(text)?.[1],
  );
  t.same([...used].sort(), Object.keys(inputs).sort());
  t.notMatch(stringOf(step['run']), '${{', 'no input is read as a part of the script');
  t.equal(step['shell'], 'bash');
  t.end();
});

t.test('the action runs the command with its arguments, word for word, and ends as it does', async (t) => {
  const place = await workplace(t, {
    'bin/npx': '#!/bin/sh\nprintf "[%s]" npx "$@"; exit 3\n',
    own: '#!/bin/sh\nprintf "[%s]" "$@"\n',
  });
  for (const file of ['bin/npx', 'own']) await chmod(join(place.cwd, file), 0o755);
  const run = (inputs: Readonly<Record<string, string>>): Promise<Ran> =>
    new Promise((resolve) => {
      const env = {
        PATH: `${join(place.cwd, 'bin')}:/usr/bin:/bin`,
        COMMAND: 'test',
        ARGUMENTS: 'tests',
        VERSION: version,
        PROGRAM: '',
        ...inputs,
      };
      const argv = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', stringOf(step['run']) ?? ''];
      execFile('bash', argv, { cwd: place.cwd, env }, (error, stdout) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout });
      });
    });
  t.same(await run({}), { code: 3, stdout: `[npx][--yes][outrider@${version}][test][tests]` });
  const own = { PROGRAM: './own', COMMAND: 'inject' };
  t.same(await run({ ...own, ARGUMENTS: '-f\na b.yaml\r\n\n  \n$(touch x) `y` ; *\n' }), {
    code: 0,
    stdout: '[inject][-f][a b.yaml][$(touch x) `y` ; *]',
  });
  t.same(await run({ ...own, ARGUMENTS: '' }), { code: 0, stdout: '[inject]' });
  t.match(await run({ COMMAND: 'pause' }), { code: 2, stdout: /^::error::command is 'pause'/ });
  t.match(await run({ VERSION: '1.0.0 evil' }), { code: 2, stdout: /^::error::version is/ });
});

t.test('each hook of pre-commit is a command line that runs', async (t) => {
  const hooks = listOf(parse(await readFile('.pre-commit-hooks.yaml', 'utf8'))).filter(isObject);
  const page = await readFile('docs/pipelines.md', 'utf8');
  const given: Readonly<Record<string, readonly string[]>> = {
    'outrider-test': ['tests'],
    'outrider-check': ['-f', 'web.yaml', ...withSysdig],
    'outrider-inject': ['-f', 'web.yaml', ...withSysdig],
  };
  const place = await workplace(t, {
    'web.yaml':
      'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: a, image: a, command: [/a] }] }\n',
  });
  t.same(
    hooks.map(({ id }) => id),
    Object.keys(given),
  );
  const ends: number[] = [];
  for (const { id: named, entry, pass_filenames: passed, language } of hooks) {
    const id = stringOf(named) ?? '';
    const [program, ...words] = (stringOf(entry) ?? '').split(' ');
    t.match({ program, passed, language }, { program: 'outrider', passed: false, language: 'system' });
    t.match(page, `\`${id}\``);
    ends.push((await place.outrider([...words, ...(given[id] ?? [])])).code);
  }
  t.same(ends, [2, 1, 0], 'no tests, not instrumented, instrumented');
  t.match(await place.outrider(['inject', '--check', ...(given['outrider-check'] ?? [])]), { code: 0 });
});
