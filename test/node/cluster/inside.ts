import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const shownLength = 4_000;

/** Starts programs in the namespaces of a cluster. They end when its process 1 does. */
export interface Inside {
  /** The program and parameters that run another one there. */
  argv(program: string, parameters: readonly string[]): readonly [string, readonly string[]];
  /** Runs a program to its end. @throws when it fails, with what it printed */
  run(program: string, ...parameters: readonly string[]): Promise<string>;
  /** Starts a component, whose output goes to a file. */
  start(name: string, program: string, parameters: readonly string[]): Component;
}

/** A part of the cluster that runs. */
export interface Component {
  readonly name: string;
  hasEnded(): boolean;
  /** The end of what it has written. */
  output(): string;
}

/**
 * @param initProcess process 1 of the namespaces, by its id outside
 * @param directory where the components' output goes, below `logs`
 */
export function insideOf(initProcess: number, directory: string, env: NodeJS.ProcessEnv): Inside {
  const logs = join(directory, 'logs');
  mkdirSync(logs);
  const argv: Inside['argv'] = (program, parameters) => [
    'nsenter',
    [`--target=${initProcess}`, '--net', '--mount', '--pid', `--wd=${process.cwd()}`, '--', program, ...parameters],
  ];
  return {
    argv,
    run: async (program, ...parameters) => {
      const [command, list] = argv(program, parameters);
      const child = spawn(command, list, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      if (child.exitCode !== 0) throw new Error(`${program} ${parameters.join(' ')}: ${stderr}${stdout}`);
      return stdout;
    },
    start: (name, program, parameters) => {
      const file = join(logs, `${name}.log`);
      const output = openSync(file, 'a');
      const [command, list] = argv(program, parameters);
      const child = spawn(command, list, { env, stdio: ['ignore', output, output] });
      closeSync(output);
      return { name, hasEnded: () => ended(child), output: () => endOf(file) };
    },
  };
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The end of a log file. */
export function endOf(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().slice(-shownLength);
}
