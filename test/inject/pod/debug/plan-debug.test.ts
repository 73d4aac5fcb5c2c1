import fc from 'fast-check';
import t from 'tap';
import type { ImageOutcome } from '../../../../src/model/image.js';
import type { JsonObject } from '../../../../src/model/json.js';
import { newContainers } from '../../../../src/inject/pod/debug/new-containers.js';
import { patchDebug } from '../../../../src/inject/pod/debug/patch-debug.js';
import { missingOfDebug, planDebug, type DebugPlan } from '../../../../src/inject/pod/debug/plan-debug.js';
import { findTrespass } from '../../../../src/inject/pod/debug/trespass.js';
import { isFinding, readPod, type ContainerBody } from '../../../../src/inject/pod/view.js';
import { debugged, debuggerOf } from '../../../support/debug.js';
import { engineFor, plainFacts } from '../../../support/engine.js';
import { at, patched, patchedBySecond } from '../../../support/json.js';
import { podOf } from '../../../support/pods.js';

const engine = engineFor({ optOut: 'Forbidden' });
const [rule] = engine.rules.byPolicy.values();
const files = {
  mounts: [{ name: 'agent', mountPath: '/opt/draios', readOnly: true }],
  wrapper: ['/opt/draios/bin/instrument'],
};

function bodyOf(container: JsonObject): ContainerBody {
  const [body] = bodiesIn(debugged(podOf(), container));
  if (body === undefined) throw new Error('none is new');
  return body;
}

function bodiesIn(updated: JsonObject): readonly ContainerBody[] {
  const found = newContainers(podOf(), updated, 10);
  if ('reason' in found) throw new Error(found.detail);
  return found;
}

const knows = (config: Partial<Extract<ImageOutcome, { ok: true }>['config']> = {}): ImageOutcome => ({
  ok: true,
  config: { entrypoint: ['/entry'], cmd: [], ...config },
  source: 'registry',
});

function plan(container: JsonObject, image: ImageOutcome = knows(), wrapper: readonly string[] = files.wrapper) {
  if (rule === undefined) throw new Error('no rule');
  return planDebug(bodyOf(container), image, {
    recipe: rule.recipe,
    variables: rule.parts.variables,
    files: { ...files, wrapper },
    capabilities: ['SYS_PTRACE'],
    enforced: true,
  });
}

function planned(container: JsonObject): DebugPlan {
  const made = plan(container);
  if ('reason' in made) throw new Error(made.detail);
  return made;
}

t.test('what keeps a debug container from being traced has a reason', (t) => {
  const reasonOf = (...parameters: Parameters<typeof plan>): string => {
    const made = plan(...parameters);
    return 'reason' in made ? made.reason : 'planned';
  };
  const [wrapper = ''] = files.wrapper;
  t.equal(reasonOf(debuggerOf()), 'planned');
  t.equal(reasonOf(debuggerOf({ command: [wrapper] })), 'entrypoint_empty');
  t.equal(reasonOf(debuggerOf({ command: [wrapper, '-x'] })), 'entrypoint_is_option', 'F11');
  t.equal(reasonOf(debuggerOf({ command: [wrapper], args: ['-x'] })), 'entrypoint_is_option', 'F11');
  t.equal(reasonOf(debuggerOf({ command: ['-x'] })), 'entrypoint_is_option', 'F11');
  t.equal(reasonOf(debuggerOf({ command: [wrapper, 'sh'] }), knows(), [wrapper, '--flag']), 'debug_not_traced');
  t.equal(reasonOf(debuggerOf({ command: ['/sbin/init'] })), 'pid1_entrypoint');
  t.equal(reasonOf(debuggerOf(), knows({ entrypoint: [] })), 'entrypoint_empty');
  t.equal(reasonOf(debuggerOf(), { ok: false, reason: 'image_not_found', detail: '' }), 'debug_image_unknown');
  for (const volume of ['/opt/draios', '/opt/draios/', '/opt/draios/bin', '/opt/x/../draios', '/proc/self/root/opt']) {
    t.equal(reasonOf(debuggerOf({ command: ['sh'] }), knows({ volumes: [volume] })), 'debug_image_volume', volume);
  }
  for (const volume of ['/opt', '/', '/opt/draiosx']) {
    t.equal(reasonOf(debuggerOf(), knows({ volumes: [volume] })), 'planned', volume);
  }
  t.equal(reasonOf(debuggerOf({ terminationMessagePath: '/opt/draios/bin/instrument' })), 'mount_path_taken', 'F5');
  t.equal(reasonOf(debuggerOf({ volumeMounts: [{ name: 'x', mountPath: '/proc/1/root/opt' }] })), 'mount_path_taken');
  t.end();
});

t.test('a plan that is carried out lacks nothing, whatever form the lists came in', (t) => {
  const list = fc.constantFrom<(JsonObject[] | null | undefined)[]>(undefined, null, [], [{ name: 'A', value: 'b' }]);
  const security = fc.constantFrom<(JsonObject | null | undefined)[]>(
    undefined,
    null,
    {},
    { capabilities: null },
    { capabilities: {} },
    { capabilities: { add: null } },
    { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
  );
  const argv = fc.constantFrom<(string[] | null | undefined)[]>(undefined, null, [], ['sh', '-c']);
  fc.assert(
    fc.property(list, security, argv, argv, (env, securityContext, command, args) => {
      const given = Object.entries({ env, securityContext, command, args }).filter(([, value]) => value !== undefined);
      const container: JsonObject = debuggerOf(Object.fromEntries(given));
      const updated = debugged(podOf(), debuggerOf({ name: 'other' }), container);
      const made = bodiesIn(updated).map((body) => planned(body.value));
      const plans = bodiesIn(updated).map((body, index): DebugPlan => ({
        ...(made[index] ?? planned(body.value)),
        container: body,
      }));
      const operations = patchDebug(plans);
      const after = patched(updated, operations);
      t.same(patchedBySecond(updated, operations), after);
      for (const body of bodiesIn(after)) {
        const again = planned(body.value);
        t.same(missingOfDebug(again), []);
        t.same(patchDebug([again]), []);
      }
    }),
    { numRuns: 60 },
  );
  t.end();
});

t.test('what is missing is said in words', (t) => {
  t.same(missingOfDebug(planned(debuggerOf())), [
    'the tracer’s wrapper',
    'variable SYSDIG_SIDECAR',
    'variable __INSTRUMENTATION_WRAPPER',
    'variable SYSDIG_EXTRA_CONF',
    'mount /opt/draios',
    'capability SYS_PTRACE',
  ]);
  t.end();
});

t.test('new are those that are not there yet, by name; without a shape they are a finding', (t) => {
  const before = debugged(podOf(), debuggerOf({ name: 'old' }));
  const after = debugged(before, debuggerOf({ name: 'new' }));
  t.match(newContainers(before, after, 10), [{ name: 'new', index: 1 }]);
  t.same(newContainers(before, before, 10), []);
  t.same(newContainers(before, podOf(), 10), [], 'the API server lets none go');
  t.match(newContainers(podOf(), after, 1), { reason: 'too_many_containers' });
  t.match(newContainers(podOf(), {}, 1), []);
  for (const odd of [{ name: '' }, { name: 'x', env: {} }, { name: 'x', securityContext: [] }]) {
    t.match(newContainers(podOf(), debugged(podOf(), odd), 10), { reason: 'pod_unreadable' }, JSON.stringify(odd));
  }
  t.equal(at(after, 'spec', 'ephemeralContainers', 1, 'name'), 'new');
  t.end();
});

t.test('F9: whose user and whose rights a debug container has counts with the pod’s own', (t) => {
  const reasonOf = (
    security: JsonObject,
    ofPod: JsonObject = {},
    users: readonly number[] = [],
  ): string | undefined => {
    const view = readPod(podOf({ securityContext: ofPod }));
    if (isFinding(view) || rule === undefined) throw new Error('unreadable');
    return findTrespass(bodyOf(debuggerOf({ securityContext: security })), knows({ users }), {
      view,
      recipe: rule.recipe,
      facts: plainFacts,
      found: { volumes: new Set(['agent']), files },
      security: true,
    })?.reason;
  };
  const user = 'debug_user_forbidden';
  const privilege = 'debug_privilege_forbidden';
  const tracing = { capabilities: { add: ['SYS_PTRACE'] } };
  t.equal(reasonOf({}), undefined);
  t.equal(reasonOf({}, { runAsUser: plainFacts.agentUser }), user);
  t.equal(reasonOf({ runAsUser: 7 }, { runAsUser: plainFacts.agentUser }), undefined);
  t.equal(reasonOf({}, {}, [plainFacts.agentUser]), user, 'by the image’s USER');
  t.equal(reasonOf({ privileged: true, runAsUser: 7 }), privilege);
  t.equal(reasonOf(tracing), privilege);
  t.equal(reasonOf({ ...tracing, runAsUser: 0 }, { runAsNonRoot: true }), privilege);
  t.equal(reasonOf({ ...tracing, runAsNonRoot: false }, { runAsNonRoot: true }), privilege);
  t.equal(reasonOf(tracing, { runAsUser: 7 }), undefined);
  t.equal(reasonOf(tracing, { runAsNonRoot: true }), undefined);
  t.equal(reasonOf(tracing, {}, [7]), privilege, 'an image’s USER is of one platform');
  const reaching = { capabilities: { add: ['SYS_PTRACE', 'CAP_SYS_MODULE'] }, runAsUser: 7 };
  t.equal(reasonOf(reaching), privilege, 'a setuid program of the image makes root of any user');
  t.equal(reasonOf({ ...reaching, allowPrivilegeEscalation: false }), undefined);
  t.end();
});
