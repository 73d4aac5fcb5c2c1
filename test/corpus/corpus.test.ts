import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { builtInProfiles } from '../../src/profile/registry.js';
import { checkFile } from './check-file.js';
import type { FileOutcome } from './check-profile.js';
import { expected } from './expected.js';
import { findingKinds, type FindingKind } from './finding.js';
import { outrider, type Outrider, type Ran } from '../support/program.js';
import { askedProfiles } from './profiles.js';
import { summaryText } from './report.js';
import { runCorpus } from './run.js';

const folder = 'test/fixtures/corpus';
const nowMs = (): number => performance.now();
// Slower than any machine that runs tests: what takes long is for a person to look at.
const patient = { slowMs: 120_000, nowMs };

t.setTimeout(600_000);

t.test('every file of the corpus comes out as its row says, and nothing is found in any', async (t) => {
  const seen: Record<string, readonly (number | FileOutcome)[]> = {};
  const report = await runCorpus([folder], {
    ...patient,
    profiles: askedProfiles(),
    outrider,
    onResult: ({ name, documents, workloads, outcomes }) => {
      seen[name] = [documents, workloads, ...Object.values(outcomes)];
    },
  });
  const summary = report.summary();
  t.strictSame(summary.findings, []);
  t.equal(report.progress.findings, 0);
  t.strictSame(seen, expected, 'each file, and no other');
  t.equal(summary.files, Object.keys(expected).length);
  t.match(summaryText(summary), /^42 files, .*\nNothing was found\.\n$/s);
});

t.test('each built-in profile is run with settings that it takes', async (t) => {
  t.strictSame(
    askedProfiles().map(({ name }) => name),
    builtInProfiles().map(({ metadata }) => metadata.name),
  );
  const file = join(folder, 'tasks/task-definition.json');
  for (const { name, argv } of askedProfiles()) {
    const { code, stderr } = await outrider(['inject', '-f', file, ...argv, '--report', 'json'], process.cwd());
    t.equal(code, 0, `${name}: ${stderr.slice(0, 200)}`);
  }
});

type Spoil = (argv: readonly string[], ran: Ran) => Ran | undefined;

const isInject = ([command]: readonly string[]): boolean => command === 'inject';
const has = (argv: readonly string[], ...words: readonly string[]): boolean =>
  words.every((word) => argv.includes(word));
const isAgain = (argv: readonly string[]): boolean => isInject(argv) && has(argv, '-f', '-');
const isFirst = (argv: readonly string[]): boolean => isInject(argv) && has(argv, '--undo-file');

/** A fault of the product for each kind of finding, in a file in which it can be seen. */
const faults: Readonly<Record<FindingKind, { readonly file: string; readonly spoil: Spoil }>> = {
  crash: {
    file: 'pods/comments.yaml',
    spoil: ([command], ran) =>
      command === 'explain' ? { ...ran, stderr: 'TypeError: x\n    at f (file:///a.js:1:2)\n' } : undefined,
  },
  exit_code: { file: 'pods/comments.yaml', spoil: (argv, ran) => (isFirst(argv) ? { ...ran, code: 3 } : undefined) },
  report: {
    file: 'pods/comments.yaml',
    spoil: (argv, ran) => (isFirst(argv) ? { ...ran, stderr: `${ran.stderr}and more\n` } : undefined),
  },
  slow: { file: 'pods/comments.yaml', spoil: () => undefined },
  without_pod: {
    file: 'workloads/deployment-and-service.yaml',
    spoil: (argv, ran) =>
      isFirst(argv) ? { ...ran, stdout: ran.stdout.replace('port:   80', 'port: 80') } : undefined,
  },
  second_run: {
    file: 'pods/comments.yaml',
    spoil: (argv, ran) => (isAgain(argv) ? { ...ran, stdout: `${ran.stdout}\n` } : undefined),
  },
  round_trip: {
    file: 'pods/comments.yaml',
    spoil: ([command, ...rest], ran) =>
      command === 'uninject' && rest.includes('-') ? { ...ran, stdout: ran.stdout.replace('# first', '') } : undefined,
  },
  uninject: {
    file: 'pods/comments.yaml',
    spoil: ([command, ...rest], ran) =>
      command === 'uninject' && !rest.includes('-') ? { ...ran, stdout: '' } : undefined,
  },
  forms: {
    file: 'pods/comments.yaml',
    spoil: (argv, ran) => (has(argv, '-o', 'patch') ? { ...ran, stdout: '[]' } : undefined),
  },
  functions: {
    file: 'tasks/template-without-tasks.yaml',
    spoil: (argv, ran) =>
      has(argv, '-o', 'json') && isInject(argv)
        ? { ...ran, stdout: ran.stdout.replace(/\{\s*"Fn::Sub": ("[^"]*")\s*\}/, '$1') }
        : undefined,
  },
};

for (const [kind, { file, spoil }] of Object.entries(faults)) {
  t.test(`a fault is found: ${findingKinds[kind as FindingKind]}`, async (t) => {
    const scratch = await mkdtemp(join(tmpdir(), 'outrider-corpus-'));
    t.teardown(() => rm(scratch, { recursive: true, force: true }));
    const spoilt: Outrider = async (argv, cwd, stdin) => {
      const ran = await outrider(argv, cwd, stdin);
      return spoil(argv, ran) ?? ran;
    };
    const profiles = askedProfiles().slice(0, 1);
    const tools = { ...patient, outrider: spoilt, scratch, ...(kind === 'slow' ? { slowMs: -1 } : {}) };
    const { findings } = await checkFile(join(process.cwd(), folder, file), file, profiles, tools);
    t.ok(
      findings.some((finding) => finding.kind === kind),
      JSON.stringify(findings),
    );
  });
}

t.test('a command that throws is a finding, and the run goes on', async (t) => {
  const place = await mkdtemp(join(tmpdir(), 'outrider-corpus-'));
  t.teardown(() => rm(place, { recursive: true, force: true }));
  for (const name of ['a.yaml', 'b.yaml']) await writeFile(join(place, name), 'a: 1\n');
  const report = await runCorpus([place], {
    ...patient,
    profiles: askedProfiles(),
    outrider: () => Promise.reject(new Error('boom')),
  });
  const { files, counts, findings } = report.summary();
  t.equal(files, 2);
  t.strictSame(counts, { crash: 6 });
  t.match(findings[0], { kind: 'crash', file: 'a.yaml', detail: 'inject: Error: boom' });
  const stop = new AbortController();
  const stopped = await runCorpus([place], {
    ...patient,
    profiles: askedProfiles(),
    outrider,
    signal: stop.signal,
    onResult: () => stop.abort(),
  });
  t.equal(stopped.summary().files, 1, 'a run that is stopped reports what it has');
  t.match(summaryText(report.summary()), /crash 6: a command throws.*\nFound: 6 crash\.\n$/s);
});
