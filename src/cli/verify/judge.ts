// Judges what a look saw of one container. docs/verify.md says what that proves and what it does not prove.
import type { LookedProcess, LookedTask } from './parse-look.js';

/** A process as a finding names it. */
export interface NamedProcess {
  readonly pid: number;
  readonly name: string;
}

/** A process that the profile's tracer does not trace, or of which it does not trace all threads. */
export interface UntracedProcess extends NamedProcess {
  /** Which other process traces it. */
  readonly tracer?: NamedProcess;
  /** How many of its threads are not traced, if only some are not. */
  readonly threads?: { readonly untraced: number; readonly all: number };
}

/** A process that entered by exec, or that such a process started. */
export interface SessionProcess extends NamedProcess {
  /** What traces it; absent if nothing does. */
  readonly tracer?: NamedProcess;
}

/** Why it is unknown whether a container is traced although no untraced process is seen in it. */
export type Doubt =
  /** Another program than the profile's tracer traces everything. */
  | 'foreign_tracer'
  /** There is only one process, with the tracer's name. */
  | 'only_tracer'
  /** All running processes entered by exec. */
  | 'only_sessions';

/** The verdict on a container's processes. */
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

/** The parts of a look that a container is judged by. */
export interface Seen {
  readonly processes: ReadonlyMap<number, LookedProcess>;
  /** The process of each thread. */
  readonly processOf: ReadonlyMap<number, number>;
}

/** Finds the process of each thread, because a tracer is identified by its thread. */
export function seenOf(processes: ReadonlyMap<number, LookedProcess>): Seen {
  const processOf = new Map<number, number>();
  for (const { pid, tasks } of processes.values()) for (const { tid } of tasks) processOf.set(tid, pid);
  return { processes, processOf };
}

/** Whether a process has a thread that has not ended. The first one may have ended while others go on. */
export function isAlive({ tasks }: LookedProcess): boolean {
  return tasks.some(isLive);
}

/**
 * Judges one container by its processes.
 *
 * The tracer is recognised by its place: it is the process that the container was started with, or descends from it, nothing
 * traces it, and other processes of the container name it as their tracer. Its name is compared last, because any process
 * can take any name.
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
  // A process that started the tracer and waits for it counts as part of it.
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
  // A tracer that waits for its agent has started nothing yet. Any other process with its name looks the same.
  if (only !== undefined && others.length === 0 && names.has(only.name) && isUntraced(only)) {
    return { state: 'unknown', doubt: 'only_tracer', tracer: named(only), traced: 0, untraced: [], sessions };
  }
  const untraced = workload.flatMap((one) => untracedBy(undefined, one, seen) ?? []);
  if (untraced.length === 0) return { state: 'unknown', doubt: 'only_sessions', traced: 0, untraced, sessions };
  return { state: 'untraced', traced: 0, untraced, sessions };
}

/** The process that the container was started with: the oldest of those whose parent is the runtime. */
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

/**
 * The processes that others of the workload name as their tracer, that nothing traces, and that the container started with.
 */
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

/** What is wrong with a process that a tracer should trace; `undefined` if the tracer traces each of its threads. */
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

/** A process, its parent, the parent's parent, and so on, as far as they were seen. */
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
