import type { PolicyChange } from './policies.js';

/** `Policies: default replaced, payments added.` */
export function policyLine(changes: readonly PolicyChange[]): string {
  if (changes.length === 0) return 'Policies: none changes.';
  return `Policies: ${changes.map(({ name, change }) => `${name} ${change}`).join(', ')}.`;
}
