import type { Door } from '../../model/decision.js';
import type { StringMap } from '../../model/selector.js';
import type { SessionKind, Sessions } from '../../model/sessions.js';

/** Where a session is asked for, and by whom. */
export interface SessionPlace {
  readonly kind: SessionKind;
  readonly door: Door;
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  readonly user: SessionUser;
}

/** Who asks, as the API server knows them. */
export interface SessionUser {
  readonly username: string;
  readonly groups: readonly string[];
}

/** Whether a policy exempts a user: where another policy's entry called, no match condition of this one was asked. */
export function isExempt({ exempt: { users, groups } }: Pick<Sessions, 'exempt'>, user: SessionUser): boolean {
  return users.includes(user.username) || groups.some((group) => user.groups.includes(group));
}
