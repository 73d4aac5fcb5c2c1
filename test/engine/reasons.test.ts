import t from 'tap';
import { unprovenEngine } from '../../src/engine/unproven.js';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import type { Engine } from '../../src/engine/engine.js';
import { instrumentTask } from '../../src/engine/instrument-task.js';
import type { Decision, Door } from '../../src/model/decision.js';
import type { ImageOutcome } from '../../src/model/image.js';
import type { JsonObject } from '../../src/model/json.js';
import { reasonCodes, reasons, type ReasonCode } from '../../src/model/reasons.js';
import {
  askDoor,
  decideNow,
  decideWithLookUps,
  engineFor,
  engineOf,
  policyText,
  reviewOf,
  type EngineOptions,
} from '../support/engine.js';
import { draft, draftsOf, listAt, nameOf, objectAt, patched } from '../support/json.js';
import { knownLimits, rangeOf, unknownLimits } from '../support/limits.js';
import { podOf, podWith } from '../support/pods.js';
import { withTakenBack } from '../support/taken-back.js';

interface Scene {
  readonly pod: JsonObject;
  readonly engine: Engine;
  readonly door: Door;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly admitted: boolean;
}

function scene(
  pod: JsonObject = podOf(),
  spec: JsonObject = {},
  more: EngineOptions & Partial<Pick<Scene, 'door' | 'namespaceLabels' | 'admitted'>> = {},
): Scene {
  return {
    pod,
    engine: engineFor(spec, more),
    door: more.door ?? 'mutate',
    namespaceLabels: more.namespaceLabels ?? {},
    admitted: more.admitted ?? true,
  };
}

const plain = { agent: { placement: 'Container' } } as const;
const forbidden = { optOut: 'Forbidden' } as const;
const security = { prefer: 'Security' } as const;
const image = 'shop/web:1';
const unknown = podWith({});
const init = (command: readonly string[]) => podOf({ initContainers: [{ name: 'init', image: 'i', command }] });
const covered = { containers: { cover: ['Main', 'Init'] } } as const;
const labelled = (value: string) => podOf({}, { labels: { 'outrider.dev/inject': value } });
const annotated = (name: string, value: string) =>
  podWith({}, {}, { annotations: { [`outrider.dev/${name}`]: value } });
const env = (name: string) => podWith({ command: ['/app'], env: [{ name, value: 'mine' }] });
const instrumentedOtherwise = podWith({
  command: ['/opt/draios/bin/instrument', '/app'],
  volumeMounts: [{ name: 'v', mountPath: '/opt/draios' }],
});
const lookedUp = (reason: ReasonCode): Scene => scene(unknown, {}, { asked: { [image]: failure(reason) } });

function failure(reason: ReasonCode): ImageOutcome {
  return { ok: false, reason, detail: `${image}: ${reason}` };
}

const copyOnly = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/run] }
  volume: { name: lab, mountPath: /lab, copy: { name: lab-copy, from: /lab } }
${policyText('p', { profile: { name: 'lab' }, delivery: 'ImageVolume' })}`;

/** A node agent's pod with a container that mounts something else where the profile mounts a part of the node. */
const nodeAgent = podOf({
  containers: [{ name: 'system-probe', volumeMounts: [{ name: 'mine', mountPath: '/sys/kernel/debug' }] }],
  volumes: [{ name: 'mine', emptyDir: {} }],
});

/** An instrumented pod in front of whose init containers another webhook has put one. */
function withInitInFront(): JsonObject {
  const after = draft(patched(podOf(), decideNow(podOf(), engineFor()).patch));
  listAt(objectAt(after, 'spec'), 'initContainers').unshift({ name: 'late', image: 'i', command: ['/i'] });
  return after;
}

const sessionReasons = [
  'session_allowed',
  'session_recorded',
  'session_traced',
  'session_denied',
  'session_pod_unknown',
  'session_container_unknown',
  'exec_not_instrumented',
  'exec_left_out',
  'exec_into_agent',
  'exec_not_traced',
  'debug_not_instrumented',
  'debug_untraceable',
  'debug_not_traced',
  'debug_image_unknown',
  'debug_image_volume',
  'debug_mount_forbidden',
  'debug_user_forbidden',
  'debug_privilege_forbidden',
  'update_allowed',
  'update_of_agent_image',
  'update_of_agent_resources',
  'update_keeps_command',
] as const;

type TaskReason =
  | 'task_unreadable'
  | 'task_unsupported'
  | 'intrinsic_unresolved'
  | 'agent_waits_for_it'
  | 'access_key_not_given'
  | 'access_key_in_plain_text'
  | 'dockerrun_without_secrets'
  | 'fargate_platform'
  | 'process_namespace_unavailable'
  | 'task_level_missing'
  | 'too_many_task_containers'
  | 'exec_in_one_container'
  | 'agent_unreachable'
  | 'no_host';

interface TaskScene {
  readonly engine: Engine;
  /** The text of a task definition, a template or a Dockerrun file. */
  readonly text: string;
}

const sysdig = engineFor();
const web = { name: 'web', image, entryPoint: ['/app'], memory: 64 };
const agentThere = { name: 'SysdigInstrumentation', image: 'quay.io/sysdig/workload-agent:6.3.0' };
const task = (fields: JsonObject): string => JSON.stringify({ family: 'shop', containerDefinitions: [web], ...fields });
const dockerrun = JSON.stringify({ AWSEBDockerrunVersion: 2, containerDefinitions: [web] });
const template = (container: JsonObject): string =>
  JSON.stringify({
    Resources: { Shop: { Type: 'AWS::ECS::TaskDefinition', Properties: { ContainerDefinitions: [container] } } },
  });

/** How each reason that only tasks have is reached. */
const taskScenes: Readonly<Record<TaskReason, TaskScene>> = {
  task_unreadable: { engine: sysdig, text: task({ containerDefinitions: [{ ...web, command: 'serve' }] }) },
  task_unsupported: { engine: engineOf(copyOnly.replace('ImageVolume', 'Copy')), text: task({}) },
  intrinsic_unresolved: { engine: sysdig, text: template({ Name: 'web', Image: image, EntryPoint: { Ref: 'Argv' } }) },
  agent_waits_for_it: {
    engine: sysdig,
    text: task({
      containerDefinitions: [web, { ...agentThere, dependsOn: [{ containerName: 'web', condition: 'START' }] }],
    }),
  },
  access_key_not_given: { engine: sysdig, text: task({}) },
  access_key_in_plain_text: {
    engine: sysdig,
    text: task({
      containerDefinitions: [web, { ...agentThere, environment: [{ name: 'SYSDIG_ACCESS_KEY', value: 'k' }] }],
    }),
  },
  dockerrun_without_secrets: {
    engine: engineOf(policyText('p', { profile: { name: 'datadog-node' } })),
    text: dockerrun,
  },
  fargate_platform: { engine: sysdig, text: task({ requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc' }) },
  process_namespace_unavailable: { engine: sysdig, text: dockerrun },
  task_level_missing: { engine: sysdig, text: JSON.stringify([web]) },
  too_many_task_containers: {
    engine: sysdig,
    text: task({ containerDefinitions: Array.from({ length: 10 }, (_, at) => ({ ...web, name: `c${at}` })) }),
  },
  exec_in_one_container: {
    engine: sysdig,
    text: task({ containerDefinitions: [{ ...web, linuxParameters: { initProcessEnabled: true } }] }),
  },
  agent_unreachable: {
    engine: engineOf(policyText('p', { profile: { name: 'datadog' } })),
    text: dockerrun,
  },
  no_host: {
    engine: engineOf(policyText('p', { profile: { name: 'datadog-node' } })),
    text: task({ requiresCompatibilities: ['EC2', 'FARGATE'] }),
  },
};

function isTaskReason(code: ReasonCode): code is TaskReason {
  return Object.hasOwn(taskScenes, code);
}

async function taskDecisionOf({ engine, text }: TaskScene): Promise<Decision> {
  const [found] = readManifests(text, 'task.json').flatMap(({ tasks }) => tasks);
  if (found === undefined) throw new Error('no task is found');
  const request = { template: found, only: [], images: new Map(), trace: false, lookUp: undefined };
  return (await instrumentTask(request, engine)).decision;
}

/** An instrumented pod, in whose agent someone put a variable. */
function changedAgent(): JsonObject {
  const pod = podOf();
  const copy = draft(patched(pod, decideNow(pod, engineFor(forbidden)).patch));
  for (const one of draftsOf(objectAt(copy, 'spec')['initContainers'])) {
    if (nameOf(one) === 'sysdig-workload-agent') listAt(one, 'env').push({ name: 'HTTPS_PROXY', value: 'http://mine' });
  }
  return copy;
}

/** How each reason is reached. The two that no decision of the engine's own has are reached through the door below. */
const scenes: Readonly<
  Record<Exclude<ReasonCode, TaskReason | SessionReason | 'other_request' | 'internal_error'>, Scene>
> = {
  injected: scene(),
  no_policy: scene(podOf(), { match: { podSelector: { matchLabels: { a: 'b' } } } }),
  policy_off: scene(podOf(), { mode: 'Off' }),
  report_mode: scene(podOf(), { mode: 'Report' }),
  canary_excluded: scene(podOf(), { canary: { percent: 0 } }),
  taken_back: { ...scene(), engine: withTakenBack(engineFor(), podOf()) },
  namespace_excluded: scene(podOf(), {}, { excludedNamespaces: ['shop'] }),
  namespace_opted_out: scene(podOf(), {}, { namespaceLabels: { 'outrider.dev/inject': 'disabled' } }),
  pod_opted_out: scene(labelled('disabled')),
  inject_label_invalid: scene(labelled('true')),
  host_network: scene(podOf({ hostNetwork: true })),
  host_pid: scene(podOf({ hostPID: true })),
  process_namespace_refused: scene(podOf({ shareProcessNamespace: false })),
  mirror_pod: scene(podOf({}, { annotations: { 'kubernetes.io/config.mirror': '' } })),
  windows: scene(podOf({ os: { name: 'windows' } })),
  sandboxed_runtime: scene(podOf({ runtimeClassName: 'kata-qemu' })),
  mount_kept: { ...scene(nodeAgent), engine: engineOf(policyText('p', { profile: { name: 'datadog-node' } })) },
  container_absent: { ...scene(nodeAgent), engine: engineOf(policyText('p', { profile: { name: 'datadog-node' } })) },
  virtual_node: scene(podOf({ nodeSelector: { type: 'virtual-kubelet' } })),
  port_taken: scene(podWith({ command: ['/app'], ports: [{ containerPort: 32000 }] })),
  job_needs_native_sidecar: scene(podOf({ restartPolicy: 'Never' }), plain),
  agent_user_taken: scene(podOf({ securityContext: { runAsUser: 59_417 } }), security),
  resources_do_not_fit: scene(podOf(), {}, { limits: knownLimits(rangeOf({ max: { memory: '64Mi' } })) }),
  resources_not_fitted: scene(podOf(), {}, { limits: unknownLimits }),
  no_container_selected: scene(podOf(), { containers: { include: ['other'] } }),
  no_container_instrumented: scene(
    podOf({
      containers: [
        { name: 'a', command: ['/a'], volumeMounts: [{ name: 'v', mountPath: '/opt/draios' }] },
        { name: 'b', image, imagePullPolicy: 'Never' },
      ],
    }),
  ),
  some_containers_left_out: scene(
    podOf({
      containers: [
        { name: 'a', command: ['/a'], volumeMounts: [{ name: 'v', mountPath: '/opt/draios' }] },
        { name: 'b', image, imagePullPolicy: 'Never' },
        { name: 'c', command: ['/app'] },
      ],
    }),
  ),
  parts_missing: scene(podOf(), security, { door: 'validate' }),
  parts_differ: scene(instrumentedOtherwise),
  instrumented_otherwise: scene(
    podWith({ command: ['/cws-instrumentation-volume/cws-instrumentation', 'trace', '--', '/app'] }),
  ),
  tampered: scene(instrumentedOtherwise, forbidden),
  policy_invalid: scene(podOf(), { profile: { name: 'sysdig', settings: { region: 'mars' } } }, { broken: true }),
  host_redirected: scene(podOf({ hostAliases: [{ ip: '10.0.0.1', hostnames: ['ingest-us2.app.sysdig.com'] }] })),
  credentials_missing: scene(podOf(), {}, { secretState: () => 'missing' }),
  credentials_blocked: scene(podOf(), { prefer: 'Security' }, { secretState: () => 'blocked' }),
  credentials_awaited: scene(podOf(), { prefer: 'Security' }, { secretState: () => 'missing' }),
  agent_image_missing: scene(
    podOf(),
    {},
    { known: { 'quay.io/sysdig/workload-agent:6.3.0': failure('image_not_found') } },
  ),
  image_volume_unsupported: scene(podOf(), { delivery: 'ImageVolume' }, { facts: { imageVolumes: false } }),
  delivery_unsupported: { ...scene(), engine: engineOf(copyOnly) },
  placement_unsupported: scene(podOf(), { agent: { placement: 'Native' } }, { facts: { nativeSidecars: false } }),
  pod_unreadable: scene({ metadata: {}, spec: { containers: 'none' } }),
  too_many_containers: scene(podOf(), {}, { facts: { maxContainers: 0 } }),
  pid1_in_pod: scene(podWith({ command: ['/sbin/init'] })),
  pid1_entrypoint: scene(podWith({ command: ['/sbin/init'] }, { shareProcessNamespace: true })),
  pid1_assumed: scene(podWith({ command: ['/app'], livenessProbe: { exec: { command: ['kill', '-0', '1'] } } })),
  debugger_inside: scene(podWith({ command: ['strace', '/app'] })),
  entrypoint_is_option: scene(podWith({ command: ['--version', '/app'] })),
  entrypoint_empty: scene(unknown, {}, { known: { [image]: { entrypoint: [], cmd: [] } } }),
  init_needs_native_sidecar: scene(init(['/i']), { ...plain, ...covered }),
  init_starts_before_agent: scene(withInitInFront(), covered),
  mount_path_taken: scene(podWith({ command: ['/app'], volumeMounts: [{ name: 'v', mountPath: '/opt/draios' }] })),
  image_declares_volume: scene(
    unknown,
    { prefer: 'Security' },
    { known: { [image]: { entrypoint: ['/app'], cmd: [], volumes: ['/opt/draios/lib'] } } },
  ),
  images_annotation_invalid: scene(annotated('images', '{')),
  image_unresolved: scene(unknown),
  image_reference_invalid: lookedUp('image_reference_invalid'),
  image_not_found: lookedUp('image_not_found'),
  image_unauthorized: lookedUp('image_unauthorized'),
  image_platforms_differ: lookedUp('image_platforms_differ'),
  image_not_runnable: lookedUp('image_not_runnable'),
  image_config_invalid: lookedUp('image_config_invalid'),
  registry_unreachable: lookedUp('registry_unreachable'),
  registry_rate_limited: lookedUp('registry_rate_limited'),
  registry_error: lookedUp('registry_error'),
  registry_denied: lookedUp('registry_denied'),
  too_many_lookups: lookedUp('too_many_lookups'),
  caller_unproven: { ...scene(unknown), engine: unprovenEngine(engineFor()) },
  lookup_timeout: lookedUp('lookup_timeout'),
  capability_left_out: scene(podOf(), {}, { facts: { podSecurityDefault: 'baseline' } }),
  capability_refused: scene(podOf(), { capability: 'Always' }, { facts: { podSecurityDefault: 'baseline' } }),
  capability_without_effect: scene(podWith({ command: ['/app'], securityContext: { runAsUser: 1000 } })),
  capability_dropped: scene(
    podWith({ command: ['/app'], securityContext: { capabilities: { drop: ['SYS_PTRACE'] } } }),
  ),
  exclusion_void: scene(podWith({ command: ['/app'] }), { ...security, containers: { exclude: ['image:shop/*'] } }),
  env_kept: scene(env('SYSDIG_SIDECAR')),
  name_suffixed: scene(podOf({ volumes: [{ name: 'sysdig-workload-agent', emptyDir: {} }] })),
  annotation_ignored: scene(annotated('containers', 'web'), forbidden),
  agent_resources_kept: scene(annotated('agent-resources', '{"limits": {"memory": "1Gi"}}')),
  annotation_names_unknown: scene(annotated('containers', 'web,other')),
  keeper_left_out: scene(),
  agent_image_unauthorized: scene(
    podOf(),
    {},
    { known: { 'quay.io/sysdig/workload-agent:6.3.0': failure('image_unauthorized') } },
  ),
  parts_taken_off: scene(podOf({}, { annotations: { 'outrider.dev/plan': 'sysdig/1/0' } })),
  parts_put_back: scene(changedAgent(), forbidden),
  pull_secrets_not_added: scene(podOf(), { agent: { imagePullSecrets: ['pull'] } }, { admitted: false }),
  probe_not_covered: scene(podWith({ command: ['/app'], livenessProbe: { exec: { command: ['true'] } } })),
  sidecar_resources: scene(),
  opt_out_ignored: scene(labelled('disabled'), forbidden),
};

function reasonsIn({ reason, steps }: Decision): ReadonlySet<ReasonCode | undefined> {
  return new Set([reason, ...steps.map((step) => step.reason)]);
}

async function decisionOf({ pod, engine, door, namespaceLabels, admitted }: Scene, asking: boolean): Promise<Decision> {
  const about = { namespaceLabels, admitted };
  if (asking) return (await decideWithLookUps(pod, engine, about)).decision;
  return decideNow(pod, engine, door, about).decision;
}

const reached = new Set<ReasonCode>();

/** Those of running pods, which other doors than those for new pods give. */
type SessionReason = (typeof sessionReasons)[number];

function isSessionReason(code: ReasonCode): code is SessionReason {
  return sessionReasons.some((other) => other === code);
}

t.test('those of sessions are told apart', (t) => {
  const updateRemarks = ['update_keeps_command'];
  t.same(
    reasonCodes.filter((code) => reasons[code].about === 'session' || updateRemarks.includes(code)),
    sessionReasons,
  );
  t.end();
});

for (const code of reasonCodes) {
  if (code === 'other_request' || code === 'internal_error' || isSessionReason(code)) continue;
  t.test(`${code}: ${reasons[code].summary}`, async (t) => {
    const asking =
      /^(image_|registry_|lookup_|too_many_)/.test(code) &&
      !['image_unresolved', 'image_volume_unsupported'].includes(code);
    const decision = isTaskReason(code)
      ? await taskDecisionOf(taskScenes[code])
      : await decisionOf(scenes[code], asking);
    if (!reasonsIn(decision).has(code)) t.fail(`${decision.decision} ${decision.reason}: ${decision.detail}`);
    else reached.add(code);
    const about = reasons[code].about;
    if (about !== 'remark') t.ok(decision.detail, 'a decision says what it is about');
    if (about === 'remark') t.not(decision.reason, code, 'a remark decides nothing');
  });
}

t.test('the two that only a door gives', async (t) => {
  const engine = engineFor();
  const other = await askDoor('mutate', reviewOf(podOf(), { operation: 'UPDATE' }), engine);
  t.equal(other.audit['reason'], 'other_request');
  const failing = await askDoor('mutate', reviewOf(podOf()), engine, {
    engine: () => {
      throw new Error('broken');
    },
  });
  t.equal(failing.audit['reason'], 'internal_error');
  reached.add('other_request').add('internal_error');
});

t.test('every reason is reached', (t) => {
  t.same(
    reasonCodes.filter((code) => !reached.has(code) && !isSessionReason(code)),
    [],
  );
  t.end();
});
