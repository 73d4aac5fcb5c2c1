import fc from 'fast-check';
import t from 'tap';
import { isAlive, judge, seenOf, type Judgement } from '../../../src/cli/verify/judge.js';
import { parseLook, type LookedProcess } from '../../../src/cli/verify/parse-look.js';
import { lookText, type Described } from './looks.js';

const names = new Set(['instrument']);
const pause: Described = { pid: 1, parent: 0, name: 'pause', cgroup: '/sandbox' };

/** Judges the processes of `/app`. */
function judged(...processes: readonly (Omit<Described, 'cgroup'> & { readonly cgroup?: string })[]): Judgement {
  const look = parseLook(lookText([pause, ...processes.map((one) => ({ cgroup: '/app', ...one }))]));
  const all = look?.processes ?? new Map<number, LookedProcess>();
  const members = [...all.values()].filter((one) => one.cgroups[0] === '/app' && isAlive(one));
  return judge(members, seenOf(all), names);
}

const tracer = { pid: 10, parent: 0, name: 'instrument' };
const app = { pid: 11, parent: 10, name: 'nginx', tracer: 10 };
const worker = { pid: 12, parent: 11, name: 'nginx', tracer: 10 };

t.test('traced: the first process traces all others', (t) => {
  const seen = judged(tracer, app, worker);
  t.match(seen, { state: 'traced', tracer: { pid: 10, name: 'instrument' }, traced: 2, untraced: [], sessions: [] });
  t.equal(
    judged(tracer, app, { pid: 13, parent: 1, name: 'daemon', tracer: 10 }).state,
    'traced',
    'one that went its own way',
  );
  t.end();
});

t.test('a tracer is named by its thread: one with several is found by any of them', (t) => {
  const threaded = { ...tracer, threads: { 20: 0, 21: 0 } };
  t.match(judged(threaded, { ...app, tracer: 21 }, { ...worker, tracer: 20 }), {
    state: 'traced',
    tracer: { pid: 10 },
  });
  t.equal(judged(tracer, { ...app, tracer: 21 }).state, 'untraced', 'a thread that nobody has');
  t.end();
});

t.test('F6: what only looks instrumented is untraced', (t) => {
  const bare = judged({ pid: 10, parent: 0, name: 'sh' }, { pid: 11, parent: 10, name: 'sleep' });
  t.match(bare, {
    state: 'untraced',
    traced: 0,
    untraced: [
      { pid: 10, name: 'sh' },
      { pid: 11, name: 'sleep' },
    ],
  });
  const named = judged(tracer, { ...app, tracer: 0 });
  t.match(named, { state: 'untraced', untraced: [{ pid: 10 }, { pid: 11 }] }, 'the wrapper’s name alone is nothing');
  t.equal(named.tracer, undefined);
  const partly = judged(tracer, app, { ...worker, tracer: 0 });
  t.match(partly, { state: 'untraced', traced: 1, untraced: [{ pid: 12, name: 'nginx' }] });
  t.end();
});

t.test('each thread counts, also of a process whose first thread has ended', (t) => {
  const thread = judged(tracer, { ...app, threads: { 15: 10, 16: 0 } });
  t.same(thread.untraced, [{ pid: 11, name: 'nginx', threads: { untraced: 1, all: 3 } }]);
  const hidden = judged(tracer, app, { ...worker, state: 'Z', threads: { 15: 0 } });
  t.match(hidden, { state: 'untraced', untraced: [{ pid: 12 }] });
  t.equal(judged(tracer, app, { ...worker, state: 'Z', tracer: 0 }).state, 'traced', 'an ended one is none');
  t.end();
});

t.test('another program’s tracing is not the profile’s', (t) => {
  const debugged = judged(
    tracer,
    app,
    { pid: 13, parent: 11, name: 'gdb', tracer: 10 },
    { ...worker, parent: 13, tracer: 13 },
  );
  t.match(debugged, { state: 'untraced', traced: 2, untraced: [{ pid: 12, tracer: { pid: 13, name: 'gdb' } }] });
  const foreign = judged({ pid: 10, parent: 0, name: 'strace' }, app);
  t.match(foreign, { state: 'unknown', doubt: 'foreign_tracer', tracer: { pid: 10, name: 'strace' } });
  const withMore = judged({ pid: 10, parent: 0, name: 'strace' }, app, { ...worker, tracer: 0 });
  t.match(withMore, { state: 'untraced', untraced: [{ pid: 10, name: 'strace' }, { pid: 12 }] });
  t.end();
});

t.test('a tracer has to be where the container began: no name and no session makes up for it', (t) => {
  // It detached, or was never there; something of the workload's takes its name and traces a decoy.
  const decoy = judged(
    { pid: 10, parent: 0, name: 'sh' },
    { pid: 11, parent: 1, name: 'instrument' },
    { pid: 12, parent: 11, name: 'decoy', tracer: 11 },
  );
  t.match(decoy, { state: 'untraced', traced: 0 });
  const inSession = judged(
    { pid: 10, parent: 0, name: 'sh' },
    { pid: 20, parent: 0, name: 'instrument' },
    { pid: 21, parent: 20, name: 'ls', tracer: 20 },
  );
  t.match(inSession, {
    state: 'untraced',
    untraced: [{ pid: 10 }],
    sessions: [{ pid: 20 }, { pid: 21, tracer: { pid: 20 } }],
  });
  const elsewhere = judged({ ...tracer, cgroup: '/other' }, { ...app });
  t.equal(elsewhere.state, 'untraced', 'a tracer in another container is none of this one’s');
  t.end();
});

t.test('what starts the tracer and waits is a part of it, if it is called so', (t) => {
  const launcher = judged(
    tracer,
    { pid: 11, parent: 10, name: 'instrument' },
    { pid: 12, parent: 11, name: 'app', tracer: 11 },
  );
  t.match(launcher, { state: 'traced', tracer: { pid: 11 }, traced: 1 });
  const other = judged(
    { pid: 10, parent: 0, name: 'sh' },
    { ...tracer, pid: 11, parent: 10 },
    { pid: 12, parent: 11, name: 'app', tracer: 11 },
  );
  t.match(other, { state: 'untraced', untraced: [{ pid: 10, name: 'sh' }] });
  t.end();
});

t.test('sessions show as such, and decide nothing', (t) => {
  const shell = { pid: 40, parent: 0, name: 'sh' };
  const seen = judged(tracer, app, shell, { pid: 41, parent: 40, name: 'top' });
  t.match(seen, {
    state: 'traced',
    traced: 1,
    untraced: [],
    sessions: [
      { pid: 40, name: 'sh' },
      { pid: 41, name: 'top' },
    ],
  });
  t.match(
    judged({ ...shell, start: 1_000 }, { ...tracer, pid: 90, start: 5 }, { ...app, tracer: 90, parent: 90 }),
    {
      state: 'traced',
      sessions: [{ pid: 40 }],
    },
    'the first is the one that was there first, whatever its number',
  );
  const left = judged(tracer, app, { pid: 41, parent: 1, name: 'left' });
  t.match(left, { state: 'untraced', untraced: [{ pid: 41 }] }, 'what a session left behind is told from nothing');
  t.match(judged({ pid: 40, parent: 0, name: 'sh' }), { state: 'untraced' });
  t.end();
});

t.test('one process that is called like the tracer proves nothing', (t) => {
  t.match(judged(tracer), { state: 'unknown', doubt: 'only_tracer', traced: 0 });
  t.equal(judged().state, 'none');
  t.end();
});

t.test('never traced while a thread of the workload has another tracer than the named one', (t) => {
  const pid = fc.integer({ min: 10, max: 16 });
  const process = fc.record({
    pid,
    parent: fc.oneof(pid, fc.constantFrom(0, 1)),
    name: fc.constantFrom('instrument', 'app', 'gdb'),
    tracer: fc.oneof(pid, fc.constant(0)),
    state: fc.constantFrom('S', 'R', 'Z'),
    start: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(process, { selector: (one) => one.pid, maxLength: 7 }), (all) => {
      const { state, tracer, sessions, traced } = judged(...all);
      if (state !== 'traced') return true;
      const apart = new Set(sessions.map((one) => one.pid));
      const alive = all.filter((one) => one.state !== 'Z');
      const workload = alive.filter((one) => !apart.has(one.pid));
      const held = workload.filter((one) => one.tracer === tracer?.pid);
      return (
        traced > 0 &&
        tracer?.name === 'instrument' &&
        held.length === traced &&
        workload.every((one) => one.tracer === tracer.pid || (one.name === 'instrument' && one.tracer === 0))
      );
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
