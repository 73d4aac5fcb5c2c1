import t from 'tap';
import { asksAboutSessions, lacksBreakGlass } from '../../../src/cluster/status/ways.js';
import type { PolicyState } from '../../../src/cluster/state/cluster-configuration.js';
import type { FoundWays } from '../../../src/model/ways.js';

const state: PolicyState = {
  name: 'payments',
  uid: 'u',
  generation: 1,
  served: 'Current',
  servedGeneration: 1,
  problem: undefined,
  policy: undefined,
  known: undefined,
  profile: undefined,
  sessions: { exec: 'Trace', attach: 'Record', debug: 'Trace', exempt: { users: [], groups: [] } },
  sessionDefaults: 'Trace',
};
const all: FoundWays = {
  wanted: ['exec', 'attach', 'debug', 'updates'],
  registered: ['exec', 'attach', 'debug', 'updates'],
  lack: undefined,
  withoutBreakGlass: [],
};

t.test('Sessions says which modes are carried out, and what is not asked about, and why', (t) => {
  t.same(asksAboutSessions(state, all), {
    status: 'True',
    reason: 'Asked',
    message: 'Exec: Trace, attach: Record, debug: Trace, updates of pods are judged.',
  });
  t.match(asksAboutSessions(state, { ...all, wanted: [], registered: [] }), { status: 'True', reason: 'NothingAsked' });
  t.match(asksAboutSessions(state, { ...all, registered: ['debug', 'updates'], lack: 'SessionsOff' }), {
    status: 'False',
    reason: 'SessionsOff',
    message: /^Nobody is asked about exec, attach: the setting sessions is false/,
  });
  t.match(asksAboutSessions(state, { ...all, registered: [], lack: 'OlderReplicas' }), {
    status: 'False',
    reason: 'OlderReplicas',
    message: /^Nobody is asked about exec, attach, debug containers, updates of pods: a replica/,
  });
  t.match(asksAboutSessions(state, { ...all, registered: [] }), { status: 'False', reason: 'Pending' });
  t.same(asksAboutSessions({ ...state, debugTrouble: 'profile sysdig has a subPath' }, all), {
    status: 'False',
    reason: 'DebugUntraceable',
    message: 'Debug containers in its pods cannot be traced, and are left untraced: profile sysdig has a subPath.',
  });
  t.end();
});

t.test('a policy from before it could say so is told that its sessions are only recorded', (t) => {
  const sessions = { ...state.sessions, exec: 'Record', attach: 'Record', debug: 'Record' } as PolicyState['sessions'];
  const before = { ...state, sessions, sessionDefaults: 'Record' } as const;
  t.match(asksAboutSessions(before, all).message, /The policy is from before .* set sessions\.exec .* to Trace\.$/);
  t.notMatch(
    asksAboutSessions({ ...before, sessionDefaults: 'Trace' }, all).message,
    /from before/,
    'unless it said so',
  );
  t.end();
});

t.test('NoBreakGlass says what fails open because nobody is exempt', (t) => {
  t.match(lacksBreakGlass(all), { status: 'False', reason: 'NoLockOut' });
  t.match(lacksBreakGlass({ ...all, withoutBreakGlass: ['exec', 'updates'] }), {
    status: 'True',
    reason: 'NobodyExempt',
    message: /^Nobody is exempt from exec, updates of pods, so that it is let through/,
  });
  t.end();
});
