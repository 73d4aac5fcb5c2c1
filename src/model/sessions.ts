import { isStrict, type AttachMode, type PolicySpec, type SessionMode } from './policy.js';

/** What a strict policy that says nothing of exec and debug gets: `Record` where it is from before anybody could say it. */
export const sessionDefaultKinds = ['Record', 'Trace'] as const;
export type SessionDefaults = (typeof sessionDefaultKinds)[number];

/** The ways into a running pod that a policy has a mode for. */
export type SessionKind = 'exec' | 'attach' | 'debug';

/** What happens to sessions in a policy's running pods: every mode said, and nothing that its `mode` would not do. */
export interface Sessions {
  readonly exec: SessionMode;
  readonly attach: AttachMode;
  readonly debug: SessionMode;
  readonly exempt: { readonly users: readonly string[]; readonly groups: readonly string[] };
}

/**
 * Fills in what a policy does not say about sessions. A policy that is off lets all be; one that only reports records
 * what it would trace or deny.
 */
export function sessionsOf(
  spec: Pick<PolicySpec, 'mode' | 'prefer' | 'optOut' | 'sessions'>,
  defaults: SessionDefaults,
): Sessions {
  const { exempt: { users = [], groups = [] } = {}, ...said } = spec.sessions ?? {};
  const exempt = { users, groups };
  if (spec.mode === 'Off') return { exec: 'Allow', attach: 'Allow', debug: 'Allow', exempt };
  const strict = isStrict(spec);
  const exec = said.exec ?? (strict ? defaults : 'Allow');
  const attach = said.attach ?? (strict ? 'Record' : 'Allow');
  const debug = said.debug ?? (strict ? defaults : 'Allow');
  if (spec.mode === 'Inject') return { exec, attach, debug, exempt };
  return { exec: asReported(exec), attach: asReported(attach), debug: asReported(debug), exempt };
}

function asReported(mode: SessionMode): 'Allow' | 'Record' {
  return mode === 'Allow' ? 'Allow' : 'Record';
}
