import t from 'tap';
import type { Engine } from '../../../src/engine/engine.js';
import type { PodState } from '../../../src/engine/take-back/evidence.js';
import { lookAtPod } from '../../../src/engine/take-back/look.js';
import type { JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor, engineOf, policyText } from '../../support/engine.js';
import { draft, draftsOf, nameOf, objectAt, patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { crashing, doneAt, runningSince, waiting, withStatus, type ContainerStatus } from '../../support/pod-status.js';
import { running } from '../coverage/running.js';

const at = '2026-11-29T10:00:02Z';
const place = { namespace: 'shop', labels: {} };
const [tools, copy, agent] = ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy', 'sysdig-workload-agent'];
const refused = 'failed to create task: exec: "/opt/draios/bin/instrument": permission denied';
const own = 'failed to create task: exec: "/app": no such file';

function instrumented(engine: Engine, pod: JsonObject = podOf()): JsonObject {
  return running(patched(pod, decideNow(pod, engine).patch));
}

function stateOf(
  statuses: Readonly<Record<string, ContainerStatus>>,
  engine = engineFor(),
  pod = instrumented(engine),
  ready = false,
): PodState | undefined {
  return lookAtPod(withStatus(pod, statuses, { ready }), place, engine)?.found;
}

const started = { [tools]: doneAt(at), [copy]: doneAt(at), [agent]: runningSince(at) };

t.test('what of ours cannot start or does not stay is evidence, with the node’s words', (t) => {
  const failing: readonly (readonly [string, string, Readonly<Record<string, ContainerStatus>>, RegExp])[] = [
    [
      'image_not_pulled',
      copy,
      { [tools]: doneAt(at), [copy]: waiting('ImagePullBackOff', 'Back-off pulling image') },
      /Back-off/,
    ],
    ['image_not_pulled', tools, { [tools]: waiting('ErrImagePull') }, /ErrImagePull/],
    ['step_fails', copy, { [tools]: doneAt(at), [copy]: crashing(1) }, /ended with 1 \(Error\), 4 restarts/],
    ['step_fails', tools, { [tools]: waiting('CreateContainerError', 'no space') }, /no space/],
    ['agent_fails', agent, { ...started, [agent]: crashing(2), web: runningSince(at) }, /ended with 2/],
    [
      'agent_fails',
      agent,
      { ...started, [agent]: waiting('CreateContainerConfigError', 'secret "x" not found') },
      /secret/,
    ],
    ['wrapper_refused', 'web', { ...started, web: crashing(128, 'StartError', refused) }, /permission denied/],
    ['wrapper_refused', 'web', { ...started, web: waiting('RunContainerError', refused) }, /permission denied/],
  ];
  for (const [trouble, container, statuses, words] of failing) {
    const found = stateOf(statuses);
    t.match(found, {
      state: 'fails',
      evidence: { trouble, container, words, pods: ['web'] },
      sinceMs: Date.parse('2026-11-29T10:00:00Z'),
    });
  }
  t.end();
});

t.test('what an application does by itself is none', (t) => {
  const its: readonly ContainerStatus[] = [
    crashing(127),
    crashing(126),
    crashing(1),
    crashing(137, 'OOMKilled'),
    crashing(128, 'StartError', own),
    waiting('ImagePullBackOff', 'of its own image'),
    waiting('CreateContainerConfigError', 'its own Secret'),
  ];
  for (const web of its) {
    t.not(stateOf({ ...started, web })?.state, 'fails', JSON.stringify(web));
    // Whether the agent fails too or only with it cannot be told.
    t.equal(stateOf({ ...started, [agent]: crashing(1), web })?.state, 'unclear', JSON.stringify(web));
  }
  t.equal(stateOf({ ...started, web: crashing(127) })?.state, 'runs', 'we started it');
  t.end();
});

t.test('a pod that is Ready, or has not begun, says nothing against us', (t) => {
  const engine = engineFor();
  const pod = instrumented(engine);
  t.equal(stateOf({ ...started, [agent]: crashing(1), web: runningSince(at) }, engine, pod, true)?.state, 'unclear');
  t.equal(stateOf({}, engine, pod)?.state, 'unclear');
  t.equal(stateOf({ '*': waiting('PodInitializing') }, engine, pod)?.state, 'unclear');
  t.equal(
    stateOf({ ...started, [agent]: { ...crashing(1), restartCount: 1, state: {} } }, engine, pod)?.state,
    'unclear',
    'once',
  );
  t.same(stateOf({ ...started, web: runningSince('2026-11-29T10:00:09Z') }, engine, pod, true), {
    state: 'runs',
    sinceMs: Date.parse('2026-11-29T10:00:09Z'),
  });
  t.end();
});

t.test('a container that is only called like ours is none of ours', (t) => {
  const engine = engineFor();
  const forged = draft(instrumented(engine));
  for (const one of draftsOf(objectAt(forged, 'spec')['initContainers'])) {
    if (nameOf(one) === copy) one['image'] = 'evil/image:1';
  }
  const statuses = { [tools]: doneAt(at), [copy]: waiting('ImagePullBackOff') };
  t.not(stateOf(statuses, engine, forged)?.state, 'fails');
  t.equal(stateOf(statuses, engine, running(podOf())), undefined, 'nor is a pod without the plan’s record');
  t.equal(
    stateOf(statuses, engineFor({ capability: 'Never' }), instrumented(engine)),
    undefined,
    'nor one of another plan',
  );
  t.end();
});

t.test('an image volume of ours that cannot be pulled is found at the container that mounts it', (t) => {
  const engine = engineOf(
    policyText('p', { profile: { name: 'sysdig', settings: { region: 'us2' } }, delivery: 'ImageVolume' }),
  );
  const image = /"reference":"([^"]+)"/.exec(JSON.stringify(instrumented(engine)))?.[1] ?? '';
  t.not(image, '');
  t.match(stateOf({ web: waiting('ImagePullBackOff', `Back-off pulling image "${image}"`) }, engine), {
    state: 'fails',
    evidence: { trouble: 'image_not_pulled', container: 'web', image },
  });
  t.not(stateOf({ web: waiting('ImagePullBackOff', 'Back-off pulling image "shop/web:1"') }, engine)?.state, 'fails');
  t.end();
});

t.test('of a policy that insists the same is found, and said', (t) => {
  const statuses = { [tools]: waiting('ErrImagePull') };
  for (const spec of [{ prefer: 'Security' }, { optOut: 'Forbidden' }]) {
    const engine = engineFor(spec);
    const look = lookAtPod(withStatus(instrumented(engine), statuses), place, engine);
    t.match(look, { insists: true, found: { state: 'fails' } });
  }
  t.equal(lookAtPod(withStatus(instrumented(engineFor()), statuses), place, engineFor())?.insists, false);
  t.end();
});
