// Reads the output of the look script. Anything that can write into the output could claim anything, so only its exact form
// is accepted.

/** A thread, as the kernel reports it. */
export interface LookedTask {
  readonly tid: number;
  /** `R`, `S`, `D`, `T`, `t`; `Z` and `X` have ended. */
  readonly state: string;
  /** The thread that traces it, 0 for none; `undefined` if that was not available. */
  readonly tracer: number | undefined;
}

/** A process, as the kernel reports it. */
export interface LookedProcess {
  readonly pid: number;
  /** 0 for one whose parent is outside the namespace: the first of a container, or a session. */
  readonly parent: number | undefined;
  /** Ticks since the machine started. */
  readonly start: number | undefined;
  /** Whether it may trace any process of the pod, and so read and change it. */
  readonly mayTrace: boolean;
  /** As its author set it. */
  readonly name: string;
  readonly cgroups: readonly string[];
  readonly tasks: readonly LookedTask[];
}

/** What a look saw. */
export interface Look {
  readonly processes: ReadonlyMap<number, LookedProcess>;
  /** False if the output is cut off, or there were more threads than are looked at. */
  readonly complete: boolean;
}

interface Gathered {
  about: Pick<LookedProcess, 'parent' | 'start' | 'mayTrace' | 'name'> | undefined;
  readonly cgroups: string[];
  readonly tasks: LookedTask[];
}

/** @returns `undefined` if it is not output of the look script, or is mangled */
export function parseLook(text: string): Look | undefined {
  const lines = text.split('\n');
  const rest = lines.pop();
  if (lines[0] !== 'look 1') return undefined;
  const gathered = new Map<number, Gathered>();
  const end = lines.at(-1) ?? '';
  const hasEnd = /^end \d{1,10}$/.test(end) && rest === '';
  const body = lines.slice(1, hasEnd ? -1 : undefined);
  let cut = !hasEnd;
  for (const [index, line] of body.entries()) {
    if (line === 'cut' && index === body.length - 1) cut = true;
    else if (!takeLine(line, gathered)) return undefined;
  }
  const processes = new Map<number, LookedProcess>();
  for (const [pid, { about, cgroups, tasks }] of gathered) {
    processes.set(pid, { ...(about ?? unknown), pid, cgroups, tasks });
  }
  return { processes, complete: !cut };
}

/** The values for a process whose first thread was gone. */
const unknown = { parent: undefined, start: undefined, mayTrace: false, name: '' } as const;
/** CAP_SYS_PTRACE. */
const traceBit = 1n << 19n;

const forms = {
  task: /^task (\d{1,10}) (\d{1,10}) ([A-Za-z?]) (\d{1,10}|\?)$/,
  process: /^process (\d{1,10}) (\d{1,10}|\?) (\d{1,20}|\?) ([0-9a-f]{1,32}|\?) (.*)$/s,
  cgroup: /^cgroup (\d{1,10}) (\/.*)$/s,
} as const;

function takeLine(line: string, gathered: Map<number, Gathered>): boolean {
  const task = forms.task.exec(line);
  if (task !== null) {
    const [, pid, tid, state = '?', tracer] = task;
    processIn(gathered, pid).tasks.push({ tid: Number(tid), state, tracer: numberOf(tracer) });
    return true;
  }
  const process = forms.process.exec(line);
  if (process !== null) {
    const [, pid, parent, start, capabilities = '?', name = ''] = process;
    const found = processIn(gathered, pid);
    if (found.about !== undefined) return false;
    const mayTrace = capabilities === '?' || (BigInt(`0x${capabilities}`) & traceBit) !== 0n;
    found.about = { parent: numberOf(parent), start: numberOf(start), mayTrace, name };
    return true;
  }
  const [, pid, path] = forms.cgroup.exec(line) ?? [];
  if (pid === undefined || path === undefined) return false;
  processIn(gathered, pid).cgroups.push(path);
  return true;
}

function processIn(gathered: Map<number, Gathered>, text: string | undefined): Gathered {
  const pid = Number(text);
  const known = gathered.get(pid);
  if (known !== undefined) return known;
  const made: Gathered = { about: undefined, cgroups: [], tasks: [] };
  gathered.set(pid, made);
  return made;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '?' ? undefined : Number(text);
}
