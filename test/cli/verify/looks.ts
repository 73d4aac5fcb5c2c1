/** A process of a look, as tests describe it. */
export interface Described {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly cgroup: string;
  /** By the thread of the tracer; nobody unless given. */
  readonly tracer?: number;
  readonly state?: string;
  readonly start?: number;
  /** Capabilities in effect, in hexadecimal. */
  readonly capabilities?: string;
  /** Further threads, by number, with what traces each. */
  readonly threads?: Readonly<Record<number, number>>;
}

/** What the look script prints of them. */
export function lookText(processes: readonly Described[]): string {
  const lines = processes.flatMap(
    ({
      pid,
      parent,
      name,
      cgroup,
      tracer = 0,
      state = 'S',
      start = pid,
      capabilities = '0000000000000000',
      threads = {},
    }) => [
      `task ${pid} ${pid} ${state} ${tracer}`,
      `process ${pid} ${parent} ${start} ${capabilities} ${name}`,
      `cgroup ${pid} ${cgroup}`,
      ...Object.entries(threads).map(([tid, by]) => `task ${pid} ${tid} S ${by}`),
    ],
  );
  return ['look 1', ...lines, `end ${processes.length}`, ''].join('\n');
}
