import { commands } from '../../../src/cli/commands.js';
import { run } from '../../../src/cli/program.js';
import { Finding } from '../target.js';

/** What a command line leaves behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process with bytes on its standard input. */
export async function outrider(argv: readonly string[], stdin: Uint8Array): Promise<Ran> {
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
    cwd: process.cwd(),
    env: { OUTRIDER_LOOKUP: 'false' },
    programName: 'outrider',
  });
  const fault = /^outrider: error: internal: .*/m.exec(written.stderr);
  if (fault !== null) throw new Finding(`outrider ${argv[0] ?? ''}: ${fault[0].slice(0, 2_000)}`);
  return { code, ...written };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** The code of the first error that was printed, as far as a message shows it: what stands behind the place. */
export function refusalOf(stderr: string): string {
  const line = /^outrider: error: (.*)$/m.exec(stderr)?.[1] ?? '';
  return line
    .replaceAll(/"[^"]*"|[/`'][^ ]*|\d+/g, '')
    .split(' ')
    .filter((word) => /^[a-z]+$/.test(word))
    .slice(0, 6)
    .join(' ');
}
