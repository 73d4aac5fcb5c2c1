import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.js';

const script = fileURLToPath(new URL('child.js', import.meta.url));
const lookEveryMs = 500;
/** CPU time on one input after which it hangs, ms: the process counts what is slow itself, when it comes back at all. */
const defaultHangMs = 60_000;
/** Time on one input without CPU time to speak of: something waits for what never comes. */
const defaultIdleHangMs = 80_000;
/** What is CPU time to speak of, as a share of that. On a busy machine a process that works gets more, and in the end hangs. */
const idleShare = 0.1;

/** What one process is to do. */
export interface Task {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  /** In ms since 1970; 0 for as long as the runs take. */
  readonly untilMs?: number;
  /** Inputs to try, in the place of made ones. */
  readonly files?: readonly string[];
  readonly hangMs?: number;
  readonly idleHangMs?: number;
}

/**
 * Feeds a target in a process of its own. A process that hangs on an input, or dies of one, is a finding, with the input
 * as it was.
 */
export async function run(task: Task): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-fuzz-'));
  const current = join(folder, 'current');
  const { target, seed, runs, untilMs = 0, files = [] } = task;
  const { hangMs = defaultHangMs, idleHangMs = defaultIdleHangMs } = task;
  const flags = [script, target, String(seed), String(runs), String(untilMs), current, ...files];
  const child = spawn(process.execPath, ['--max-old-space-size=1024', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaint = '';
  let hangs = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)));
  const watch = watchdog(child.pid ?? 0, current, { hangMs, idleHangMs }, (why) => {
    hangs = why;
    child.kill('SIGKILL');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  watch.stop();
  const input = existing(current);
  rmSync(folder, { recursive: true, force: true });
  if (code === 0 && hangs === '') return JSON.parse(output) as Report;
  const fault = hangs === '' ? `the process died (${String(code ?? signal)}): ${complaint}` : hangs;
  const found = { kind: fault.slice(0, 80), fault, times: 1, input: input.toString('base64') };
  return { target, seed, runs: 0, bytes: 0, unsteady: 0, outcomes: {}, findings: [found], firsts: [] };
}

/** Ends a process that is too long at one input. */
function watchdog(
  pid: number,
  current: string,
  { hangMs, idleHangMs }: Required<Pick<Task, 'hangMs' | 'idleHangMs'>>,
  onHang: (why: string) => void,
): { stop(): void } {
  let input: Buffer = Buffer.from('none');
  let sinceMs = Date.now();
  let cpuMs = 0;
  const timer = setInterval(() => {
    const now = existing(current);
    const used = cpuOf(pid);
    // Until the first input there is the start of the process, which is long.
    if (!now.equals(input) || now.length === 0) {
      input = now;
      sinceMs = Date.now();
      cpuMs = used;
    } else if (used - cpuMs > hangMs) onHang(`hangs: ${hangMs} ms of CPU time, and no end`);
    else if (Date.now() - sinceMs > idleHangMs && used - cpuMs < idleHangMs * idleShare)
      onHang(`waits: ${idleHangMs} ms, and no end`);
  }, lookEveryMs);
  return { stop: () => clearInterval(timer) };
}

/** CPU time of a process so far, ms (proc(5): fields 14 and 15, in hundredths of a second); 0 where there is no /proc. */
function cpuOf(pid: number): number {
  const fields = existing(`/proc/${pid}/stat`).toString().split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

function existing(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
