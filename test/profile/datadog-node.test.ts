import jsonpatch from 'fast-json-patch';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { parseConfiguration } from '../../src/documents/configuration/configuration.js';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import { undoOperations, withUndo } from '../../src/documents/undo/undo.js';
import { editDocument } from '../../src/documents/edit/edit.js';
import { configure } from '../../src/engine/configure.js';
import { instrument } from '../../src/engine/instrument.js';
import type { Outcome } from '../../src/engine/outcome.js';
import type { Door } from '../../src/model/decision.js';
import type { JsonObject } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';
import { checkProfile } from '../../src/profile/check.js';
import { builtInProfiles } from '../../src/profile/registry.js';

const fixtures = new URL('../../../test/fixtures/datadog-node/', import.meta.url);

function decide(pod: JsonObject, spec: JsonObject = {}, door: Door = 'mutate'): Outcome {
  const policy = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: 'agents' },
    spec: { mode: 'Inject', profile: { name: 'datadog-node' }, ...spec },
  };
  const { rules, problems } = configure(parseConfiguration([{ name: 'policy.yaml', text: JSON.stringify(policy) }]));
  if (problems[0] !== undefined) throw problems[0];
  const outcome = instrument(
    { pod, namespace: 'datadog', namespaceLabels: {}, door, admitted: true, trace: false },
    {
      rules,
      facts: {
        nativeSidecars: true,
        imageVolumes: true,
        podSecurityDefault: 'privileged',
        openShift: false,
        sandboxedRuntimeClasses: [],
        toolsImage: 'outrider',
        agentUser: 59_417,
        imageRewrites: [],
        ownPartsMayDiffer: [],
        maxContainers: 500,
      },
      images: { known: () => undefined, lookUp: () => Promise.reject(new Error('nothing is looked up')) },
      excludedNamespaces: new Set(),
      secretState: () => 'unknown',
    },
  );
  if (outcome instanceof Promise) throw new Error('nothing is looked up');
  return outcome;
}

function patched(pod: JsonObject, operations: readonly Operation[]): JsonObject {
  return jsonpatch.applyPatch<JsonObject>(pod, structuredClone([...operations]), true, false).newDocument;
}

function remarksOf({ decision }: Outcome): readonly string[] {
  return decision.steps.flatMap(({ reason, detail, result }) =>
    result === 'note' ? [`${reason ?? ''}: ${detail}`] : [],
  );
}

/** A pod with one system-probe container. */
function probePod(container: JsonObject, spec: JsonObject = {}): JsonObject {
  return { metadata: {}, spec: { containers: [{ name: 'system-probe', image: 'agent:7', ...container }], ...spec } };
}

t.test('the profile is in order, wraps nothing and adds no container', (t) => {
  const profile = builtInProfiles().find(({ metadata }) => metadata.name === 'datadog-node');
  if (profile === undefined) throw new Error('there is no profile datadog-node');
  t.same(checkProfile(profile), []);
  t.equal(profile.spec.wrapper, undefined);
  t.equal(profile.spec.sidecar, undefined);
  t.equal(profile.spec.volume, undefined);
  t.end();
});

for (const name of ['chart', 'plain']) {
  t.test(`E17: ${name}: as the golden file has it, nothing twice, and back to the byte`, (t) => {
    const before = readFileSync(new URL(`${name}.before.yaml`, fixtures), 'utf8');
    const [document] = readManifests(before, name);
    const [template] = document?.templates ?? [];
    if (template === undefined) throw new Error('the fixture has no pod template');
    const outcome = decide(template.pod);
    t.equal(outcome.decision.decision, 'inject');
    const operations = withUndo(template.pod, outcome.patch).map((operation) => ({
      ...operation,
      path: template.path + operation.path,
    }));
    const after = editDocument(before, operations);
    const file = new URL(`${name}.after.yaml`, fixtures);
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(file, after);
    t.equal(after, readFileSync(file, 'utf8'), 'the golden file; UPDATE_GOLDENS=1 writes it');

    const [again] = readManifests(after, name)[0]?.templates ?? [];
    if (again === undefined) throw new Error('the result has no pod template');
    t.same(decide(again.pod).patch, [], 'the second call changes nothing');
    t.equal(
      decide(again.pod, { prefer: 'Security' }, 'validate').decision.decision,
      'inject',
      'and nothing is missing',
    );
    const undo = undoOperations(again.pod).map((operation) => ({ ...operation, path: again.path + operation.path }));
    t.equal(editDocument(after, undo), before);
    t.end();
  });
}

t.test('a pod without the Agent’s containers is not called instrumented', (t) => {
  const pod = { metadata: {}, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
  const { decision, patch } = decide(pod);
  t.equal(decision.decision, 'skip');
  t.equal(decision.reason, 'no_container_selected');
  t.same(patch, []);
  const elsewhere = { ...pod, spec: { ...pod.spec, os: { name: 'windows' } } };
  t.equal(decide(elsewhere).decision.reason, 'no_container_selected', 'what it runs on does not matter then');
  t.equal(decide(pod, { prefer: 'Security' }, 'validate').decision.decision, 'skip', 'and it is not denied');
  t.end();
});

t.test('an Agent without system-probe and security-agent: what is missing is said', (t) => {
  const outcome = decide({ metadata: {}, spec: { containers: [{ name: 'agent', image: 'agent:7' }] } });
  t.equal(outcome.decision.decision, 'inject');
  t.same(remarksOf(outcome), [
    'container_absent: the pod has no container system-probe',
    'container_absent: the pod has no container security-agent',
  ]);
  t.notOk(
    outcome.patch.some(({ path }) => path.startsWith('/spec/volumes')),
    'no volume that nobody mounts',
  );
  t.end();
});

t.test('E32: a value of the user’s stays and is said; a policy that forbids opting out minds', (t) => {
  const env = [{ name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'false' }];
  const pod = probePod({ env });
  const allowed = decide(pod);
  t.equal(allowed.decision.decision, 'inject');
  t.match(remarksOf(allowed)[0], /^env_kept: .*DD_RUNTIME_SECURITY_CONFIG_ENABLED/);
  t.equal(decide(pod, { optOut: 'Forbidden' }).decision.reason, 'tampered');
  t.equal(decide(pod, { optOut: 'Forbidden', prefer: 'Security' }, 'validate').decision.reason, 'tampered');
  const agent = { metadata: {}, spec: { containers: [{ name: 'agent', env: [{ ...env[0], value: 'true' }] }] } };
  t.equal(decide(agent, { optOut: 'Forbidden' }).decision.decision, 'inject', 'the wanted value is no opting out');
  t.end();
});

t.test('E24, E25: the node’s network and processes are no obstacle; Windows and mirror pods are', (t) => {
  const node = { hostPID: true, hostNetwork: true };
  t.equal(decide(probePod({}, node)).decision.decision, 'inject');
  t.equal(decide(probePod({}, { os: { name: 'windows' } })).decision.reason, 'windows');
  const mirror = { ...probePod({}), metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } };
  t.equal(decide(mirror).decision.reason, 'mirror_pod');
  t.end();
});

t.test('E22: capabilities that are there already are not added again', (t) => {
  const capabilitiesOf = (securityContext: JsonObject, spec: JsonObject = {}) => {
    const pod = probePod({ securityContext });
    return patched(pod, decide(pod, spec).patch);
  };
  t.match(capabilitiesOf({ capabilities: { add: ['CAP_SYS_ADMIN', 'CHOWN'], drop: ['ALL'] } }), {
    spec: {
      containers: [
        {
          securityContext: {
            capabilities: {
              add: [
                'CAP_SYS_ADMIN',
                'CHOWN',
                'SYS_RESOURCE',
                'SYS_PTRACE',
                'NET_ADMIN',
                'NET_BROADCAST',
                'NET_RAW',
                'IPC_LOCK',
              ],
              drop: ['ALL'],
            },
          },
        },
      ],
    },
  });
  t.match(capabilitiesOf({ privileged: true }), { spec: { containers: [{ securityContext: { privileged: true } }] } });
  t.notOk(JSON.stringify(capabilitiesOf({}, { capability: 'Never' })).includes('SYS_ADMIN'), 'capability: Never');
  t.end();
});

t.test('settings: what is switched off is said to the Agent', (t) => {
  const pod = probePod({});
  const settings = { remoteConfiguration: false, networkEvents: false };
  const { spec } = patched(pod, decide(pod, { profile: { name: 'datadog-node', settings } }).patch);
  t.match(spec, {
    containers: [
      {
        env: [
          { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
          { name: 'DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED', value: 'false' },
          { name: 'DD_RUNTIME_SECURITY_CONFIG_NETWORK_ENABLED', value: 'false' },
          { name: 'HOST_ROOT', value: '/host/root' },
        ],
      },
    ],
  });
  t.end();
});

t.test('a record is written, no argv and no shared namespace', (t) => {
  const pod = probePod({});
  const paths = decide(pod).patch.map(({ path }) => path);
  t.ok(paths.includes('/metadata/labels'));
  t.notOk(paths.includes('/spec/shareProcessNamespace'));
  t.notOk(paths.some((path) => path.includes('command')));
  t.end();
});
