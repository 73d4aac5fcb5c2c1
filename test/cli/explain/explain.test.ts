import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import type { Explanation } from '../../../src/cli/explain/explanation.js';
import { workplace } from '../harness.js';
import { images, pod, shop, unresolved, withSysdig } from '../manifests.js';

t.test(
  'for people: the decision, each rule tried, each container, what is added and what the pod grows by',
  async (t) => {
    const place = await workplace(t, { 'shop.yaml': shop });
    const { code, stdout, stderr } = await place.outrider(['explain', '-f', 'shop.yaml', ...withSysdig]);
    t.equal(code, 0);
    t.equal(stderr, '');
    t.equal(
      stdout,
      `deploy/web  PARTIAL 1 of 2  image_unresolved  policy sysdig (precedence 0, prefers availability), profile sysdig
  shop.yaml:13
  · namespace            shop (outrider.dev/inject=enabled, pod-security.kubernetes.io/enforce=baseline)
  ✓ policy sysdig        matches and wins, precedence 0
  ✓ opt-out              neither the namespace nor the pod opts out
  · delivery             Copy: no node is known to mount image volumes
  ! capability_left_out  SYS_PTRACE left out: Pod Security baseline refuses it
  ! keeper_left_out      the agent gets no keeper: what quay.io/sysdig/workload-agent:6.3.0 starts was not looked up, or could not be
      fix: The keeper has to know what the agent’s image starts. In a cluster Outrider looks that up by itself, and status.agent of the policy says why it could not: an unreachable registry, say, or one that wants a pull secret (agent.imagePullSecrets). Otherwise give it with --image-config or an ImageMap; \`outrider image IMAGE\` prints it. See docs/reliability.md#when-the-agent-is-in-trouble.
  ✓ web                  /app serve → /opt/draios/bin/instrument /app serve  (from the manifest)
      + env SYSDIG_SIDECAR; mounts /opt/draios, /opt/draios/bin
  ✗ worker               image_unresolved
      ghcr.io/acme/worker:3 is in no image map
      fix: Give the container a command, annotate the pod with outrider.dev/images, or add the image to an ImageMap.
  + volume sysdig-workload-agent, volume sysdig-workload-agent-bin, volume outrider-no-api-token, init sysdig-workload-agent-tools, init sysdig-workload-agent-copy, native sidecar sysdig-workload-agent, shared process namespace
  + the pod grows by requests cpu 100m, memory 256Mi; limits memory 512Mi
`,
    );
  },
);

t.test('colours on a terminal, and none where nobody looks or NO_COLOR is set', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const argv = ['explain', '-f', 'pod.yaml', ...withSysdig];
  t.match((await place.outrider(argv, { isTerminal: true })).stdout, '\u001b[32mINJECT\u001b[0m 1 of 1');
  for (const options of [{}, { isTerminal: true, env: { NO_COLOR: '1' } }]) {
    t.notMatch((await place.outrider(argv, options)).stdout, '\u001b');
  }
  const [plain, coloured] = [await place.outrider(argv), await place.outrider([...argv, '--color=always'])];
  t.equal(stripVTControlCharacters(coloured.stdout), plain.stdout, 'colours take no width');
});

t.test('where a command line comes from, and what becomes of it', async (t) => {
  const place = await workplace(t, {
    'images.json': images,
    'annotated.yaml': unresolved.replace(
      'name: one',
      `name: one\n  annotations: {outrider.dev/images: '{"app": {"entrypoint": ["/from note", "$X"]}}'}`,
    ),
    'mapped.yaml': unresolved.replace('acme/app:1', 'ghcr.io/acme/worker:3'),
    'args.yaml': unresolved.replace('acme/app:1', 'ghcr.io/acme/worker:3\n      args: [serve]'),
  });
  const says = async (file: string): Promise<string> =>
    (await place.outrider(['explain', '-f', file, '--image-config', 'images.json', ...withSysdig])).stdout;
  t.match(
    await says('annotated.yaml'),
    '"/from note" $X → /opt/draios/bin/instrument "/from note" $$X  (from the annotation outrider.dev/images)',
  );
  t.match(
    await says('mapped.yaml'),
    '/worker --price $5 → /opt/draios/bin/instrument /worker --price $$5  (from an image map)',
  );
  t.match(await says('args.yaml'), '/worker serve → /opt/draios/bin/instrument /worker serve  (from an image map)');
  const { stdout } = await place.outrider([
    'inject',
    '-f',
    'args.yaml',
    '--image-config',
    'images.json',
    ...withSysdig,
  ]);
  const again = await place.outrider(['explain', '-f', '-', ...withSysdig], { stdin: stdout });
  t.match(again.stdout, '-:1, instrumented already: nothing would change\n');
  t.match(again.stdout, '/opt/draios/bin/instrument /worker serve  (is wrapped already)');
  t.notMatch(again.stdout, 'grows by');
});

t.test('opt-outs, policies that lose, excluded namespaces and denials', async (t) => {
  const policies = [
    ['first', 'precedence: 5, match: {podSelector: {matchLabels: {app: other}}}'],
    ['second', 'precedence: 3, prefer: Security, containers: {exclude: [istio-proxy]}'],
    ['third', 'precedence: 1'],
  ].map(
    ([name, spec]) => `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: ${name}}
spec: {${spec}, profile: {name: sysdig, settings: {region: us2}}}
`,
  );
  const place = await workplace(t, { 'policies.yaml': policies.join('---\n'), 'pod.yaml': unresolved });
  const explain = (stdin: string, ...argv: readonly string[]) =>
    place.outrider(['explain', '-f', '-', '--policy', 'policies.yaml', ...argv], { stdin });
  const denied = await explain(unresolved);
  t.equal(denied.code, 0, 'explaining a denial is no failure');
  t.match(
    denied.stdout,
    /^pod\/one {2}DENY 0 of 1 {2}image_unresolved {2}policy second \(precedence 3, prefers security\)/,
  );
  t.match(denied.stdout, /· policy first +podSelector does not match\n/);
  t.match(denied.stdout, /✓ policy second +matches and wins, precedence 3\n/);
  t.match(denied.stdout, /· policy third +matches, precedence 1; second wins\n/);
  t.match(denied.stdout, /✗ admission +denied: image_unresolved: app: /);
  const out = await explain(pod.replace('name: one', 'name: one\n  labels: {outrider.dev/inject: disabled}'));
  t.match(out.stdout, /^pod\/one {2}SKIP {2}pod_opted_out /);
  t.match(
    out.stdout,
    /✗ pod +pod_opted_out: the pod is labelled outrider.dev\/inject=disabled\n +fix: Remove the label/,
  );
  const excluded = await explain(pod, '-n', 'kube-system');
  t.match(excluded.stdout, /^pod\/one {2}SKIP {2}namespace_excluded {2}no policy\n/);
  const narrowed = await explain(
    pod.replace('  containers:\n', '  containers:\n    - {name: istio-proxy, command: [/envoy]}\n'),
  );
  t.match(narrowed.stdout, /· istio-proxy +a pattern of containers.exclude matches\n/);
});

t.test('a container that the annotation leaves out is told so, whatever an exclusion says of it', async (t) => {
  const narrowed = pod
    .replace('name: one', 'name: one\n  annotations: {outrider.dev/containers: app}')
    .replace('  containers:\n', '  containers:\n    - {name: other, image: shop/other, command: [/other]}\n');
  const place = await workplace(t, { 'pod.yaml': narrowed });
  const strict = ['--set', 'spec.prefer=Security', '--set', 'spec.containers.exclude=image:shop/*'];
  const { stdout } = await place.outrider(['explain', '-f', 'pod.yaml', ...withSysdig, ...strict]);
  t.match(stdout, /· other +not named in the annotation outrider.dev\/containers\n/);
});

t.test('a policy that only reports, and one that asks for more', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const explain = async (...argv: readonly string[]): Promise<string> =>
    (await place.outrider(['explain', '-f', 'pod.yaml', ...withSysdig, ...argv])).stdout;
  const report = await explain('--set', 'spec.mode=Report');
  t.match(report, /^pod\/one {2}SKIP 0 of 1 {2}report_mode /);
  t.match(report, /✗ pod +report_mode: would be inject \(injected\): app\n/);
  t.match(report, '  · would add volume sysdig-workload-agent, ');
  t.match(report, '  · the pod would grow by requests cpu 100m, memory 256Mi; limits memory 512Mi\n');

  await place.write('pod.yaml', pod.replace('spec:\n', 'spec:\n  imagePullSecrets: [{name: mine}]\n'));
  const more = await explain('--set', 'spec.agent.imagePullSecrets=regcred', '--set', 'spec.agent.placement=Container');
  t.match(more, ', sidecar container sysdig-workload-agent, shared process namespace, pull secrets regcred\n');
});

t.test('an image that is no reference', async (t) => {
  const place = await workplace(t, { 'pod.yaml': unresolved.replace('acme/app:1', 'acme/App') });
  const { stdout } = await place.outrider(['explain', '-f', 'pod.yaml', ...withSysdig]);
  t.match(stdout, /✗ app +image_reference_invalid\n/);
});

t.test('for programs', async (t) => {
  const place = await workplace(t, { 'shop.yaml': shop });
  const { code, stdout } = await place.outrider(['explain', '-f', 'shop.yaml', '-o', 'json', ...withSysdig]);
  t.equal(code, 0);
  const [explanation, more] = JSON.parse(stdout) as readonly Explanation[];
  t.equal(more, undefined);
  t.same(Object.keys(explanation ?? {}), [
    ...['file', 'document', 'line', 'pointer', 'kind', 'name', 'namespace', 'namespaceLabels', 'decision', 'reason'],
    ...['detail', 'remedy', 'policy', 'profile', 'admission', 'changes', 'count', 'steps', 'containers', 'parts'],
    ...['imagePullSecrets', 'shareProcessNamespace', 'growth'],
  ]);
  t.match(explanation, {
    file: 'shop.yaml',
    document: 3,
    pointer: '/spec/template',
    decision: 'partial',
    policy: { name: 'sysdig', precedence: 0, prefer: 'Availability' },
    admission: { allowed: true },
    count: { instrumented: 1, asked: 2 },
    containers: [
      {
        name: 'web',
        result: 'instrumented',
        before: { command: ['/app', 'serve'], args: [] },
        after: { command: ['/opt/draios/bin/instrument', '/app', 'serve'], args: [] },
        source: 'manifest',
        adds: { env: ['SYSDIG_SIDECAR'], mounts: ['/opt/draios', '/opt/draios/bin'], capabilities: [], execs: [] },
      },
      { name: 'worker', result: 'left_out', reason: 'image_unresolved', remedy: String },
    ],
    parts: [
      { part: 'volume', list: 'volumes', name: 'sysdig-workload-agent', present: false },
      { part: 'volume', list: 'volumes', name: 'sysdig-workload-agent-bin', present: false },
      { part: 'volume', list: 'volumes', name: 'outrider-no-api-token', present: false },
      { part: 'tools', list: 'initContainers' },
      { part: 'files', list: 'initContainers' },
      { part: 'agent', list: 'initContainers', name: 'sysdig-workload-agent' },
    ],
    shareProcessNamespace: true,
    growth: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
  });
  const none = await place.outrider(['explain', '-f', '-', '-o', 'json', ...withSysdig], { stdin: 'kind: Secret\n' });
  t.same(JSON.parse(none.stdout), []);
});

t.test('no pod, and bad input', async (t) => {
  const place = await workplace(t);
  const none = await place.outrider(['explain', '-f', '-', ...withSysdig], { stdin: 'kind: ConfigMap\n' });
  t.same(none, { code: 0, stdout: '', stderr: 'There is no pod, no pod template and no task in the input.\n' });
  const bad = await place.outrider(['explain', '-f', '-', ...withSysdig], { stdin: 'kind: [\n' });
  t.match(bad, { code: 2, stdout: '', stderr: /^outrider: error: -:\d+:\d+: / });
  t.equal((await place.outrider(['explain', '-f', '-', '-o', 'toml', ...withSysdig])).code, 2);
});

t.test('a profile without a tracer: nothing is called wrapped, and who is not concerned is said', async (t) => {
  const containers = '[{name: agent, image: a, command: [agent, run]}, {name: trace-agent, image: a}]';
  const place = await workplace(t, {
    'agent.yaml': `apiVersion: v1\nkind: Pod\nmetadata: {name: agent}\nspec: {containers: ${containers}}\n`,
  });
  const { stdout } = await place.outrider(['explain', '-f', 'agent.yaml', '--profile', 'datadog-node']);
  t.match(stdout, 'INJECT 1 of 1');
  t.match(stdout, /✓ agent +agent run {2}\(is not wrapped: the profile has no tracer\)/);
  t.match(stdout, /· trace-agent +profile datadog-node has nothing for it/);
  t.match(stdout, /! container_absent +the pod has no container system-probe/);
});

t.test('F8: a policy that a pod’s author could get round is said to be Weak, in the condition’s words', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const strict = ['explain', '-f', 'pod.yaml', ...withSysdig, '--prefer', 'Security'];
  const weak = [...strict, '--set', 'spec.containers.exclude=istio-proxy', '--set', 'spec.onUnresolvedImage=Skip'];
  const words =
    'A pod’s author could name a container istio-proxy, which containers.exclude leaves alone; or use an image that nobody can look up, which onUnresolvedImage: Skip lets in.';
  t.match((await place.outrider(weak)).stdout, `  ! policy         Weak: ${words}`);
  const [explanation] = JSON.parse((await place.outrider([...weak, '-o', 'json'])).stdout) as readonly Explanation[];
  t.equal(explanation?.policy?.weak, words);
  const shared = (await place.outrider([...strict, '--openshift', 'true'])).stdout;
  t.match(
    shared,
    'Weak: A pod’s author could read the agent’s environment, since OpenShift gives a namespace one user.',
  );
  for (const argv of [strict, ['explain', '-f', 'pod.yaml', ...withSysdig]]) {
    t.notMatch((await place.outrider(argv)).stdout, 'Weak');
    t.notMatch((await place.outrider([...argv, '-o', 'json'])).stdout, '"weak"');
  }
});

t.test('F8: --prefer changes what a policy says nothing of, and keeps what it says', async (t) => {
  const policy = (containers: object) =>
    JSON.stringify({
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'InstrumentationPolicy',
      metadata: { name: 'shop' },
      spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, containers },
    });
  const names = ['istio-proxy', 'linkerd-proxy', 'vault-agent', 'istio-init', 'linkerd-init', 'vault-agent-init'];
  const place = await workplace(t, {
    'pod.yaml': pod,
    'none.yaml': policy({}),
    'own.yaml': policy({ exclude: names }),
  });
  const explained = async (file: string): Promise<string> =>
    (await place.outrider(['explain', '-f', 'pod.yaml', '--policy', file, '--prefer', 'Security'])).stdout;
  t.notMatch(await explained('none.yaml'), 'Weak');
  t.match(await explained('own.yaml'), 'Weak: A pod’s author could name a container istio-proxy or linkerd-proxy');
});
