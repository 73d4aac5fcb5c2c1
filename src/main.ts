import process from 'node:process';
import { commands } from './cli/commands.js';
import { completeWord } from './cli/completion/candidate.js';
import { isKubectlCompletion, processIo } from './cli/io.js';
import { run } from './cli/program.js';

const line = process.argv.slice(2);
const io = processIo();

// The exit code is set, not forced, so that what is still in a pipe gets out.
process.exitCode = isKubectlCompletion(process.argv[1] ?? '')
  ? await completeLine(line)
  : line[0] === completeWord
    ? await completeLine(line.slice(1))
    : await run(commands, line, io, () => io.flush());

async function completeLine(words: readonly string[]): Promise<number> {
  const { complete } = await import('./cli/completion/complete.js');
  return complete(commands, words, io);
}
