import { commands } from '../../src/cli/commands.js';
import { run } from '../../src/cli/program.js';

/** What a command line leaves behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in a folder, with a text or bytes on its standard input. */
export type Outrider = (argv: readonly string[], cwd: string, stdin?: string | Uint8Array) => Promise<Ran>;

/** The program in this process, without look-ups: thousands of files are read in minutes. */
export async function outrider(argv: readonly string[], cwd: string, stdin: string | Uint8Array = ''): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({
    write: (text: string) => void (written[name] += text),
    isTerminal: false,
    columns: undefined,
  });
  const code = await run(commands, argv, {
    stdin: once(stdin),
    stdout: output('stdout'),
    stderr: output('stderr'),
    cwd,
    env: { OUTRIDER_LOOKUP: 'false' },
    programName: 'outrider',
    isInteractive: false,
  });
  return { code, ...written };
}

async function* once<Part>(part: Part): AsyncGenerator<Part> {
  yield await Promise.resolve(part);
}
