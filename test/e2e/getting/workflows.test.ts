import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parse } from 'yaml';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';

const root = resolve(import.meta.dirname, '../../../..');
const folder = join(root, '.github/workflows');
const names = readdirSync(folder);
const run = promisify(execFile);

t.test('U1: actionlint has nothing to say of the workflows', async (t) => {
  const script = join(root, 'test/e2e/cluster/build-actionlint.sh');
  const program = (await run('bash', [script, '--where'])).stdout.trim();
  const { stdout } = await run(
    program,
    names.map((name) => join(folder, name)),
  );
  t.equal(stdout, '');
});

t.test('U1: each action is pinned to a commit, and each job says what it may do', (t) => {
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const [line] of text.matchAll(/^.*\buses: .*$/gm)) {
      t.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${name}: ${line.trim()}`);
    }
    t.notMatch(
      text,
      /run: .*\$\{\{|pull_request_target|secrets\./,
      `${name}: nothing of a stranger’s gets into a script`,
    );
    const workflow = objectOf(parse(text));
    t.same(workflow?.['permissions'], {}, `${name}: nothing by default`);
    for (const [job, value] of Object.entries(objectOf(workflow?.['jobs']) ?? {})) {
      const about = objectOf(value);
      t.ok(objectOf(about?.['permissions']), `${name}: ${job}`);
      t.type(about?.['timeout-minutes'], 'number', `${name}: ${job} ends`);
      for (const step of listOf(about?.['steps']).map(objectOf)) {
        if (stringOf(step?.['uses'])?.startsWith('actions/checkout@') !== true) continue;
        t.match(step, { with: { 'persist-credentials': false } }, `${name}: ${job} keeps no token`);
      }
    }
  }
  t.end();
});
