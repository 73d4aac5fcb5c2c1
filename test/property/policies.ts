import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Engine } from '../../src/engine/engine.js';
import type { ImageConfig } from '../../src/model/image.js';
import type { JsonObject } from '../../src/model/json.js';
import { engineOf, podNodes, policyText, resolverOf } from '../support/engine.js';

const [acme = ''] = readFileSync('deploy/examples/custom-profile.yaml', 'utf8').split('\n---\n');
/** What the agents' images start: with it, their sidecars get the keeper. */
const agents = `---
apiVersion: outrider.dev/v1alpha1
kind: ImageMap
images:
  quay.io/sysdig/workload-agent:6.3.0: { entrypoint: [/usr/bin/agent$X], cmd: [--run] }
`;

/** A profile with the parts that no built-in one has. */
const lab = `---
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  shareProcessNamespace: true
  capabilities: [SYS_PTRACE]
  wrapper: { argv: [/lab/run, --] }
  volume: { name: lab, mountPath: /lab, sizeLimit: 32Mi, copy: { name: lab-copy, command: [/lab-setup] }, imageVolume: { subPath: lab } }
  env: [{ name: LAB_NODE, fromField: spec.nodeName }, { name: LAB_MODE, value: '' }]
  reservedEnv: [LAB_NODE, LAB_MODE]
  hostVolumes: [{ name: lab-run, path: /var/run/lab, type: Directory }]
  containers: [{ containers: [w*], env: [{ name: LAB_PART, value: w }], mounts: [{ volume: lab-run, mountPath: /lab-run }] }]
  sidecar:
    name: lab-agent
    runAs: Workload
    argv: [/lab/agent]
    env: [{ name: LAB_POD, fromField: metadata.name }]
    resources: { requests: { cpu: 5m, memory: 16Mi }, limits: { memory: 24Mi } }
---
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: wrapped-only }
spec: { version: '1', image: lab/agent:1, wrapper: { argv: [/lab/run] }, volume: { name: lab, mountPath: /lab, copy: { name: lab-copy, from: /lab } } }
`;

/** The documents of the profiles that are not built in. */
export const profileDocuments = `${acme}\n${lab}`;

const profiles = {
  lab: { name: 'lab', settings: {} },
  'wrapped-only': { name: 'wrapped-only', settings: {} },
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
  /** What the nodes say about image volumes, where the policy leaves it open. */
  readonly imageVolumes: boolean;
  readonly capability: 'Auto' | 'Always' | 'Never';
  readonly cover: readonly ('Main' | 'Init' | 'Probes' | 'Lifecycle')[];
  readonly optOut: 'Allowed' | 'Forbidden';
  readonly agentsKnown: boolean;
  readonly pullSecrets: boolean;
  readonly openShift: boolean;
  readonly podSecurity: 'privileged' | 'restricted';
  /** What the policy says about sessions; absent: nothing. */
  readonly sessions?: JsonObject;
}

/** Every combination of choices. */
const everyChoice: fc.Arbitrary<Choices> = fc.record({
  profile: fc.constantFrom('sysdig', 'datadog', 'acme', 'lab', 'wrapped-only'),
  prefer: fc.constantFrom('Availability', 'Security'),
  placement: fc.constantFrom('Auto', 'Native', 'Container'),
  delivery: fc.constantFrom('Auto', 'Copy', 'ImageVolume'),
  imageVolumes: fc.boolean(),
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

/** A fixed sample of them, since making an engine costs more than asking it. */
export const choices: fc.Arbitrary<Choices> =
  process.env['FAST_CHECK_RUNS'] === undefined
    ? fc.constantFrom(...fc.sample(everyChoice, { seed: 20, numRuns: 100 }))
    : everyChoice;

const engines = new Map<string, Engine>();

/** The engine for these choices, made once, with these images known. */
export function engineWith(made: Choices, images: Readonly<Record<string, ImageConfig>>): Engine {
  const key = JSON.stringify(made);
  const engine =
    engines.get(key) ??
    engineOf(configuration(made), {
      facts: {
        openShift: made.openShift,
        podSecurityDefault: made.podSecurity,
      },
      nodes: podNodes(made.imageVolumes),
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
    ...(made.sessions === undefined ? {} : { sessions: made.sessions }),
  };
  return `${acme}\n${lab}${made.agentsKnown ? agents : ''}${policyText('generated', spec)}`;
}
