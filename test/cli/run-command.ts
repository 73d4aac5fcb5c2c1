import type { CommandDefinition } from '../../src/cli/command.js';
import type { ClusterOpener } from '../../src/cli/options/cluster.js';
import { run } from '../../src/cli/program.js';
import type { ApiClient } from '../../src/cluster/client/api-client.js';
import { systemClock } from '../../src/time/clock.js';

/** What a run left behind. */
export interface RanCommand {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs. */
export interface CommandPlace {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether what goes to stderr goes to a terminal. */
  readonly isTerminal?: boolean;
}

/** Opens a cluster in memory, in whose namespace `shop` a command runs. */
export function openInMemory(client: ApiClient): ClusterOpener {
  return () =>
    Promise.resolve({
      client,
      clock: systemClock,
      namespace: 'shop',
      readText: () => Promise.reject(new Error('no text is read')),
      exec: () => Promise.reject(new Error('nothing is run in a pod')),
    });
}

/** Runs one command with its arguments. */
export async function runCommand(
  name: string,
  definition: CommandDefinition,
  argv: readonly string[],
  { cwd = '/', env = {}, isTerminal = false }: CommandPlace = {},
): Promise<RanCommand> {
  const written = { stdout: '', stderr: '' };
  const output = (to: keyof typeof written, terminal: boolean) => ({
    write: (text: string) => void (written[to] += text),
    isTerminal: terminal,
    columns: undefined,
  });
  const entry = { name, summary: '', load: () => Promise.resolve(definition) };
  const code = await run([entry], [name, ...argv], {
    stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: '' }) }) },
    stdout: output('stdout', false),
    stderr: output('stderr', isTerminal),
    cwd,
    env,
    programName: 'outrider',
    isInteractive: false,
  });
  return { code, ...written };
}
