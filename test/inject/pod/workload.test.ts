import t from 'tap';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow, engineFor, engineOf, policyText } from '../../support/engine.js';
import { at, draft, draftsOf, listAt, objectAt, patched, type DraftObject } from '../../support/json.js';
import { podWith } from '../../support/pods.js';
import type { JsonObject } from '../../../src/model/json.js';

const security = engineFor({ prefer: 'Security' });

/** A pod as the mutating door makes it, then changed by someone. */
function changed(change: (container: DraftObject, spec: DraftObject) => void, engine = security): JsonObject {
  const pod = podWith({ command: ['/app'] });
  const copy = draft(patched(pod, decideNow(pod, engine).patch));
  const spec = objectAt(copy, 'spec');
  change(draftsOf(spec['containers'])[0] ?? {}, spec);
  return copy;
}

t.test('E17: a mount that hides ours is in the way, however its path is written', (t) => {
  for (const mountPath of ['/opt/draios/bin', '/opt/draios/', '/opt//draios', '/opt/./draios/bin/', 'opt/draios/bin']) {
    const pod = changed((container, spec) => {
      listAt(spec, 'volumes').push({ name: 'mine', emptyDir: {} });
      listAt(container, 'volumeMounts').push({ name: 'mine', mountPath });
    });
    t.match(decideNow(pod, security, 'validate').decision, { decision: 'deny', reason: 'mount_path_taken' }, mountPath);
    const fresh = podWith({ command: ['/app'], volumeMounts: [{ name: 'mine', mountPath }] });
    t.match(decideNow(fresh, security).decision, { decision: 'skip', reason: 'mount_path_taken' }, mountPath);
  }
  t.end();
});

t.test('a mount around ours is in the way only where ours could not be made in it', (t) => {
  const around = (mountPath: string, readOnly: boolean) =>
    decideNow(podWith({ command: ['/app'], volumeMounts: [{ name: 'mine', mountPath, readOnly }] }), security).decision;
  t.match(around('/opt', true), {
    reason: 'mount_path_taken',
    detail: 'web: its own volume mine is mounted read-only at /opt',
  });
  t.equal(around('/opt', false).reason, 'injected');
  t.equal(around('/', true).reason, 'injected');
  t.equal(around('/opt/draios-data', false).reason, 'injected');
  t.end();
});

t.test('E17: our volume mounted otherwise is no proof', (t) => {
  const otherwise: readonly ((mount: DraftObject) => void)[] = [
    (mount) => delete mount['readOnly'],
    (mount) => (mount['subPath'] = 'other'),
    (mount) => (mount['subPathExpr'] = '$(X)'),
  ];
  for (const change of otherwise) {
    const pod = changed((container) => change(draftsOf(container['volumeMounts'])[0] ?? {}));
    t.equal(decideNow(pod, security, 'validate').decision.decision, 'deny');
  }
  t.end();
});

const lab = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/run] }
  volume: { name: lab, mountPath: /lab, copy: { name: lab-copy, command: [/lab-setup] } }
  env: [{ name: LAB_NODE, fromField: spec.nodeName }]
  reservedEnv: [LAB_NODE]
`;

t.test('E17: a variable from a field is ours also with the defaults that the API server adds', (t) => {
  const engine = engineOf(
    `${lab}${policyText('p', { profile: { name: 'lab' }, optOut: 'Forbidden', prefer: 'Security' })}`,
  );
  const pod = podWith({ command: ['/app'] });
  const after = throughTheServer(patched(pod, decideNow(pod, engine).patch));
  t.match(at(after, 'spec', 'containers', 0, 'env', 0), { valueFrom: { fieldRef: { apiVersion: 'v1' } } });
  t.match(decideNow(after, engine), { decision: { reason: 'injected', steps: [] }, patch: [] });
  t.equal(decideNow(after, engine, 'validate').decision.decision, 'inject');
  t.end();
});

const option = 'entrypoint_is_option';
const instrument = '/opt/draios/bin/instrument';

/** Pods whose main container starts with an option: as they are created, and as someone changed an instrumented one. */
function startingWithAnOption(engine: typeof security): Readonly<Record<string, JsonObject>> {
  const forged = (fields: JsonObject, variables: readonly DraftObject[] = []) =>
    changed((container) => {
      Object.assign(container, fields);
      listAt(container, 'env').push(...variables);
    }, engine);
  const says = { annotations: { 'outrider.dev/images': '{"web": {}}' } };
  return {
    fresh: podWith({ command: ['--version', '/app'] }),
    'fresh, by args': podWith({ args: ['--version', '/app'] }, {}, says),
    wrapped: forged({ command: [instrument, '--version', '/app'] }),
    'wrapped, by args': forged({ command: [instrument], args: ['--version', '/app'] }),
    'wrapped, by a variable': forged({ command: [instrument, '$(A)', '/app'] }, [{ name: 'A', value: '--version' }]),
  };
}

t.test('F11: a container whose first word the tracer takes for an option is never called instrumented', (t) => {
  for (const spec of [{ prefer: 'Security' }, { optOut: 'Forbidden' }]) {
    const engine = engineFor(spec);
    t.equal(
      decideNow(
        changed(() => undefined, engine),
        engine,
        'validate',
      ).decision.decision,
      'inject',
    );
    for (const [name, pod] of Object.entries(startingWithAnOption(engine))) {
      t.match(decideNow(pod, engine, 'validate').decision, { decision: 'deny', reason: option }, name);
    }
  }
  const trusting = engineFor();
  for (const [name, pod] of Object.entries(startingWithAnOption(trusting))) {
    for (const door of ['mutate', 'validate'] as const) {
      const { decision, patch } = decideNow(pod, trusting, door);
      t.match(decision, { decision: 'skip', reason: option }, `${name}: nothing is denied`);
      t.same(patch, []);
    }
  }
  const datadog = engineFor({ profile: { name: 'datadog' }, prefer: 'Security' });
  const dashed = podWith({ command: ['--version'] });
  t.equal(decideNow(dashed, datadog).decision.decision, 'inject', 'behind -- any word is');
  t.end();
});

t.test('F11: a probe whose first word the tracer takes for an option', (t) => {
  const covering = engineFor({ prefer: 'Security', containers: { cover: ['Main', 'Probes'] } });
  const probe = (command: readonly string[]) => podWith({ command: ['/app'], livenessProbe: { exec: { command } } });
  t.match(decideNow(probe(['--version']), covering, 'validate').decision, { decision: 'deny', reason: option });
  const wrapped = probe([instrument, '--version']);
  t.match(decideNow(wrapped, covering, 'validate').decision, { decision: 'deny', reason: option });
  t.equal(decideNow(probe(['cat']), covering).decision.decision, 'inject');
  t.equal(decideNow(probe(['--version']), security).decision.decision, 'inject', 'it is not covered');
  t.end();
});
