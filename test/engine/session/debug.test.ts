import fc from 'fast-check';
import t from 'tap';
import type { Engine } from '../../../src/engine/engine.js';
import { lookContainer } from '../../../src/inject/pod/debug/look-container.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { debugged, debuggerOf, debugAt, debugNow, runningPod, throughDoors } from '../../support/debug.js';
import { engineFor, plainFacts, resolverOf } from '../../support/engine.js';
import { at, patched } from '../../support/json.js';
import { podWith } from '../../support/pods.js';

const known = {
  'tools:1': { entrypoint: ['/bin/sh', '-c'], cmd: ['echo $HOME'] },
  'shell:1': { entrypoint: [], cmd: ['sh'] },
};
const traced: JsonObject = { sessions: { debug: 'Trace' } };
const security = engineFor({ prefer: 'Security', ...traced }, { known });
const forbidden = engineFor({ optOut: 'Forbidden', ...traced }, { known });
const available = engineFor(traced, { known });

/** What kubectl debug's profiles make of a container. */
const profiles: Readonly<Record<string, JsonObject>> = {
  legacy: {},
  general: { securityContext: { capabilities: { add: ['SYS_PTRACE'] } } },
  baseline: {},
  restricted: {
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  },
  netadmin: { securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } } },
  sysadmin: { securityContext: { privileged: true } },
};

const files = [
  { name: 'sysdig-workload-agent', mountPath: '/opt/draios', readOnly: true },
  { name: 'sysdig-workload-agent-bin', mountPath: '/opt/draios/bin', readOnly: true },
];

/** Decision and reason of the only debug container, at the end. */
function ends(container: JsonObject, engine: Engine, pod = runningPod(engine)): string {
  const { decision = '', reason = '' } = throughDoors(pod, [container], engine).validated.sessions[0] ?? {};
  return `${decision} ${reason}`;
}

t.test('a debug container starts under the tracer, with the agent’s files read-only and without subPath', (t) => {
  const { mutated, pod, validated } = throughDoors(
    runningPod(security),
    [debuggerOf({ command: ['sh', '-c', 'ls $(X)'], args: ['a'] }), debuggerOf({ name: 'second' })],
    security,
  );
  t.match(at(pod, 'spec', 'ephemeralContainers', 0), {
    command: ['/opt/draios/bin/instrument', 'sh', '-c', 'ls $(X)'],
    args: ['a'],
    volumeMounts: files,
  });
  t.same(
    at(pod, 'spec', 'ephemeralContainers', 1, 'command'),
    ['/opt/draios/bin/instrument', '/bin/sh', '-c'],
    'of the image',
  );
  t.same(at(pod, 'spec', 'ephemeralContainers', 1, 'args'), ['echo $$HOME'], 'E6: what an image says is not expanded');
  t.match(
    JSON.stringify(at(pod, 'spec', 'ephemeralContainers', 1, 'env')),
    /SYSDIG_SIDECAR.*__INSTRUMENTATION_WRAPPER/,
  );
  for (const { sessions } of [mutated, validated]) {
    t.match(sessions, [{ decision: 'wrapped', reason: 'session_traced' }, { decision: 'wrapped' }]);
  }
  t.same(mutated.sessions[0]?.asked, ['sh', '-c', 'ls $(X)', 'a'], 'what was asked for is written down');
  t.end();
});

t.test('each profile of kubectl debug is traced; two are denied under Security', (t) => {
  for (const [profile, fields] of Object.entries(profiles)) {
    t.equal(ends(debuggerOf(fields), available), 'wrapped session_traced', `Availability, ${profile}`);
    t.equal(ends(debuggerOf(fields), forbidden), 'wrapped session_traced', `Forbidden, ${profile}`);
    const isDenied = profile === 'general' || profile === 'sysadmin';
    const said = isDenied ? 'denied debug_privilege_forbidden' : 'wrapped session_traced';
    t.equal(ends(debuggerOf(fields), security), said, `Security, ${profile}`);
  }
  const asUser = { securityContext: { runAsUser: 1000, capabilities: { add: ['SYS_PTRACE'] } } };
  t.equal(ends(debuggerOf(asUser), security), 'wrapped session_traced', 'a capability without effect');
  for (const added of ['CAP_SYS_PTRACE', 'sys_ptrace', 'ALL', 'SYS_ADMIN', 'DAC_READ_SEARCH', 'SYS_MODULE', 'BPF']) {
    const container = debuggerOf({ securityContext: { capabilities: { add: [added] } } });
    t.equal(ends(container, security), 'denied debug_privilege_forbidden', added);
  }
  t.end();
});

t.test('the capability is the policy’s word, and none is added under Security', (t) => {
  const addedBy = (engine: Engine, namespaceLabels = {}): unknown =>
    at(
      throughDoors(runningPod(engine), [debuggerOf()], engine, { namespaceLabels }).pod,
      'spec',
      'ephemeralContainers',
      0,
      'securityContext',
    );
  t.same(addedBy(available), { capabilities: { add: ['SYS_PTRACE'] } });
  t.same(
    addedBy(available, { 'pod-security.kubernetes.io/enforce': 'baseline' }),
    undefined,
    'Pod Security refuses it',
  );
  t.same(addedBy(engineFor({ ...traced, capability: 'Never' }, { known })), undefined);
  t.same(addedBy(security), undefined);
  t.end();
});

t.test('F9: a debug container does not get at the agent’s files, nor in its place', (t) => {
  const [root, programs] = files.map(({ name }) => name);
  const mounted: readonly (readonly [string, JsonObject])[] = [
    ['read-write at our path', { name: root ?? '', mountPath: '/opt/draios' }],
    ['read-write elsewhere', { name: programs ?? '', mountPath: '/mnt' }],
    ['read-only elsewhere', { name: root ?? '', mountPath: '/mnt', readOnly: true }],
  ];
  for (const engine of [security, forbidden]) {
    for (const [what, mount] of mounted) {
      t.equal(ends(debuggerOf({ volumeMounts: [mount] }), engine), 'denied debug_mount_forbidden', what);
    }
    const asAgent = debuggerOf({ securityContext: { runAsUser: plainFacts.agentUser } });
    t.equal(ends(asAgent, engine), 'denied debug_user_forbidden', 'by its own word');
    const pod = runningPod(
      engine,
      podWith({ command: ['/app'], securityContext: { runAsUser: 1000 } }, { securityContext: { runAsUser: 7 } }),
    );
    t.equal(ends(debuggerOf(), engine, pod), 'wrapped session_traced');
    t.equal(
      ends(debuggerOf({ volumeMounts: [{ name: 'own', mountPath: '/opt/draios/bin' }] }), engine),
      'denied mount_path_taken',
      'something of its own over the tracer',
    );
  }
  t.equal(
    ends(debuggerOf({ volumeMounts: [mounted[0]?.[1] ?? {}] }), available),
    'untraced debug_mount_forbidden',
    'under Availability it is written down',
  );
  t.end();
});

t.test('F9: an image with a VOLUME over the tracer, or that nobody knows, is denied', async (t) => {
  const engine = (spec: JsonObject): Engine =>
    engineFor(
      { ...spec, ...traced },
      {
        asked: {
          'tools:1': { entrypoint: ['/x'], cmd: [], volumes: ['/opt/draios/bin/'] },
          'at:1': { entrypoint: ['/x'], cmd: [], volumes: ['/opt/draios'] },
          'above:1': { entrypoint: ['/x'], cmd: [], volumes: ['/opt', '/data'] },
        },
      },
    );
  const lookUp = () => new AbortController().signal;
  for (const [spec, decision] of [
    [{ prefer: 'Security' }, 'denied'],
    [{ optOut: 'Forbidden' }, 'denied'],
    [{}, 'untraced'],
  ] as const) {
    const by = engine(spec);
    const before = runningPod(by);
    for (const [image, reason] of [
      ['tools:1', 'debug_image_volume'],
      ['at:1', 'debug_image_volume'],
      ['unknown:1', 'debug_image_unknown'],
    ] as const) {
      const asked = debugged(before, debuggerOf({ image, command: ['sh'] }));
      const first = await debugAt(before, asked, by, 'mutate', { lookUp });
      t.match(first, { patch: [], sessions: [{ decision: 'untraced', reason }] }, 'the mutating door denies nothing');
      const last = await debugAt(before, asked, by, 'validate', { lookUp });
      const seen = decision === 'denied' ? reason : 'debug_image_unknown';
      t.match(last, { patch: [], sessions: [{ decision, reason: seen }] }, `${image} ${JSON.stringify(spec)}`);
    }
    const above = debugged(before, debuggerOf({ image: 'above:1' }));
    t.match(await debugAt(before, above, by, 'mutate', { lookUp }), { sessions: [{ decision: 'wrapped' }] });
  }
  const never = debuggerOf({ imagePullPolicy: 'Never', image: 'local:1', command: ['sh'] });
  t.equal(ends(never, security), 'denied debug_image_unknown');
  t.end();
});

t.test('F9: what the pod’s author says of images is not asked', (t) => {
  const annotation = { 'outrider.dev/images': '{"debugger-x7f2k":{"entrypoint":["/fake"],"cmd":[]}}' };
  const pod = runningPod(security, podWith({ command: ['/app'] }, {}, { name: 'web', annotations: annotation }));
  t.equal(ends(debuggerOf({ image: 'unknown:1' }), security, pod), 'denied debug_image_unknown');
  t.end();
});

t.test('F9: all but the new debug containers of an update counts for nothing', (t) => {
  const before = runningPod(security);
  const pretended = podWith({ command: ['/app'] });
  const asked = debugged(pretended, debuggerOf());
  t.match(debugNow(before, asked, security, 'mutate'), { sessions: [{ decision: 'wrapped' }] });
  const bare = podWith({ command: ['/app'] });
  const outcome = debugNow(bare, debugged(before, debuggerOf()), security, 'validate');
  t.match(outcome, { sessions: [{ decision: 'untraced', reason: 'debug_not_instrumented' }] });
  t.end();
});

t.test('F9: a second webhook that takes the tracer off again does not get it past the end', (t) => {
  const before = runningPod(security);
  const asked = debugged(before, debuggerOf({ command: ['sh'] }));
  const { patch } = debugNow(before, asked, security, 'mutate');
  for (let left = 0; left < patch.length; left++) {
    const pod = patched(asked, patch.slice(0, left));
    t.match(debugNow(before, pod, security, 'validate'), {
      sessions: [{ decision: 'denied', reason: 'debug_not_traced' }],
    });
  }
  const { mutated } = throughDoors(before, [debuggerOf({ command: ['sh'] })], security);
  const without = engineFor({ ...traced }, { known });
  t.match(debugNow(before, asked, without, 'validate').sessions, [{ decision: 'untraced' }]);
  t.equal(mutated.sessions.length, 1);
  t.end();
});

t.test('F4: reserved variables: those of the image lose where the policy insists, and its own are denied', (t) => {
  const own = debuggerOf({ env: [{ name: '__INSTRUMENTATION_WRAPPER', value: '/bin/true' }] });
  for (const engine of [forbidden, security]) t.equal(ends(own, engine), 'denied tampered');
  t.equal(ends(own, available), 'wrapped session_traced');
  const { pod } = throughDoors(runningPod(available), [debuggerOf()], available);
  t.notMatch(JSON.stringify(at(pod, 'spec', 'ephemeralContainers', 0, 'env')), '__INSTRUMENTATION_WRAPPER');
  t.end();
});

t.test('every mode; a pod that is not instrumented is left as it is', (t) => {
  const said = (mode: string, spec: JsonObject = {}): string =>
    ends(debuggerOf(), engineFor({ ...spec, sessions: { debug: mode } }, { known }), runningPod(security));
  t.equal(said('Allow'), 'untraced session_allowed');
  t.equal(said('Record', { prefer: 'Security' }), 'untraced session_recorded');
  t.equal(said('Deny'), 'denied session_denied');
  t.equal(said('Trace', { mode: 'Report', prefer: 'Security' }), 'untraced session_recorded', 'mode Report');
  const bare = podWith({ command: ['/app'] });
  for (const engine of [security, forbidden, available]) {
    t.equal(ends(debuggerOf(), engine, bare), 'untraced debug_not_instrumented');
  }
  const denies = engineFor({ sessions: { debug: 'Deny' } }, { known });
  const asked = debugged(bare, debuggerOf());
  t.match(debugNow(bare, asked, denies, 'mutate'), { patch: [], sessions: [{ decision: 'untraced' }] });
  t.end();
});

t.test('those that are there already stay, and nothing is done where none is added', (t) => {
  const before = runningPod(security);
  const { pod } = throughDoors(before, [debuggerOf()], security);
  const old = debuggerOf({ name: 'old', volumeMounts: [{ name: 'data', mountPath: '/x' }] });
  const second = throughDoors(debugged(pod, old), [debuggerOf({ name: 'second' })], security);
  t.match(second.validated.sessions, [{ container: 'second', decision: 'wrapped' }]);
  t.same(at(second.pod, 'spec', 'ephemeralContainers', 0), at(pod, 'spec', 'ephemeralContainers', 0));
  t.same(at(second.pod, 'spec', 'ephemeralContainers', 1), old);
  t.same(debugNow(pod, pod, security, 'mutate'), { sessions: [], patch: [] });
  t.same(debugNow(before, before, security, 'validate'), { sessions: [], patch: [] });
  t.end();
});

t.test('F9: files that somebody else may have written are not the agent’s', (t) => {
  const old = debuggerOf({ name: 'old', volumeMounts: [{ name: files[0]?.name ?? '', mountPath: '/x' }] });
  for (const [engine, said] of [
    [security, 'denied debug_untraceable'],
    [forbidden, 'denied debug_untraceable'],
    [available, 'wrapped session_traced'],
  ] as const) {
    const pod = debugged(runningPod(engine), old);
    t.equal(ends(debuggerOf(), engine, pod), said, 'a debug container from before may write to them');
  }
  // Such a container is excluded by name, so that nobody has looked at what it mounts.
  const before = runningPod(security);
  const spec = objectOf(before['spec']) ?? {};
  const forged: JsonObject = {
    name: 'proxy',
    image: 'mallory/proxy:1',
    restartPolicy: 'Always',
    command: ['/opt/draios/bin/instrument', '/x'],
    volumeMounts: [{ name: 'mine', mountPath: '/opt/draios/' }],
  };
  const pod: JsonObject = {
    ...before,
    spec: {
      ...spec,
      initContainers: [forged, ...listOf(spec['initContainers'])],
      volumes: [...listOf(spec['volumes']), { name: 'mine', emptyDir: {} }],
    },
  };
  const { pod: after } = throughDoors(pod, [debuggerOf()], security);
  t.match(
    at(after, 'spec', 'ephemeralContainers', 0),
    { volumeMounts: files },
    'the first is not taken for the agent’s',
  );
  t.end();
});

t.test('F19: a pod of very many containers that the tracer seems to start is judged at once', (t) => {
  const forged = Array.from({ length: 8_000 }, (_, index): JsonObject => ({
    name: `c${index}`,
    image: 'i',
    command: ['/opt/draios/bin/instrument', '/x'],
    volumeMounts: [{ name: 'mine', mountPath: '/opt/draios' }],
  }));
  const pod = podWith({ command: ['/app'] }, { containers: forged, volumes: [{ name: 'mine', emptyDir: {} }] });
  const startMs = performance.now();
  t.equal(ends(debuggerOf(), security, pod), 'denied debug_untraceable');
  const tookMs = performance.now() - startMs;
  t.ok(tookMs < 10_000, `${tookMs} ms, and the square of that many would be minutes`);
  t.end();
});

t.test('the debug container of verify passes, word for word', (t) => {
  const own = lookContainer('outrider-verify-0a1b2c3d', plainFacts.toolsImage, plainFacts.agentUser);
  const asServed = {
    ...own,
    imagePullPolicy: 'IfNotPresent',
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  };
  const security_ = objectOf(own['securityContext']) ?? {};
  for (const engine of [security, forbidden, available]) {
    t.equal(ends(own, engine), 'untraced session_allowed');
    t.equal(ends(asServed, engine), 'untraced session_allowed');
  }
  const others: readonly JsonObject[] = [
    { image: 'tools:1' },
    { name: 'outrider-verify-me' },
    { command: ['/tools/busybox', 'sh'] },
    { args: ['x'] },
    { stdin: true },
    { targetContainerName: 'web' },
    { env: [{ name: 'A', value: 'b' }] },
    { terminationMessagePath: '/tmp/x' },
    { volumeMounts: [{ name: files[0]?.name ?? '', mountPath: '/x' }] },
    { securityContext: { ...security_, readOnlyRootFilesystem: false } },
    { imagePullPolicy: 7 },
  ];
  for (const change of others)
    t.not(ends({ ...asServed, ...change }, security), 'untraced session_allowed', JSON.stringify(change));
  t.end();
});

t.test('a container without a shape, and too many of them, are denied where the policy insists', (t) => {
  const before = runningPod(security);
  const odd = debugged(before, { name: 'odd', command: 'sh' });
  t.match(debugNow(before, odd, security, 'validate').sessions, [{ decision: 'denied', reason: 'pod_unreadable' }]);
  t.match(debugNow(before, odd, available, 'validate').sessions, [{ decision: 'untraced', reason: 'pod_unreadable' }]);
  const many = debugged(before, ...Array.from({ length: 501 }, (_, index) => debuggerOf({ name: `d${index}` })));
  t.match(debugNow(before, many, security, 'validate').sessions, [
    { decision: 'denied', reason: 'too_many_containers' },
  ]);
  t.end();
});

const container = fc.record(
  {
    image: fc.constantFrom('tools:1', 'shell:1', 'unknown:1', ''),
    command: fc.array(fc.constantFrom('sh', '-c', '/opt/draios/bin/instrument', '$(A)', '/init')),
    args: fc.array(fc.constantFrom('x', '$$', '')),
    env: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('A', 'SYSDIG_SIDECAR', '__INSTRUMENTATION_WRAPPER'),
        value: fc.constantFrom('', 'auto', 'x'),
      }),
      { selector: ({ name }) => name },
    ),
    volumeMounts: fc.uniqueArray(
      fc.record(
        {
          name: fc.constantFrom('data', ...files.map(({ name }) => name)),
          mountPath: fc.constantFrom(
            '/data',
            '/opt',
            '/opt/draios',
            '/opt/draios/bin',
            '/opt/draios/',
            '/proc/self/root/opt',
          ),
          readOnly: fc.boolean(),
        },
        { requiredKeys: ['name', 'mountPath'] },
      ),
      { selector: ({ mountPath }) => mountPath },
    ),
    securityContext: fc.constantFrom<JsonObject | null>(
      null,
      {},
      ...Object.values(profiles).map((fields) => objectOf(fields['securityContext']) ?? {}),
    ),
  },
  { requiredKeys: ['image'] },
);

t.test(
  'any debug container: the second call changes nothing, and what is wrapped is not denied for a missing part',
  (t) => {
    const datadog = { profile: { name: 'datadog' }, prefer: 'Security', ...traced };
    const engines = [security, forbidden, available, engineFor(datadog, { known })];
    fc.assert(
      fc.property(fc.constantFrom(...engines), fc.array(container, { minLength: 1, maxLength: 3 }), (engine, added) => {
        const before = runningPod(engine);
        const named = added.map((one, index): JsonObject => ({ ...one, name: `debugger-${index}` }));
        const { mutated, pod, validated } = throughDoors(before, named, engine);
        if (debugNow(before, pod, engine, 'mutate').patch.length > 0) return false;
        if (debugNow(pod, pod, engine, 'mutate').patch.length > 0) return false;
        return mutated.sessions.every((first, index) => {
          const last = validated.sessions[index];
          if (first.decision === 'denied') return false;
          if (engine === available || last === undefined) return last?.decision !== 'denied';
          if (last.reason === 'debug_not_traced') return first.reason === 'debug_not_traced';
          return last.decision !== 'wrapped' || first.decision === 'wrapped';
        });
      }),
    );
    t.end();
  },
);

t.test('where nothing may be looked up, an image that is not known is one', (t) => {
  const engine = { ...security, images: resolverOf({}, known) };
  t.equal(ends(debuggerOf({ command: ['sh'] }), engine, runningPod(security)), 'denied debug_image_unknown');
  t.end();
});
