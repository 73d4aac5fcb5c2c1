import { policySchema, type Policy } from '../../src/model/policy.js';
import { compilePolicy, type CompiledPolicy } from '../../src/policy/compile.js';

/** A valid policy for the sysdig profile with these fields of its spec. */
export function policyOf(name: string, spec: Readonly<Record<string, unknown>> = {}): Policy {
  return policySchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { profile: { name: 'sysdig' }, ...spec },
  });
}

/** The same, compiled. */
export function compiled(name: string, spec: Readonly<Record<string, unknown>> = {}): CompiledPolicy {
  return compilePolicy(policyOf(name, spec));
}
