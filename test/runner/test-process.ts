import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a test file came to. */
export interface TestRun {
  readonly file: string;
  readonly passed: number;
  /** At least 1 where the file failed, whatever it counted itself. */
  readonly failed: number;
  readonly seconds: number;
  /** How it ended, where that is not the end of a test that passed. */
  readonly end: string | undefined;
  /** All that it printed, both streams. */
  readonly output: string;
}

/** For a file that says nothing of its own, in seconds: what tap calls `timeout`. */
const timeoutSeconds = 600;
/** A file that is not back after this long is killed, whatever it allows itself, in milliseconds. */
const longestMs = 45 * 60_000;

/** Runs a test file to its end. */
export async function runTestFile(file: string): Promise<TestRun> {
  const beganMs = performance.now();
  const env = { ...process.env, TAP_TIMEOUT: process.env['TAP_TIMEOUT'] ?? String(timeoutSeconds) };
  const child = spawn(process.execPath, ['--enable-source-maps', file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => void chunks.push(chunk));
  const tooLong = setTimeout(() => child.kill('SIGKILL'), longestMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(tooLong);
  const output = Buffer.concat(chunks).toString();
  const counts = countsOf(output);
  const end =
    code === 0 ? (counts === undefined ? 'without a count' : undefined) : `ended by ${String(code ?? signal)}`;
  return {
    file,
    passed: counts?.passed ?? 0,
    failed: Math.max(counts?.failed ?? 0, end === undefined ? 0 : 1),
    seconds: (performance.now() - beganMs) / 1_000,
    end,
    output,
  };
}

/** What a test counted, as tap says at the end: `# { total: 3, pass: 2, fail: 1 }`. */
export function countsOf(output: string): { readonly passed: number; readonly failed: number } | undefined {
  const last = output.match(/^# \{ total: \d+[^}\n]*\}$/gm)?.at(-1);
  if (last === undefined) return undefined;
  const count = (name: string): number => Number(new RegExp(` ${name}: (\\d+)`).exec(last)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') };
}
