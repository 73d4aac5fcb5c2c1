import fc from 'fast-check';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { outrider } from '../../support/program.js';
import {
  fileForms,
  inContainer,
  inMetadata,
  inSpec,
  podWith,
  writtenForms,
  type WrittenForm,
} from './written-forms.js';
import { scalarForms } from './written-scalars.js';
import { writtenTasks } from './written-tasks.js';

t.setTimeout(600_000);

const key = 'accessKeySecretArn=arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf';
const sysdig = ['--profile', 'sysdig', '--set', 'region=us2', '--set', key];
const profiles = [sysdig, ['--profile', 'datadog', '--set', key]] as const;
const wraps = Object.values(fileForms);

function nth<Value>(values: readonly Value[], index: number): Value {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('an empty list');
  return value;
}

async function inject(text: string, flags: readonly string[], cwd = tmpdir()): Promise<string> {
  const { code, stdout, stderr } = await outrider(['inject', '-f', '-', '-q', ...flags], cwd, text);
  if (code !== 0 || stdout === text) throw new Error(`not injected: ${stderr}\n${text}`);
  return stdout;
}

async function uninject(text: string, flags: readonly string[] = [], cwd = tmpdir()): Promise<string> {
  const { code, stdout, stderr } = await outrider(['uninject', '-f', '-', '-q', ...flags], cwd, text);
  if (code !== 0) throw new Error(`${stderr}\n${text}`);
  return stdout;
}

/** The first few that do not come back as they came in. */
async function lost(forms: readonly WrittenForm[], folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const [index, flags] of profiles.entries()) {
    const own = forms.filter((_, at) => at % profiles.length === index);
    const place = join(folder, `${index}`);
    await mkdir(place);
    const paths = own.map((_, at) => join(place, `${at}.yaml`));
    const texts = async (): Promise<readonly string[]> => Promise.all(paths.map((path) => readFile(path, 'utf8')));
    await Promise.all(paths.map((path, at) => writeFile(path, nth(own, at).text)));
    await changed(['inject', '-f', place, '--in-place', '-q', ...flags]);
    const there = await texts();
    await changed(['uninject', '-f', place, '--in-place', '-q']);
    const back = await texts();
    for (const [at, { name, text }] of own.entries()) {
      if (nth(there, at) === text) throw new Error(`not injected: ${name}\n${text}`);
      if (nth(back, at) !== text && names.length < 5) names.push(`${name}\n${text}\n---\n${nth(back, at)}`);
    }
  }
  return names;
}

async function changed(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await outrider(argv, tmpdir());
  if (code !== 0) throw new Error(stderr);
}

async function folderOf(t: { teardown(fn: () => Promise<unknown>): unknown }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-undo-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

t.test(
  'W28: every form of nothing, of lists, of mappings, of aliases and merge keys comes back to the byte',
  async (t) => {
    const forms = writtenForms().map(({ name, text }, index) => ({ name, text: nth(wraps, index)(text) }));
    t.ok(forms.length > 600, `${forms.length} forms`);
    t.strictSame(await lost(forms, await folderOf(t)), []);
  },
);

t.test('W14, W28: every style of a scalar with a comment in every place comes back to the byte', async (t) => {
  const forms = scalarForms().map(({ name, text }, index) => ({ name, text: nth(wraps, index)(text) }));
  t.ok(forms.length > 800, `${forms.length} forms`);
  t.strictSame(await lost(forms, await folderOf(t)), []);
});

t.test('W28: every form of nothing in a task of each format comes back to the byte', async (t) => {
  const [inside, outside] = [true, false].map((wanted) =>
    writtenTasks().filter(({ name }) => !name.startsWith('Dockerrun') === wanted),
  );
  const folder = await folderOf(t);
  t.strictSame(await lost(inside ?? [], folder), []);
  for (const [index, { name, text }] of (outside ?? []).entries()) {
    const file = ['--undo-file', `${index}.json`];
    const there = await inject(text, [...nth(profiles, index), ...file], folder);
    t.equal(await uninject(there, file, folder), text, name);
  }
});

t.test(
  'W28: a template that gains a container is injected again, and both come back as they were written',
  async (t) => {
    const forms = inContainer.filter((each) => !each.includes('&') && !each.startsWith('?'));
    for (const [index, form] of forms.entries()) {
      if (index % 4 !== 0) continue;
      const text = podWith(form, 'volumes: [ ] # none', 'labels: { }');
      const gained = '    - {name: late, image: "a/late:1", command: [ /late ], env: [ ] } # late\n';
      const flags = nth(profiles, index);
      const grown = (all: string): string => all.replace('  volumes:', `${gained}  volumes:`);
      const there = await inject(text, flags);
      const again = await inject(grown(there), flags);
      t.equal(await uninject(again), grown(text), form);
    }
  },
);

t.test('W28: property: forms together, in any form of file, come back around what somebody edited', async () => {
  const form = (forms: readonly string[]): fc.Arbitrary<string> =>
    fc.constantFrom(...forms.filter((each) => !each.includes('&')));
  await fc.assert(
    fc.asyncProperty(
      form(inContainer),
      form(inSpec.filter((each) => !each.startsWith('terminationGrace'))),
      form(inMetadata),
      fc.constantFrom(...wraps),
      fc.constantFrom(...profiles),
      fc.subarray([
        ['image: a/web:1', 'image: "a/web:2" # newer'],
        ['name: p', 'name:   q'],
        ['restartPolicy: Never', 'restartPolicy: OnFailure'],
        ['kind: Pod', '# edited\nkind: Pod'],
      ] as const),
      async (container, spec, metadata, wrap, flags, edits) => {
        const edited = (text: string): string => edits.reduce((all, [is, becomes]) => all.replace(is, becomes), text);
        const text = wrap(podWith(container, spec, metadata));
        const there = await inject(text, flags);
        const back = await uninject(edited(there));
        if (back !== edited(text)) throw new Error(`${edited(text)}\n---\n${back}\n---\n${there}`);
        // Other settings: what the first run wrote is updated, and the way back leads as far.
        const updated = await outrider(
          ['inject', '-f', '-', '-q', ...flags, '--set', 'spec.capability=Never'],
          tmpdir(),
          there,
        );
        if (updated.code !== 0) throw new Error(updated.stderr);
        if ((await uninject(updated.stdout)) !== text) throw new Error(`${text}\n---\n${updated.stdout}`);
      },
    ),
    { numRuns: 60 },
  );
});
