import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The server's keeper: it sends the server the signals that it reads, and ends it as soon as its own standard input
 * does. The other end of that pipe is held
 * by the test, and the kernel closes it however the test ends, SIGKILL included, so no server outlives its test.
 */
const keeper = `
exec 3<&0 </dev/null
"$@" 3<&- & server=$!
{ while read -r name <&3; do kill -"$name" "$server"; done; kill -KILL "$server"; } 2>/dev/null & guard=$!
exec 3<&-
wait "$server"; code=$?
kill "$guard" 2>/dev/null
exit "$code"`;

// A log goes on between two looks at it.
const lastOutputLength = 256_000;
const shownLength = 8_000;

/** A server that a test started. */
export interface GuardedProcess {
  /** The end of what it has printed, both streams. */
  output(): string;
  /** True once it has ended, by itself or by `stop`. */
  hasEnded(): boolean;
  /** Sends it a signal, such as `TERM`. */
  signal(name: 'TERM' | 'STOP' | 'CONT'): void;
  /** Resolves when it has ended, with its exit code; `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Kills it, without a chance to say goodbye, and resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a server that ends with this process at the latest.
 * @param descriptors file descriptors that it inherits, from 4 on
 */
export function startGuarded(
  program: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
  descriptors: readonly number[] = [],
): GuardedProcess {
  const child = spawn('/bin/sh', ['-c', keeper, 'sh', program, ...parameters], {
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', ...descriptors],
    env: { ...process.env, ...env },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-lastOutputLength);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  // A server that ends by itself takes the reader of this pipe with it.
  child.stdin?.on('error', () => undefined);
  const closed = once(child, 'close');
  return {
    output: () => output,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (name) => void child.stdin?.write(`${name}\n`),
    ended: closed.then(() => child.exitCode),
    stop: async () => {
      child.stdin?.end();
      await closed;
    },
  };
}

/** How long until something is looked at again, first and at most: a look may take as long as what is waited for. */
const firstPollMs = 50;
const longestPollMs = 400;
/** How long at most, before a test gives up on it. */
const patienceMs = 180_000;

/**
 * Waits until something holds.
 * @param holds what is awaited; a rejection counts as "not yet"
 * @param process the server that has to live for it
 * @param patience how long to wait at most, in milliseconds; three minutes unless given
 * @throws when the server ends, or the patience does, with the end of what the server printed
 */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  process?: Pick<GuardedProcess, 'output' | 'hasEnded'>,
  patience = patienceMs,
): Promise<void> {
  const giveUpAt = performance.now() + patience;
  let pollMs = firstPollMs;
  while (!(await holds().catch(() => false))) {
    const why = process?.hasEnded() === true ? 'its server has ended' : 'it took too long';
    if (process?.hasEnded() === true || performance.now() > giveUpAt) {
      throw new Error(`waited for ${what}: ${why}\n${process?.output().slice(-shownLength) ?? ''}`);
    }
    await sleep(pollMs);
    pollMs = Math.min(longestPollMs, pollMs * 1.3);
  }
}
