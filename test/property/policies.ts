import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Engine } from '../../src/engine/engine.js';
import type { ImageConfig } from '../../src/model/image.js';
import type { JsonObject } from '../../src/model/json.js';
import { engineOf, policyText, resolverOf } from '../support/engine.js';

const [acme = ''] = readFileSync('deploy/examples/custom-profile.yaml', 'utf8').split('\n---\n');
/** What the agents' images start: with it, their sidecars get the keeper. */
const agents = `---
apiVersion: outrider.dev/v1alpha1
kind: ImageMap
images:
  quay.io/sysdig/workload-agent:6.3.0: { entrypoint: [/usr/bin/agent$X], cmd: [--run] }
`;

const profiles = {
  sysdig: { name: 'sysdig', settings: { region: 'us2' } },
  datadog: { name: 'datadog', settings: {} },
  acme: { name: 'acme', settings: { region: 'eu' } },
} as const;

/** A policy and a cluster, by the few choices that matter to an injection. */
export interface Choices {
  readonly profile: keyof typeof profiles;
  readonly prefer: 'Availability' | 'Security';
  readonly placement: 'Auto' | 'Native' | 'Container';
  readonly delivery: 'Auto' | 'Copy' | 'ImageVolume';
  readonly capability: 'Auto' | 'Always' | 'Never';
  readonly cover: readonly ('Main' | 'Init' | 'Probes' | 'Lifecycle')[];
  readonly optOut: 'Allowed' | 'Forbidden';
  readonly agentsKnown: boolean;
  readonly pullSecrets: boolean;
  readonly openShift: boolean;
  readonly podSecurity: 'privileged' | 'restricted';
}

/** Every combination of choices. */
export const choices: fc.Arbitrary<Choices> = fc.record({
  profile: fc.constantFrom('sysdig', 'datadog', 'acme'),
  prefer: fc.constantFrom('Availability', 'Security'),
  placement: fc.constantFrom('Auto', 'Native', 'Container'),
  delivery: fc.constantFrom('Auto', 'Copy', 'ImageVolume'),
  capability: fc.constantFrom('Auto', 'Always', 'Never'),
  cover: fc.constantFrom(
    ['Main'] as const,
    ['Main', 'Init'] as const,
    ['Main', 'Init', 'Probes', 'Lifecycle'] as const,
  ),
  optOut: fc.constantFrom('Allowed', 'Forbidden'),
  agentsKnown: fc.boolean(),
  pullSecrets: fc.boolean(),
  openShift: fc.boolean(),
  podSecurity: fc.constantFrom('privileged', 'restricted'),
});

const engines = new Map<string, Engine>();

/** The engine for these choices, made once, with these images known. */
export function engineWith(made: Choices, images: Readonly<Record<string, ImageConfig>>): Engine {
  const key = JSON.stringify(made);
  const engine =
    engines.get(key) ??
    engineOf(configuration(made), {
      facts: { openShift: made.openShift, podSecurityDefault: made.podSecurity },
    });
  engines.set(key, engine);
  return { ...engine, images: resolverOf(images) };
}

function configuration(made: Choices): string {
  const spec: JsonObject = {
    prefer: made.prefer,
    optOut: made.optOut,
    capability: made.capability,
    delivery: made.delivery,
    containers: { cover: made.cover },
    profile: profiles[made.profile],
    agent: { placement: made.placement, imagePullSecrets: made.pullSecrets ? ['agent-pull'] : [] },
  };
  return `${acme}\n${made.agentsKnown ? agents : ''}${policyText('generated', spec)}`;
}
