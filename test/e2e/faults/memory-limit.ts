import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A group of processes that may take so much memory and no more, as a container may. */
export interface MemoryLimit {
  /** How a program is started in it: put in front of its command. */
  readonly command: readonly string[];
  /** The most that its processes had at a time, sockets' buffers and files' pages included. */
  readonly peakBytes: () => number;
  /** How often one of them was killed for memory. */
  readonly kills: () => number;
  /** Takes it away once its processes have ended. */
  readonly remove: () => Promise<void>;
}

/** The two kinds of control groups: where they are, and what their files are called. */
const kinds = [
  {
    folder: '/sys/fs/cgroup/memory',
    most: 'memory.limit_in_bytes',
    peak: 'memory.max_usage_in_bytes',
    events: 'memory.oom_control',
  },
  { folder: '/sys/fs/cgroup', most: 'memory.max', peak: 'memory.peak', events: 'memory.events' },
];

/** Makes a control group with a limit; `undefined` where this machine lets nobody make one. */
export function makeMemoryLimit(limitBytes: number): MemoryLimit | undefined {
  for (const { folder, most, peak, events } of kinds) {
    const group = join(folder, `outrider-test-${String(process.pid)}-${String(Date.now())}`);
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(group, most), String(limitBytes));
      readFileSync(join(group, peak));
    } catch {
      rmdirSync(group);
      continue;
    }
    return {
      command: ['/bin/sh', '-c', `echo $$ > ${join(group, 'cgroup.procs')} && exec "$@"`, 'sh'],
      peakBytes: () => Number(readFileSync(join(group, peak), 'utf8')),
      kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(group, events), 'utf8'))?.[1] ?? 0),
      remove: async () => {
        for (let attempt = 1; ; attempt++) {
          try {
            rmdirSync(group);
            return;
          } catch (error) {
            if (attempt === 50) throw error;
            await sleep(100);
          }
        }
      },
    };
  }
  return undefined;
}

/** The most memory that a process has had so far. */
export function peakResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
