// Judges what a look saw of one container. What it proves and what it does not is in docs/verify.md.
import type { LookedProcess, LookedTask } from './parse-look.js';

/** A process as a finding names it. */
export interface NamedProcess {
  readonly pid: number;
  readonly name: string;
}

/** A process that the profile's tracer does not trace, or not with all its threads. */
export interface UntracedProcess extends NamedProcess {
  /** Which other process traces it. */
  readonly tracer?: NamedProcess;
  /** Where only some of its threads are not traced: how many. */
  readonly threads?: { readonly untraced: number; readonly all: number };
}

/** A process that came in by exec, or that such a one started. */
export interface SessionProcess extends NamedProcess {
  /** Who traces it; absent where nobody does. */
  readonly tracer?: NamedProcess;
}

/** Why a container is not known to be traced, though nothing of it is seen untraced. */
export type Doubt =
  /** Another program than the profile's traces it all. */
  | 'foreign_tracer'
  /** There is one process, called like the tracer. */
  | 'only_tracer'
  /** All that runs came in by exec. */
  | 'only_sessions';

/** What is to be said of a container's processes. */
export interface Judgement {
  readonly state: 'traced' | 'untraced' | 'none' | 'unknown';
  /** Given for `unknown`. */
  readonly doubt?: Doubt;
  readonly tracer?: NamedProcess;
  /** How many processes it traces. */
  readonly traced: number;
  readonly untraced: readonly UntracedProcess[];
  readonly sessions: readonly SessionProcess[];
}

/** What of a look a container is judged by. */
export interface Seen {
  readonly processes: ReadonlyMap<number, LookedProcess>;
  /** The process of each thread. */
  readonly processOf: ReadonlyMap<number, number>;
}

/** Finds the process of each thread: a tracer is named by its thread. */
export function seenOf(processes: ReadonlyMap<number, LookedProcess>): Seen {
  const processOf = new Map<number, number>();
  for (const { pid, tasks } of processes.values()) for (const { tid } of tasks) processOf.set(tid, pid);
  return { processes, processOf };
}

/** Whether a process has a thread that has not ended. Its first one may have, and others go on. */
export function isAlive({ tasks }: LookedProcess): boolean {
  return tasks.some(isLive);
}

/**
 * Judges one container by its processes.
 *
 * The tracer is known by its place: it is the process that the container was started with, or comes from that one, nobody
 * traces it, and others of the container name it as theirs. Its name is compared last, since anybody can take any.
 *
 * @param members the container's processes that are alive
 * @param names what the tracer's process may be called
 */
export function judge(members: readonly LookedProcess[], seen: Seen, names: ReadonlySet<string>): Judgement {
  if (members.length === 0) return { state: 'none', traced: 0, untraced: [], sessions: [] };
  const first = firstOf(members);
  const roots = new Set(members.filter((one) => one.parent === 0 && one !== first));
  const isOfSession = (one: LookedProcess): boolean => lineOf(one, seen).some((each) => roots.has(each));
  const sessions = members.filter(isOfSession).map((one) => sessionOf(one, seen));
  const workload = members.filter((one) => !isOfSession(one));
  const tracers = tracersIn(workload, first, seen);
  const [tracer = tracers[0]] = tracers.filter(({ name }) => names.has(name));
  if (tracer === undefined) return withoutTracer(workload, sessions, seen, names);
  // What started the tracer and waits for it is a part of it.
  const itself = new Set(
    lineOf(tracer, seen).filter((one) => one === tracer || (names.has(one.name) && isUntraced(one))),
  );
  const others = workload.filter((one) => !itself.has(one));
  const untraced = others.flatMap((one) => untracedBy(tracer, one, seen) ?? []);
  const about = { tracer: named(tracer), traced: others.length - untraced.length, sessions };
  const foreign = !names.has(tracer.name);
  if (untraced.length > 0) {
    return { ...about, state: 'untraced', untraced: foreign ? [named(tracer), ...untraced] : untraced };
  }
  return foreign
    ? { ...about, state: 'unknown', doubt: 'foreign_tracer', untraced }
    : { ...about, state: 'traced', untraced };
}

function withoutTracer(
  workload: readonly LookedProcess[],
  sessions: readonly SessionProcess[],
  seen: Seen,
  names: ReadonlySet<string>,
): Judgement {
  const [only, ...others] = workload;
  // A tracer that waits for its agent has started nothing; so has whatever else calls itself so.
  if (only !== undefined && others.length === 0 && names.has(only.name) && isUntraced(only)) {
    return { state: 'unknown', doubt: 'only_tracer', tracer: named(only), traced: 0, untraced: [], sessions };
  }
  const untraced = workload.flatMap((one) => untracedBy(undefined, one, seen) ?? []);
  if (untraced.length === 0) return { state: 'unknown', doubt: 'only_sessions', traced: 0, untraced, sessions };
  return { state: 'untraced', traced: 0, untraced, sessions };
}

/** The process that the container was started with: of those whose parent is the runtime, the one that was there first. */
function firstOf(members: readonly LookedProcess[]): LookedProcess | undefined {
  const roots = members.filter(({ parent }) => parent === 0);
  const before = (a: LookedProcess, b: LookedProcess): boolean =>
    (a.start ?? Infinity) === (b.start ?? Infinity) ? a.pid < b.pid : (a.start ?? Infinity) < (b.start ?? Infinity);
  return roots.reduce<LookedProcess | undefined>(
    (best, one) => (best === undefined || before(one, best) ? one : best),
    undefined,
  );
}

function sessionOf(one: LookedProcess, seen: Seen): SessionProcess {
  const by = one.tasks.filter(isLive).map((task) => tracerOf(task, seen));
  const [tracer] = by;
  return tracer === undefined || by.some((each) => each !== tracer)
    ? named(one)
    : { ...named(one), tracer: named(tracer) };
}

/** Those that others of the workload name as their tracer, that nobody traces, and that the container started with. */
function tracersIn(
  workload: readonly LookedProcess[],
  first: LookedProcess | undefined,
  seen: Seen,
): readonly LookedProcess[] {
  const tracing = new Set(workload.flatMap((one) => one.tasks.filter(isLive).map((task) => tracerOf(task, seen))));
  return workload.filter(
    (one) => tracing.has(one) && isUntraced(one) && first !== undefined && lineOf(one, seen).includes(first),
  );
}

function isUntraced({ tasks }: LookedProcess): boolean {
  return tasks.filter(isLive).every(({ tracer }) => tracer === 0);
}

/** What is wrong with a process that a tracer should trace; `undefined` where each of its threads is traced by it. */
function untracedBy(tracer: LookedProcess | undefined, one: LookedProcess, seen: Seen): UntracedProcess | undefined {
  const by = one.tasks.filter(isLive).map((task) => tracerOf(task, seen));
  const wrong = by.filter((each) => each === undefined || each !== tracer);
  if (wrong.length === 0) return undefined;
  const other = wrong.find((each) => each !== undefined);
  return {
    ...named(one),
    ...(other === undefined ? {} : { tracer: named(other) }),
    ...(wrong.length === by.length ? {} : { threads: { untraced: wrong.length, all: by.length } }),
  };
}

function tracerOf({ tracer = 0 }: LookedTask, { processes, processOf }: Seen): LookedProcess | undefined {
  return processes.get(processOf.get(tracer) ?? 0);
}

/** A process, its parent, that one's parent, and so on as far as they were seen. */
function lineOf(one: LookedProcess, { processes }: Seen): readonly LookedProcess[] {
  const found = new Set([one]);
  let parent = processes.get(one.parent ?? 0);
  while (parent !== undefined && !found.has(parent)) {
    found.add(parent);
    parent = processes.get(parent.parent ?? 0);
  }
  return [...found];
}

function isLive({ state }: { readonly state: string }): boolean {
  return !/^[ZXx]$/.test(state);
}

function named({ pid, name }: LookedProcess): NamedProcess {
  return { pid, name };
}
