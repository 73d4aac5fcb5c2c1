import { isStrict } from '../../model/policy.js';
import type { Sessions } from '../../model/sessions.js';
import type { FoundWays, Way } from '../../model/ways.js';
import type { PolicyState } from '../state/cluster-configuration.js';
import type { Found } from './conditions.js';

const words: Readonly<Record<Way, string>> = {
  exec: 'exec',
  attach: 'attach',
  debug: 'debug containers',
  updates: 'updates of pods',
};

/** Whether Outrider is called about the actions in running pods that the policy does not simply allow. */
export function asksAboutSessions(
  { sessions, sessionDefaults, debugTrouble, policy }: PolicyState,
  { wanted, registered, lack }: FoundWays,
): Found {
  if (wanted.length === 0) {
    return { status: 'True', reason: 'NothingAsked', message: 'It lets sessions and updates of its running pods be.' };
  }
  if (debugTrouble !== undefined && registered.includes('debug')) {
    const fate = policy !== undefined && isStrict(policy.spec) ? 'denied' : 'left untraced';
    const message = `Debug containers in its pods cannot be traced, and are ${fate}: ${debugTrouble}.`;
    return { status: 'False', reason: 'DebugUntraceable', message };
  }
  const left = wanted.filter((way) => !registered.includes(way));
  if (left.length > 0) {
    const reason = lack ?? 'Pending';
    return { status: 'False', reason, message: `Nobody is asked about ${listed(left)}: ${whyNot[reason]}.` };
  }
  return {
    status: 'True',
    reason: 'Asked',
    message: `${modesOf(wanted, sessions)}.${ofBefore(sessions, sessionDefaults)}`,
  };
}

const whyNot = {
  OlderReplicas: 'a replica of a version that knows nothing of it is there, or may be',
  SessionsOff: 'the setting sessions is false, so that no pod is read for it; set it, or the policy’s modes to Allow',
  Pending: 'nobody answers about it yet',
} as const;

/** Whether an entry that should fail closed fails open because nobody is exempt from it. */
export function lacksBreakGlass({ withoutBreakGlass }: FoundWays): Found {
  if (withoutBreakGlass.length === 0) {
    return {
      status: 'False',
      reason: 'NoLockOut',
      message: 'Nothing in its running pods is denied while Outrider is down, or somebody is exempt from it.',
    };
  }
  return {
    status: 'True',
    reason: 'NobodyExempt',
    message: `Nobody is exempt from ${listed(withoutBreakGlass)}, so that it is let through while Outrider is down; name a group by the setting break-glass-groups.`,
  };
}

function modesOf(wanted: readonly Way[], sessions: Sessions | undefined): string {
  const modes = wanted.map((way) =>
    way === 'updates' ? 'updates of pods are judged' : `${way}: ${sessions?.[way] ?? 'Deny'}`,
  );
  const [first = ''] = modes;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...modes.slice(1)].join(', ');
}

function ofBefore(sessions: Sessions | undefined, defaults: PolicyState['sessionDefaults']): string {
  const isRecorded = sessions?.exec === 'Record' || sessions?.debug === 'Record';
  return defaults === 'Record' && isRecorded
    ? ' The policy is from before it could say so, and Record is its default; set sessions.exec and sessions.debug to Trace.'
    : '';
}

function listed(ways: readonly Way[]): string {
  return ways.map((way) => words[way]).join(', ');
}
