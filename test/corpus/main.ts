import { parseArgs } from 'node:util';
import { outrider } from '../support/program.js';
import { askedProfiles } from './profiles.js';
import { summaryText, type CorpusReport } from './report.js';
import { runCorpus } from './run.js';

const known = askedProfiles();
const help = `Runs inject, inject again, uninject and explain over every file of a folder, in every form of output and with each
built-in profile, and reports what does not hold. Ends with 1 when something was found. Nothing of the folder is changed.
Ctrl-C ends it after the file at hand, with what was found until then.

  npm run corpus -- [options] FOLDER...

  --profile NAME      one of ${known.map(({ name }) => name).join(', ')}; may be given several times. Default: all
  --slow-ms N         a command that takes longer is a finding. Default: 10000
  -o, --output FORM   text or json. Default: text
  -h, --help

Examples:
  npm run corpus -- ~/src/manifests
  npm run -s corpus -- --profile sysdig -o json templates/ > findings.json`;

function read() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        profile: { type: 'string', multiple: true, default: known.map(({ name }) => name) },
        'slow-ms': { type: 'string', default: '10000' },
        output: { type: 'string', short: 'o', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const unknown = values.profile.find((name) => !known.some((profile) => profile.name === name));
    if (unknown !== undefined) throw new Error(`--profile ${unknown} is no built-in profile.`);
    const slowMs = Number(values['slow-ms']);
    if (!(slowMs > 0)) throw new Error('--slow-ms is a number above 0.');
    const { output } = values;
    if (output !== 'text' && output !== 'json') throw new Error('--output is text or json.');
    if (positionals.length === 0) throw new Error('Name a folder.');
    return {
      folders: positionals,
      profiles: known.filter(({ name }) => values.profile.includes(name)),
      slowMs,
      output,
    };
  } catch (error) {
    fail(error, 'npm run corpus -- --help says what there is.');
  }
}

function fail(error: unknown, hint = ''): never {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${hint}`.trimEnd());
  process.exit(2);
}

/** One line that is written over, for a person who waits. */
function showProgress(name: string, { progress: { files, findings } }: CorpusReport): void {
  const line = `${files} files, ${findings} found: ${name}`;
  process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
}

const { folders, profiles, slowMs, output } = read();
const onFile = process.stderr.isTTY ? { onFile: showProgress } : {};
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const nowMs = (): number => performance.now();
const report = await runCorpus(folders, { profiles, slowMs, nowMs, outrider, signal: stop.signal, ...onFile }).catch(
  (error: unknown) => fail(error),
);
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
const summary = report.summary();
process.stdout.write(output === 'json' ? `${JSON.stringify(summary, undefined, 2)}\n` : summaryText(summary));
process.exitCode = report.progress.findings > 0 ? 1 : 0;
