import { isStrict, type PolicySpec } from '../model/policy.js';
import type { ProfileSpec } from '../model/profile.js';

type Reserved = Pick<ProfileSpec, 'reservedEnv'>;

/** The names of a profile's reserved variables. */
export function reservedNames({ reservedEnv }: Reserved): readonly string[] {
  return reservedEnv.map((entry) => (typeof entry === 'string' ? entry : entry.name));
}

/**
 * The reserved variables that an instrumented container is given with the value that means none, so that those of its
 * image and of `envFrom` lose: where the policy insists on the instrumentation, and the recipe gives no value of its own
 * to every container (F4). A part of the recipe that gives one to some containers wins there.
 *
 * @param given names of the variables that the recipe gives every container
 */
export function unsetVariables(
  { reservedEnv }: Reserved,
  policy: PolicySpec,
  given: ReadonlySet<string>,
): readonly { readonly name: string; readonly value: string }[] {
  if (!isStrict(policy)) return [];
  return reservedEnv.flatMap((entry) =>
    typeof entry === 'string' || given.has(entry.name) ? [] : [{ name: entry.name, value: entry.unset }],
  );
}
