import { createHash } from 'node:crypto';

const domain = 'outrider.dev';
const longestName = 253;
/** No policy's entry can have this name: those have the installation's name between the policy's and the domain. */
export const selfTestName = `self-test.${domain}`;

/** What follows the policy's name in the names of its entries for running pods. */
const ofWay = 'way-';
const endsWithWay = new RegExp(`(^|\\.)${ofWay}[a-z]+$`);

/**
 * Name of a policy's entry for new pods: fully qualified, one for each policy of an installation, and at most 253
 * characters, as the API server requires.
 */
export function entryName(policy: string, instance: string): string {
  const suffix = suffixOf(instance);
  const isPlain = policy.length + suffix.length <= longestName && !endsWithWay.test(policy);
  return isPlain ? `${policy}${suffix}` : hashed(policy, suffix);
}

/** Name of a policy's entry for a way into its running pods. */
export function wayEntryName(policy: string, way: string, instance: string): string {
  const suffix = `.${ofWay}${way}${suffixOf(instance)}`;
  return policy.length + suffix.length <= longestName ? `${policy}${suffix}` : hashed(policy, suffix);
}

function hashed(policy: string, suffix: string): string {
  const hash = createHash('sha256').update(policy).digest('hex').slice(0, 16);
  const start = policy.slice(0, longestName - suffix.length - hash.length - 1).replace(/[-.]+$/, '');
  return `${start}-${hash}${suffix}`;
}

/** Whether a webhook's name is one that this installation gives. */
export function isOwnName(name: string, instance: string): boolean {
  return name === selfTestName || name.endsWith(suffixOf(instance));
}

function suffixOf(instance: string): string {
  return `.${instance}.${domain}`;
}
