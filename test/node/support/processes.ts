import { readdirSync, readFileSync } from 'node:fs';

/** A process of a container, as the node sees it. */
export interface NodeProcess {
  readonly pid: number;
  readonly parent: number;
  /** The process that traces it, 0 for none. */
  readonly tracer: number;
  readonly argv: readonly string[];
  readonly uid: number;
  /** Effective capabilities, a bit mask. */
  readonly capabilities: bigint;
}

/** The processes of a container, by the id that its status gives. The tests share the node's PID namespace. */
export function processesOf(containerId: string): readonly NodeProcess[] {
  const id = containerId.replace(/^.*\/\//, '');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(name, id) ?? []);
}

/** `undefined` for a process of another container, and for one that has just ended. */
function readProcess(name: string, containerId: string): NodeProcess | undefined {
  try {
    if (!readFileSync(`/proc/${name}/cgroup`, 'utf8').includes(containerId)) return undefined;
    const status = readFileSync(`/proc/${name}/status`, 'utf8');
    const field = (key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    if (field('State') === 'Z') return undefined;
    return {
      pid: Number(name),
      parent: Number(field('PPid')),
      tracer: Number(field('TracerPid')),
      argv: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1),
      uid: Number(field('Uid')),
      capabilities: BigInt(`0x${field('CapEff')}`),
    };
  } catch {
    return undefined;
  }
}

/** A container's processes apart: its tracer, and what it started. */
export interface Traced {
  readonly tracer: NodeProcess | undefined;
  readonly workload: readonly NodeProcess[];
  /** Whether there is a workload and each of its processes is traced by the tracer. */
  readonly allTraced: boolean;
}

/** @param wrapper the path that the tracer was started by */
export function tracedIn(containerId: string, wrapper: string): Traced {
  const all = processesOf(containerId);
  // A busybox or a shell in the place of a tracer has its path second.
  const tracer = all.find(({ argv, tracer }) => tracer === 0 && argv[0] === wrapper);
  const workload = all.filter(({ pid }) => pid !== tracer?.pid);
  const allTraced = workload.length > 0 && workload.every((process) => process.tracer === (tracer?.pid ?? -1));
  return { tracer, workload, allTraced };
}
