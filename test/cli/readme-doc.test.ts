import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { isObject, listOf, objectOf, stringOf } from '../../src/model/json.js';
import { pageText, shellCommands, wordsOf } from '../support/doc-commands.js';
import { clusterCommands } from '../support/doc-cluster-commands.js';
import { workplace } from './harness.js';

// The pages that a new user reads first: everything on them is run, here or in a cluster by
// test/node/installed/readme.test.ts.

const root = resolve(import.meta.dirname, '../../..');
const pages = ['README.md', 'docs/getting-started.md', 'docs/troubleshooting.md'];

/** Scripts of package.json that the pages name; what they do is tested elsewhere. */
const scripts = objectOf(objectOf(parse(readFileSync(resolve(root, 'package.json'), 'utf8')))?.['scripts']) ?? {};

const outrider = /^(?:node dist\/outrider\.js|outrider) (.*)$/;
/** Commands of ours that need no cluster. */
const offline = /^(inject|uninject|explain -f|doctor|crds)\b/;

t.test('every command of the first pages is one that is run', async (t) => {
  const place = await workplace(t);
  for (const page of pages) {
    for (const { text } of shellCommands(page)) {
      const [, words = ''] = outrider.exec(text) ?? [];
      if (offline.test(words)) {
        const argv = wordsOf(words).map((word) => (word.startsWith('deploy/') ? resolve(root, word) : word));
        const { code, stdout, stderr } = await place.outrider(argv);
        t.equal(code, 0, `${page}: ${text}`, { stdout, stderr });
      } else if (text.startsWith('npm ')) {
        for (const part of text.split(' && ')) {
          const [, script] = /^npm (?:run )?(\S+)$/.exec(part) ?? [];
          t.ok(script === 'ci' || (script !== undefined && script in scripts), `${page}: ${part}`);
        }
      } else {
        t.ok(
          clusterCommands.some(({ pattern }) => pattern.test(text)),
          `${page}: ${text} is run in a cluster, or is not`,
        );
      }
    }
  }
});

t.test(
  'of the examples, each policy for a cluster can be given by itself, and the folder for files as a whole',
  async (t) => {
    const place = await workplace(t);
    const examples = resolve(root, 'deploy/examples');
    const manifest = resolve(examples, 'deployment.yaml');
    const policies = readdirSync(resolve(examples, 'cluster'))
      .filter((name) => name !== 'namespace.yaml')
      .map((name) => `cluster/${name}`);
    t.ok(policies.length > 1);
    for (const policy of [...policies, 'config']) {
      const { code, stderr } = await place.outrider(['explain', '-f', manifest, '--policy', resolve(examples, policy)]);
      t.equal(code, 0, policy, { stderr });
    }
  },
);

t.test('outrider serve of the README starts with its folder', (t) => {
  t.ok(shellCommands('README.md').some(({ text }) => text.endsWith('serve --config deploy/examples/config')));
  t.end();
});

t.test('the pod before and after is what inject makes of the example', async (t) => {
  const shown = [...pageText('README.md').matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']): unknown =>
    parse(text),
  );
  const [before, after] = shown;
  const place = await workplace(t);
  const file = resolve(root, 'deploy/examples/deployment.yaml');
  const { code, stdout, stderr } = await place.outrider([
    'inject',
    '-f',
    file,
    '--profile',
    'sysdig',
    '--set',
    'region=us2',
  ]);
  t.equal(code, 0, stderr);
  holds(t, podOf(readFileSync(file, 'utf8')), before, 'before');
  holds(t, podOf(stdout), after, 'after');
});

/** The pod spec of a Deployment's template. */
function podOf(text: string): unknown {
  const document: unknown = parse(text);
  const template = objectOf(objectOf(objectOf(document)?.['spec'])?.['template']);
  return template?.['spec'];
}

/** Whether everything that a page shows is there; items of a list by their name. */
function holds(t: Test, there: unknown, shown: unknown, at: string): void {
  if (Array.isArray(shown) && shown.every(isObject)) {
    for (const item of shown) {
      const name = stringOf(item['name']) ?? '';
      holds(
        t,
        listOf(there).find((other) => isObject(other) && other['name'] === name),
        item,
        `${at}.${name}`,
      );
    }
  } else if (isObject(shown)) {
    for (const [key, value] of Object.entries(shown)) holds(t, objectOf(there)?.[key], value, `${at}.${key}`);
  } else {
    t.same(there, shown, at);
  }
}
