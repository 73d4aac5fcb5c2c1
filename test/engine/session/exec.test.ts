import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import type { Engine } from '../../../src/engine/engine.js';
import { busybox } from '../../../src/inject/pod/scripts.js';
import { isObject, type JsonObject } from '../../../src/model/json.js';
import { lookArgv } from '../../../src/model/look-script.js';
import { debuggerOf, throughDoors } from '../../support/debug.js';
import { engineFor, engineOf, policyText } from '../../support/engine.js';
import { draft, draftsOf, isDraftObject, members, nameOf, objectAt, type DraftObject } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { profileDocuments } from '../../property/policies.js';
import { askExec, jo, running, throughBoth } from './sessions.js';

const wrapper = ['/opt/draios/bin/instrument'];
const shell = ['sh', '-c', 'id'];
/** What the agent's image starts: with it, the agent's container has the tools that a look needs. */
const agents = `---
apiVersion: outrider.dev/v1alpha1
kind: ImageMap
images:
  quay.io/sysdig/workload-agent:6.3.0: { entrypoint: [/agent], cmd: [] }
`;
const profile = { name: 'sysdig', settings: { region: 'us2' } };
const security = engineFor({ prefer: 'Security' });
const usual = engineFor({ sessions: { exec: 'Trace' } });

/** A pod with a field changed since. */
function changed(pod: JsonObject, change: (pod: DraftObject, spec: DraftObject) => void): JsonObject {
  const after = draft(pod);
  change(after, objectAt(after, 'spec'));
  return after;
}

function containerIn(spec: DraftObject, name: string, list = 'containers'): DraftObject {
  const found = draftsOf(spec[list]).find((one) => one['name'] === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const both = podOf({
  initContainers: [{ name: 'migrate', image: 'shop/web:1', command: ['/migrate'] }],
  containers: [
    { name: 'web', image: 'shop/web:1', command: ['/app'] },
    { name: 'proxy', image: 'shop/proxy:1', command: ['/proxy'] },
  ],
});

t.test('a command in a wrapped container gets the tracer in front, once', (t) => {
  for (const engine of [security, usual]) {
    const pod = running(podOf(), engine);
    const { started, said } = throughBoth(pod, engine, shell);
    t.same(started, [...wrapper, ...shell]);
    t.match(said, {
      decision: 'wrapped',
      reason: 'session_traced',
      policy: 'default',
      container: 'web',
      recorded: true,
    });
    t.same(throughBoth(pod, engine, started).started, started, 'one that has it stays as it is');
  }
  t.end();
});

t.test('each profile has its own tracer in front, or what it has for sessions', (t) => {
  const documents = `${profileDocuments}
---
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: special }
spec: { version: '1', image: lab/agent:1, wrapper: { argv: [/lab/run, --] }, session: { argv: [/lab/run, --session, --] }, volume: { name: lab, mountPath: /lab, copy: { name: lab-copy, from: /lab } } }
`;
  const fronts: Readonly<Record<string, readonly string[]>> = {
    sysdig: wrapper,
    datadog: ['/cws-instrumentation-volume/cws-instrumentation', 'trace'],
    lab: ['/lab/run', '--'],
    special: ['/lab/run', '--session', '--'],
  };
  for (const [name, front] of Object.entries(fronts)) {
    const settings = name === 'sysdig' ? { region: 'us2' } : {};
    const engine = engineOf(
      `${documents}${policyText('default', { prefer: 'Security', profile: { name, settings } })}`,
    );
    const pod = running(podOf(), engine);
    const { started, said } = throughBoth(pod, engine, shell);
    t.same(started.slice(0, front.length), front, name);
    t.same(started.slice(-shell.length), shell);
    t.equal(said.decision, 'wrapped', name);
    t.same(throughBoth(pod, engine, started).started, started, `${name}: not twice`);
  }
  const engine = engineOf(`${documents}${policyText('default', { prefer: 'Security', profile: { name: 'special' } })}`);
  const pod = running(podOf(), engine);
  t.equal(
    askExec(pod, engine, ['/lab/run', '--', 'sh']).decision,
    'wrapped',
    'as the container itself is started, too',
  );
  t.end();
});

t.test('a profile without a tracer in the pod has nothing to put in front', (t) => {
  const engine = engineOf(policyText('default', { prefer: 'Security', profile: { name: 'datadog-node' } }));
  const { started, said } = throughBoth(running(podOf(), engine), engine, shell);
  t.same(started, shell);
  t.match(said, { decision: 'untraced', reason: 'session_recorded', recorded: true });
  t.end();
});

t.test('F11: a word that the tracer takes for an option of its own is no command', (t) => {
  const pod = running(podOf(), security);
  const { started, said } = throughBoth(pod, security, ['-x', 'sh']);
  t.same(started, ['-x', 'sh']);
  t.match(said, { decision: 'denied', reason: 'entrypoint_is_option' });
  t.match(askExec(pod, security, [...wrapper, '--off', 'sh']), { decision: 'denied', reason: 'entrypoint_is_option' });
  t.match(askExec(pod, security, wrapper), { decision: 'denied', reason: 'exec_not_traced' }, 'nothing to start');
  t.match(askExec(pod, security, []), { decision: 'denied', reason: 'exec_not_traced' });
  const forbidden = engineFor({ optOut: 'Forbidden' });
  t.match(throughBoth(running(podOf(), forbidden), forbidden, ['-x']).said, { decision: 'denied' });
  t.match(throughBoth(running(podOf(), usual), usual, ['-x']).said, { decision: 'untraced' });
  t.end();
});

t.test('the final command counts: one that has lost the tracer is denied under Security alone', (t) => {
  t.match(askExec(running(podOf(), security), security, shell), { decision: 'denied', reason: 'exec_not_traced' });
  t.match(askExec(running(podOf(), usual), usual, shell), { decision: 'untraced', reason: 'exec_not_traced' });
  t.end();
});

t.test('what is ours is closed under Security, except for the look of outrider verify', (t) => {
  const keeper = engineOf(agents + policyText('default', { profile, sessions: { exec: 'Trace' } }));
  for (const engine of [security, keeper]) {
    const pod = running(podOf(), engine);
    const decision = engine === security ? 'denied' : 'untraced';
    for (const container of members(pod, 'initContainers').map(nameOf)) {
      const { started, said } = throughBoth(pod, engine, shell, { container });
      t.same(started, shell, container);
      t.match(said, { decision, reason: 'exec_into_agent', container });
    }
  }
  const container = 'sysdig-workload-agent';
  const pod = running(podOf(), keeper);
  const look = lookArgv(busybox);
  t.match(throughBoth(pod, keeper, look, { container }).said, { decision: 'untraced', reason: 'session_allowed' });
  t.match(throughBoth(pod, keeper, [...look, 'x'], { container }).said, { reason: 'exec_into_agent' }, 'word for word');
  t.match(throughBoth(pod, keeper, look.slice(0, -1), { container }).said, { reason: 'exec_into_agent' });
  const denying = engineOf(agents + policyText('default', { profile, sessions: { exec: 'Deny' } }));
  t.match(throughBoth(pod, denying, look, { container }).said, { decision: 'untraced', reason: 'session_allowed' });
  const writing = changed(pod, (_pod, spec) => {
    containerIn(spec, 'web')['volumeMounts'] = [{ name: 'sysdig-workload-agent', mountPath: '/w' }];
  });
  t.match(
    throughBoth(writing, keeper, look, { container }).said,
    { reason: 'exec_into_agent' },
    'not where somebody else may have written the program',
  );
  t.end();
});

t.test('init containers and those that the policy excludes or does not cover', (t) => {
  const engine = engineFor({ prefer: 'Security', containers: { exclude: ['proxy'] } });
  const pod = running(both, engine);
  t.equal(throughBoth(pod, engine, shell, { container: 'migrate' }).said.decision, 'wrapped');
  t.match(throughBoth(pod, engine, shell, { container: 'proxy' }), {
    started: shell,
    said: { decision: 'untraced', reason: 'exec_left_out', container: 'proxy', recorded: true },
  });
  // It was wrapped before the policy excluded it: what it is counts.
  t.equal(throughBoth(running(both, security), engine, shell, { container: 'proxy' }).said.decision, 'wrapped');
  t.end();
});

t.test('a container that should be traced and is not: denied under Security, else let in', (t) => {
  t.match(throughBoth(podOf(), security, shell), {
    started: shell,
    said: { decision: 'denied', reason: 'exec_not_instrumented' },
  });
  t.match(throughBoth(podOf(), usual, shell).said, { decision: 'untraced', reason: 'exec_not_instrumented' });
  t.end();
});

t.test('what the policy admits is left as it is, and what it does not admit is not', (t) => {
  const onHost = podOf({ hostNetwork: true });
  const admitting = engineFor({ prefer: 'Security', admitUninstrumented: ['host_network'] });
  t.match(throughBoth(onHost, admitting, shell).said, { decision: 'untraced', reason: 'exec_left_out' });
  t.match(throughBoth(onHost, security, shell).said, { decision: 'denied', reason: 'exec_not_instrumented' });
  const withInit = podOf({
    containers: [
      { name: 'web', image: 'shop/web:1', command: ['/app'] },
      { name: 'box', image: 'shop/box:1' },
    ],
  });
  const skipping = engineFor({ prefer: 'Security', onUnresolvedImage: 'Skip' });
  const pod = running(withInit, skipping);
  t.match(throughBoth(pod, skipping, shell, { container: 'box' }).said, {
    decision: 'untraced',
    reason: 'exec_left_out',
  });
  t.equal(throughBoth(pod, skipping, shell).said.decision, 'wrapped');
  t.match(throughBoth(pod, security, shell, { container: 'box' }).said, { decision: 'denied' });
  t.end();
});

t.test('a label or an annotation that is written on a running pod takes no tracer off a session', (t) => {
  const pod = changed(running(podOf(), security), (after) => {
    const metadata = objectAt(after, 'metadata');
    metadata['labels'] = { 'outrider.dev/inject': 'disabled' };
    metadata['annotations'] = { 'outrider.dev/containers': 'other' };
  });
  t.equal(throughBoth(pod, security, shell).said.decision, 'wrapped');
  t.match(askExec(pod, security, shell), { decision: 'denied' });
  const claims = podOf(
    {},
    {
      name: 'web',
      labels: { 'outrider.dev/status': 'injected' },
      annotations: { 'outrider.dev/plan': 'sysdig/1/x' },
    },
  );
  t.match(throughBoth(claims, security, shell).said, { decision: 'denied', reason: 'exec_not_instrumented' });
  t.end();
});

t.test('F9, F3: a tracer that somebody could have written is none', (t) => {
  const pod = running(both, security);
  const volume = 'sysdig-workload-agent';
  const changes: Readonly<Record<string, (spec: DraftObject) => void>> = {
    'another container may write to the volume': (spec) => {
      containerIn(spec, 'proxy')['volumeMounts'] = [{ name: volume, mountPath: '/w' }];
    },
    'so may a debug container': (spec) => {
      spec['ephemeralContainers'] = [{ name: 'd', image: 'i', volumeMounts: [{ name: volume, mountPath: '/w' }] }];
    },
    'the volume is of another kind': (spec) => {
      const found = draftsOf(spec['volumes']).find((one) => one['name'] === volume);
      if (found === undefined) throw new Error('no volume');
      delete found['emptyDir'];
      found['configMap'] = { name: 'x' };
    },
    'the wrapper comes from the image': (spec) => {
      containerIn(spec, 'web')['volumeMounts'] = [];
    },
    'the container may write to it': (spec) => {
      for (const mount of draftsOf(containerIn(spec, 'web')['volumeMounts'])) mount['readOnly'] = false;
    },
    'something lies over it': (spec) => {
      const mounts = containerIn(spec, 'web')['volumeMounts'];
      if (Array.isArray(mounts)) mounts.push({ name: 'own', mountPath: '/opt/draios/bin/instrument' });
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    const after = changed(pod, (_pod, spec) => change(spec));
    const { started, said } = throughBoth(after, security, shell);
    t.same(started, shell, what);
    t.match(said, { decision: 'denied', reason: 'exec_not_instrumented' }, what);
  }
  t.end();
});

t.test('pods of an earlier layout, of an earlier version and of an earlier profile go on to be traced', (t) => {
  for (const folder of ['old-layout', 'old-layout-security']) {
    const pod: unknown = parse(readFileSync(`test/golden/${folder}/pod.yaml`, 'utf8'));
    if (!isObject(pod)) throw new Error(`no pod in ${folder}`);
    t.match(
      throughBoth(pod, security, shell),
      { started: [...wrapper, ...shell], said: { decision: 'wrapped' } },
      folder,
    );
  }
  const newer = engineFor({
    prefer: 'Security',
    profile: { name: 'sysdig', settings: { region: 'us2', version: '7' } },
  });
  t.equal(throughBoth(running(podOf(), security), newer, shell).said.decision, 'wrapped');
  for (const delivery of ['ImageVolume', 'Copy']) {
    const other = engineFor({ prefer: 'Security', delivery });
    t.equal(throughBoth(running(podOf(), other), security, shell).said.decision, 'wrapped', delivery);
  }
  const two = engineOf(
    policyText('default', { prefer: 'Security', precedence: 1, profile: { name: 'datadog', settings: {} } }) +
      policyText('before', { prefer: 'Security', profile }),
  );
  t.same(throughBoth(running(podOf(), security), two, shell).started, [...wrapper, ...shell], 'the pod’s own tracer');
  t.end();
});

t.test('the container is resolved as the API server does', (t) => {
  const one = running(podOf(), security);
  t.match(throughBoth(one, security, shell, { container: '' }).said, { decision: 'wrapped', container: 'web' });
  const two = changed(running(both, security), (after) => {
    objectAt(after, 'metadata')['annotations'] = { 'kubectl.kubernetes.io/default-container': 'web' };
  });
  const nobody = { decision: 'untraced', reason: 'session_container_unknown', recorded: false };
  t.match(throughBoth(two, security, shell, { container: '' }).said, nobody, 'the annotation is kubectl’s');
  t.match(throughBoth(two, security, shell, { container: 'other' }).said, nobody, 'the API server says so itself');
  const plain = running(podOf(), engineFor({ prefer: 'Security', agent: { placement: 'Container' } }));
  t.match(
    throughBoth(plain, security, shell, { container: '' }).said,
    nobody,
    'the agent counts, where it is a plain one',
  );
  t.end();
});

t.test('debug containers: traced ones stay so, others as the policy has it for them', (t) => {
  const pod = running(podOf(), security);
  const [web] = members(pod, 'containers');
  const ephemeral = (container: JsonObject): JsonObject => ({
    ...pod,
    spec: { ...(isDraftObject(pod['spec']) ? pod['spec'] : {}), ephemeralContainers: [{ name: 'dbg', ...container }] },
  });
  const traced = ephemeral({ image: 'b', command: [...wrapper, 'sh'], volumeMounts: web?.['volumeMounts'] ?? [] });
  t.equal(throughBoth(traced, security, shell, { container: 'dbg' }).said.decision, 'wrapped');
  const bare = ephemeral({ image: 'b', command: ['sh'] });
  t.match(throughBoth(bare, security, shell, { container: 'dbg' }).said, { decision: 'denied' });
  const allowing = engineFor({ prefer: 'Security', sessions: { debug: 'Record' } });
  t.match(throughBoth(bare, allowing, shell, { container: 'dbg' }).said, {
    decision: 'untraced',
    reason: 'exec_left_out',
  });
  const denying = engineFor({ prefer: 'Security', sessions: { debug: 'Deny' } });
  t.match(
    throughBoth(bare, denying, shell, { container: 'dbg' }).said,
    { decision: 'denied', reason: 'exec_not_instrumented' },
    'who is exempt has left it, or it is from before',
  );
  t.end();
});

t.test('a debug container that a moved tracer starts: sessions get that one in front', (t) => {
  const engine = engineOf(
    `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/opt/lab/bin/trace, --] }
  session: { relocatable: true, argv: [/opt/lab/bin/trace, --session, --] }
  volume: { name: lab, mountPath: /opt/lab, imageVolume: { subPath: opt/lab } }
${policyText('default', { profile: { name: 'lab' }, delivery: 'ImageVolume', prefer: 'Security' })}`,
    { known: { 'tools:1': { entrypoint: [], cmd: ['sh'] } } },
  );
  const container = 'debugger-x7f2k';
  const { pod } = throughDoors(running(podOf(), engine), [debuggerOf()], engine);
  const front = ['/outrider/opt/lab/bin/trace', '--session', '--'];
  const { started, said } = throughBoth(pod, engine, shell, { container });
  t.same(started, [...front, ...shell]);
  t.match(said, { decision: 'wrapped', reason: 'session_traced' });
  t.match(
    throughBoth(pod, engine, shell).started,
    ['/opt/lab/bin/trace', '--session', '--', ...shell],
    'web as before',
  );
  t.match(askExec(pod, engine, ['/opt/lab/bin/trace', '--', 'sh'], { container }), { decision: 'denied' });
  const changes: Readonly<Record<string, (one: DraftObject, spec: DraftObject) => void>> = {
    'from elsewhere': (one) => void (one['volumeMounts'] = [{ name: 'own', mountPath: '/outrider', readOnly: true }]),
    'with something over it': (one) => {
      const mounts = one['volumeMounts'];
      if (Array.isArray(mounts)) mounts.push({ name: 'own', mountPath: '/outrider/opt/lab/bin' });
    },
    'of another image': (_one, spec) => {
      for (const volume of draftsOf(spec['volumes'])) volume['image'] = { reference: 'mallory/agent:1' };
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    const after = changed(pod, (_pod, spec) => change(containerIn(spec, container, 'ephemeralContainers'), spec));
    t.match(throughBoth(after, engine, shell, { container }).said, { decision: 'denied' }, what);
  }
  const main = changed(pod, (_pod, spec) => {
    Object.assign(containerIn(spec, 'web'), {
      command: ['/outrider/opt/lab/bin/trace', '--', '/app'],
      volumeMounts: [{ name: 'lab', mountPath: '/outrider', readOnly: true }],
    });
  });
  t.match(throughBoth(main, engine, shell).said, { decision: 'denied' }, 'only a debug container has it moved');
  t.end();
});

t.test('each mode, and who is exempt', (t) => {
  const pod = running(podOf(), security);
  const said = (spec: JsonObject, about = {}) => throughBoth(pod, engineFor(spec), shell, about);
  t.match(said({ prefer: 'Security', sessions: { exec: 'Allow' } }), {
    started: shell,
    said: { decision: 'untraced', reason: 'session_allowed', recorded: false },
  });
  t.match(said({}), { said: { reason: 'session_allowed' } }, 'as it is under Availability');
  t.match(said({ prefer: 'Security', sessions: { exec: 'Record' } }), {
    started: shell,
    said: { decision: 'untraced', reason: 'session_recorded', recorded: true },
  });
  t.match(said({ sessions: { exec: 'Deny' } }).said, { decision: 'denied', reason: 'session_denied' });
  t.match(said({ sessions: { exec: 'Deny' } }, { container: 'none' }).said, { decision: 'denied' });
  t.match(said({ mode: 'Report', prefer: 'Security' }).said, { decision: 'untraced', reason: 'session_recorded' });
  t.match(said({ mode: 'Off', prefer: 'Security' }).said, { reason: 'policy_off', recorded: false });
  t.match(said({}, { namespace: 'kube-system' }).said, { reason: 'namespace_excluded', recorded: false });
  for (const exempt of [{ users: [jo.username] }, { groups: ['developers'] }]) {
    t.match(said({ prefer: 'Security', sessions: { exempt } }).said, { reason: 'session_allowed', recorded: false });
  }
  t.match(said({ prefer: 'Security', sessions: { exempt: { users: ['other'], groups: ['jo@example.com'] } } }).said, {
    decision: 'wrapped',
  });
  t.end();
});

t.test('E41: the policy that wins for the pod counts, also one that is not valid', (t) => {
  const two: Engine = engineOf(
    policyText('strict', {
      prefer: 'Security',
      precedence: 1,
      match: { podSelector: { matchLabels: { tier: 'db' } } },
      profile,
    }) + policyText('usual', { profile }),
  );
  t.match(askExec(podOf(), two, shell), { reason: 'session_allowed', policy: 'usual' });
  t.match(askExec(podOf({}, { name: 'web', labels: { tier: 'db' } }), two, shell), {
    decision: 'denied',
    policy: 'strict',
  });
  const broken = engineFor({ prefer: 'Security', profile: { name: 'none' } }, { broken: true });
  t.match(throughBoth(podOf(), broken, shell).said, { decision: 'denied', reason: 'policy_invalid' });
  t.match(askExec({ spec: {} }, security, shell), { decision: 'denied', reason: 'session_pod_unknown' });
  t.end();
});
