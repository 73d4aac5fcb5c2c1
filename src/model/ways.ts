import { attach, debug, exec, updates } from './doors.js';

/** The subjects that are ways into a running pod. */
export const ways = [exec, attach, debug, updates] as const;
/** One of them, by its key. */
export type Way = (typeof ways)[number]['key'];

/** Which ways of one policy the API server is told to ask about. */
export interface FoundWays {
  /** Those that the policy wants asked about. */
  readonly wanted: readonly Way[];
  readonly registered: readonly Way[];
  /** Why not all of the former are among the latter. */
  readonly lack: 'OlderReplicas' | 'SessionsOff' | undefined;
  /** Those that would fail closed, if there were anybody whom they exempt. */
  readonly withoutBreakGlass: readonly Way[];
}
