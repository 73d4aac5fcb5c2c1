import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { draft, listAt, objectAt, patched } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';

const security = { prefer: 'Security' } as const;
const ours = { runAsUser: 59_417 };

t.test('F7: a container of the workload that runs as our user', (t) => {
  const taken = { decision: 'deny', reason: 'agent_user_taken' };
  const neighbour = { name: 'late', image: 'i', command: ['/i'], securityContext: ours };
  const pods = {
    container: podWith({ command: ['/app'], securityContext: ours }),
    pod: podOf({ securityContext: ours }),
    'one that nobody selects': podOf({ initContainers: [{ ...neighbour, restartPolicy: 'Always' }] }),
  };
  for (const [name, pod] of Object.entries(pods)) {
    for (const spec of [security, { optOut: 'Forbidden' }]) {
      t.match(decideNow(pod, engineFor(spec), 'validate').decision, taken, name);
    }
    const { decision } = decideNow(pod, engineFor());
    t.equal(decision.decision, 'inject', `${name}: a remark where nobody insists`);
    t.ok(decision.steps.some(({ reason }) => reason === 'agent_user_taken'));
    const moved = engineFor(security, { facts: { agentUser: 61_000 } });
    t.equal(decideNow(pod, moved).decision.decision, 'inject', 'the setting moves it');
    t.equal(
      decideNow(pod, engineFor(security, { facts: { openShift: true } })).decision.decision,
      'inject',
      'OpenShift',
    );
  }
  const own = podWith({ command: ['/app'], securityContext: { runAsUser: 1000 } }, { securityContext: ours });
  t.equal(decideNow(own, engineFor(security)).decision.decision, 'inject', 'the container’s own counts');
  t.end();
});

t.test('F7: a container whose image runs as our user, where that is known anyway', (t) => {
  const images = { 'shop/web:1': { entrypoint: ['/app'], cmd: [], users: [1000, 59_417] } };
  const detail = /web runs as 59417, the agent’s user, by the USER of shop\/web:1/;
  for (const spec of [security, { optOut: 'Forbidden' }]) {
    const engine = engineFor(spec, { known: images });
    t.match(decideNow(podWith({}), engine, 'validate').decision, {
      decision: 'deny',
      reason: 'agent_user_taken',
      detail,
    });
    t.equal(decideNow(podWith({ securityContext: { runAsUser: 1 } }), engine).decision.decision, 'inject');
    t.equal(decideNow(podWith({}, { securityContext: { runAsUser: 1 } }), engine).decision.decision, 'inject');
    t.equal(decideNow(podWith({ command: ['/app'] }), engine).decision.decision, 'inject', 'nobody asks for it alone');
    const beside = podOf({
      containers: [
        { name: 'app', image: 'shop/app:1', command: ['/app'] },
        { name: 'web', image: 'shop/web:1' },
      ],
    });
    const some = engineFor({ ...spec, containers: { exclude: ['web'] } }, { known: images });
    t.match(decideNow(beside, some).decision, { reason: 'agent_user_taken', detail }, 'one that nobody selects');
  }
  const { decision } = decideNow(podWith({}), engineFor({}, { known: images }));
  t.equal(decision.decision, 'inject');
  t.ok(
    decision.steps.some(({ reason }) => reason === 'agent_user_taken'),
    'a remark where nobody insists',
  );
  const openShift = engineFor(security, { known: images, facts: { openShift: true } });
  t.equal(decideNow(podWith({}), openShift).decision.decision, 'inject');
  t.end();
});

t.test('F7: an init container before ours that could write to our volume', (t) => {
  const before = (fields: JsonObject, spec: JsonObject = security, podSpec: JsonObject = {}) => {
    const engine = engineFor({ containers: { cover: ['Main'] }, ...spec });
    const pod = podOf(podSpec);
    const done = draft(patched(pod, decideNow(pod, engine).patch));
    listAt(objectAt(done, 'spec'), 'initContainers').unshift({ name: 'first', image: 'i', command: ['/i'], ...fields });
    return decideNow(done, engine, 'validate').decision;
  };
  const as = (runAsUser: number, more: JsonObject = {}) => ({ securityContext: { runAsUser, ...more } });
  const forged = { decision: 'deny', reason: 'tampered', detail: /init container first stands before/ };
  const harmful = [
    {},
    as(0),
    as(1337, { privileged: true }),
    as(1337, { capabilities: { add: ['CAP_SYS_PTRACE'] } }),
    as(1337, { capabilities: { add: ['ALL'] } }),
  ];
  for (const fields of harmful) {
    t.match(before(fields), forged, JSON.stringify(fields));
    t.match(before({ ...fields, restartPolicy: 'Always' }, { optOut: 'Forbidden' }), forged);
    t.equal(before(fields, {}).decision, 'inject', 'nothing is denied where nobody insists');
    t.equal(
      before(fields, { ...security, containers: { cover: ['Main'], exclude: ['first'] } }).decision,
      'inject',
      'by the operator',
    );
  }
  t.match(before(as(59_417)), { decision: 'deny', reason: 'agent_user_taken' });
  t.equal(before(as(1337)).decision, 'inject', 'as istio-validation');
  t.equal(before({}, security, { securityContext: { runAsUser: 1000 } }).decision, 'inject', 'the pod’s user counts');
  t.end();
});
