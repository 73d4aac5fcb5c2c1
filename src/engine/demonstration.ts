import { policySchema, type Policy } from '../model/policy.js';
import { apiVersion } from '../model/names.js';

/**
 * The policy of a server that was given no configuration: it instruments every pod for Sysdig's region us2, so that a
 * first look needs no file. The server says that it is in force.
 */
export function demonstrationPolicy(): Policy {
  return policySchema.parse({
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name: 'demonstration' },
    spec: { profile: { name: 'sysdig', settings: { region: 'us2' } } },
  });
}
