import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateFolder } from './kubectl.js';

/** What a person at a terminal does: waits until something is shown, then types. */
export interface TerminalStep {
  readonly shown: RegExp;
  readonly typed: string;
}

const patienceMs = 60_000;
const pollMs = 50;

/** Size of the terminal. */
export const terminalSize = { rows: 33, columns: 97 } as const;

/**
 * Runs kubectl as the admin in a terminal of its own.
 * @throws when something that is waited for is never shown
 */
export async function kubectlInTerminal(
  parameters: readonly string[],
  steps: readonly TerminalStep[],
): Promise<{ readonly exitCode: number; readonly shown: string }> {
  const { rows, columns } = terminalSize;
  const quoted = ['kubectl', ...parameters].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const line = `stty rows ${rows} cols ${columns}; exec ${quoted}`;
  const folder = stateFolder();
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    env: {
      ...process.env,
      SHELL: '/bin/sh',
      TERM: 'xterm',
      KUBECONFIG: join(folder, 'admin.kubeconfig'),
      HOME: join(folder, 'home'),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close');
  try {
    let from = 0;
    for (const step of steps) {
      const giveUpAtMs = performance.now() + patienceMs;
      while (!step.shown.test(shown.slice(from))) {
        if (performance.now() > giveUpAtMs) throw new Error(`${String(step.shown)} is never shown: ${shown}`);
        await sleep(pollMs);
      }
      from = shown.length;
      child.stdin.write(step.typed);
    }
    await Promise.race([ended, sleep(patienceMs).then(() => Promise.reject(new Error(`it does not end: ${shown}`)))]);
    return { exitCode: child.exitCode ?? -1, shown };
  } finally {
    child.kill('SIGKILL');
  }
}
