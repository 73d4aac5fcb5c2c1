import t from 'tap';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow, engineFor, engineOf, policyText } from '../../support/engine.js';
import { at, draft, draftsOf, listAt, objectAt, patched, type DraftObject } from '../../support/json.js';
import { podWith } from '../../support/pods.js';
import type { JsonObject } from '../../../src/model/json.js';

const security = engineFor({ prefer: 'Security' });

/** A pod as the mutating door makes it, then changed by somebody. */
function changed(change: (container: DraftObject, spec: DraftObject) => void): JsonObject {
  const pod = podWith({ command: ['/app'] });
  const copy = draft(patched(pod, decideNow(pod, security).patch));
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
