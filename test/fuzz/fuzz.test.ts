import { basename } from 'node:path';
import t from 'tap';
import { describe, findingsOf } from './findings.js';
import { run } from './run.js';
import { targets } from './targets/all.js';

// A fixed seed, so that a change is judged by the same inputs as the one before it; `npm run fuzz` takes others.
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const times = Number(process.env['FUZZ_TIMES'] ?? 1);
t.comment(`FUZZ_SEED=${seed} FUZZ_TIMES=${times}`);
t.setTimeout(600_000 * times);

const laws: Readonly<Record<string, string>> = {
  doors: 'every review gets an answer that the API server takes, or a refusal',
  sessions: 'every review of a session gets an answer that the API server takes, or a refusal, whatever the pod is',
  debug: 'every review of debug containers gets an answer that the API server takes, or a refusal',
  configuration: 'every configuration is compiled, or refused with errors for people',
  manifests: 'every manifest comes back from inject and uninject, or is refused',
  tasks: 'every task definition comes back from inject and uninject, or is refused',
  texts: 'every text of registries, docker and our own files is read, or refused',
  registry: 'every answer of a registry ends in an outcome',
  growth: 'what grows eightfold takes about eight times as long',
  http: 'every request is answered out of the closed list, and the server serves on',
  updates: 'every review of an update of a running pod gets an answer that the API server takes, or a refusal',
};

for (const [target, { runsInSuite }] of Object.entries(targets)) {
  t.test(laws[target] ?? target, async (t) => {
    const { runs, outcomes, findings } = await run({ target, seed, runs: runsInSuite * times });
    t.strictSame(findings.map(describe), []);
    t.ok(runs >= runsInSuite, `${runs} inputs`);
    t.ok(Object.keys(outcomes).length >= 5, `of ${Object.keys(outcomes).length} kinds`);
  });

  for (const file of findingsOf(target)) {
    t.test(`once failed: ${target}, ${basename(file)}`, async (t) => {
      const { findings } = await run({ target, seed: 0, runs: 0, files: [file] });
      t.strictSame(findings.map(describe), []);
    });
  }
}

t.test('an input that kills, and one that never ends, are findings with their bytes', async (t) => {
  for (const [target, fault, idleHangMs] of [
    ['dies', /the process died/, 60_000],
    // A busy machine gives a process less time than passes: only its own time tells.
    ['hangs', /hangs/, 60_000],
    ['waits', /waits/, 3_000],
  ] as const) {
    const { findings } = await run({
      target: `self-test ${target}`,
      seed: 1,
      runs: 3,
      hangMs: 1_000,
      idleHangMs,
    });
    t.match(findings, [{ fault, input: Buffer.from(target).toString('base64') }]);
  }
});

t.test('a fault is a finding once, with the smallest input', async (t) => {
  const { findings } = await run({ target: 'self-test fails', seed: 1, runs: 300 });
  t.match(findings, [{ fault: /holds the letter/, input: Buffer.from('x').toString('base64') }]);
  t.equal(findings.length, 1);
  t.ok((findings[0]?.times ?? 0) > 1);
});
