import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commands } from '../../src/cli/commands.js';
import type { Io } from '../../src/cli/io.js';
import { run } from '../../src/cli/program.js';

export { commands };

/** What a run left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly isTerminal?: boolean;
  readonly isInteractive?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly programName?: string;
}

/** A folder of its own, and the command line run in it. */
export interface Workplace {
  readonly cwd: string;
  outrider(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  read(name: string): Promise<string>;
  write(name: string, text: string | Uint8Array): Promise<void>;
}

/** Makes a folder with files in it that goes away with the test. */
export async function workplace(
  t: { teardown(fn: () => Promise<unknown>): unknown },
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Workplace> {
  const cwd = await mkdtemp(join(tmpdir(), 'outrider-cli-'));
  t.teardown(() => rm(cwd, { recursive: true, force: true }));
  const write = async (name: string, text: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  return {
    cwd,
    write,
    read: (name) => readFile(join(cwd, name), 'utf8'),
    outrider: (argv, options) => runIn(cwd, argv, options),
  };
}

async function runIn(cwd: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const isTerminal = options.isTerminal === true;
  const output = (name: keyof typeof written): Io['stdout'] => ({
    write: (text) => void (written[name] += text),
    isTerminal,
    columns: isTerminal ? 100 : undefined,
  });
  const io: Io = {
    stdin: stdinOf(options.stdin ?? ''),
    stdout: output('stdout'),
    stderr: output('stderr'),
    isInteractive: options.isInteractive === true,
    cwd,
    // No test asks the internet; one about look-ups has a registry of its own and says so.
    env: { OUTRIDER_LOOKUP: 'false', ...options.env },
    programName: options.programName ?? 'outrider',
  };
  return { code: await run(commands, argv, io), ...written };
}

async function* stdinOf(input: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(input);
  // In two parts, so that a character may be cut in the middle.
  const middle = Math.floor(bytes.length / 2);
  yield await Promise.resolve(bytes.subarray(0, middle));
  yield bytes.subarray(middle);
}
