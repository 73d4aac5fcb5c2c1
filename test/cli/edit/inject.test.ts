import jsonpatch from 'fast-json-patch';
import { chmod, lstat, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import type { Operation } from '../../../src/model/patch.js';
import { workplace } from '../harness.js';
import { images, kinds, pod, shop, unresolved, withSysdig } from '../manifests.js';

const quiet = [...withSysdig, '--quiet'];

t.test('every kind that makes pods, as YAML, as JSON and in a List', async (t) => {
  const place = await workplace(t);
  for (const [kind, { pointer, object }] of Object.entries(kinds)) {
    const text = JSON.stringify(object);
    const { code, stdout, stderr } = await place.outrider(['inject', '-f', '-', ...quiet, '-o', 'patch'], {
      stdin: text,
    });
    t.equal(code, 0, kind);
    t.equal(stderr, '', kind);
    const [patch] = patches(stdout);
    t.match(patch, { file: '-', document: 1, kind, pointer }, kind);
    const patched = apply(object as JsonObject, patch?.operations ?? []);
    const [back] = readManifests(JSON.stringify(patched), '-');
    t.same(commandsOf(back?.templates[0]?.pod), [['/opt/draios/bin/instrument', '/app', 'serve']], kind);

    const edited = await place.outrider(['inject', '-f', '-', ...quiet], { stdin: text });
    t.same(JSON.parse(edited.stdout), patched, `${kind}: the edited text is the patched document`);
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ kind: 'ConfigMap' }, object] });
    const listed = await place.outrider(['inject', '-f', '-', ...quiet, '-o', 'patch'], { stdin: list });
    t.equal(patches(listed.stdout)[0]?.pointer, `/items/1${pointer}`, `${kind} in a List`);
  }
});

t.test('E30: what is not touched stays byte for byte: comments, styles, other documents, big integers', async (t) => {
  const place = await workplace(t, { 'shop.yaml': shop, 'images.json': images });
  const argv = ['inject', '-f', 'shop.yaml', '--image-config', 'images.json', ...withSysdig];
  const { code, stdout, stderr } = await place.outrider(argv);
  t.equal(code, 0);
  for (const line of shop.split('\n')) {
    if (/command:|labels: \{app/.test(line)) continue;
    t.ok(stdout.split('\n').includes(line), `kept: ${line}`);
  }
  t.match(stdout, 'labels: {app: "web", "outrider.dev/status": "injected"}   # quoted');
  t.match(stdout, 'command: [/opt/draios/bin/instrument, /app, serve]');
  t.match(stdout, /- \/worker\n[^]*- "\$\$5"/, 'a dollar of an image is doubled (E6)');
  t.match(stderr, /✓ {2}shop.yaml:13 {2}deploy\/web {2}inject {2}injected {2}policy sysdig {2}2 of 2 containers/);
  t.match(stderr, '1 pod template: 1 inject, 0 partial, 0 skip; 1 changed.');

  await place.write('out.yaml', stdout);
  const again = await place.outrider(['inject', '-f', 'out.yaml', '--image-config', 'images.json', ...withSysdig]);
  t.equal(again.stdout, stdout, 'a second inject changes nothing (E17)');
  t.match(again.stderr, 'instrumented already');
  const back = await place.outrider(['uninject', '-f', 'out.yaml']);
  t.equal(back.stdout, shop, 'uninject gives every byte back');
});

t.test('CRLF, a byte order mark and no final line break', async (t) => {
  const place = await workplace(t);
  const stdin = `\uFEFF${pod.replaceAll('\n', '\r\n').trimEnd()}`;
  const { code, stdout } = await place.outrider(['inject', '-f', '-', ...quiet], { stdin });
  t.equal(code, 0);
  t.ok(stdout.startsWith('\uFEFFapiVersion: v1\r\n'));
  t.notMatch(stdout, /[^\r]\n/);
  const back = await place.outrider(['uninject', '-f', '-', '--quiet'], { stdin: stdout });
  t.equal(back.stdout, stdin);
});

t.test('several inputs are one stream of documents', async (t) => {
  const json = JSON.stringify(kinds['Job']?.object);
  const place = await workplace(t, {
    'dir/b.yaml': pod.replace('one', 'b').trimEnd(),
    'dir/a.yml': `---\n${pod.replace('one', 'a')}`,
    'dir/sub/c.json': json,
    'dir/sub/.hidden/d.yaml': ': broken',
    'dir/notes.txt': 'no manifest',
    'dir/version.yaml': `# first\n%YAML 1.1\n---\nkind: ConfigMap\n`,
    'dir/empty.yaml': '\n',
  });
  await symlink('b.yaml', join(place.cwd, 'dir/link.yaml'));
  await symlink('nowhere', join(place.cwd, 'dir/dangling.yaml'));
  const { code, stdout, stderr } = await place.outrider(['inject', '-f', 'dir', '-f', 'dir/b.yaml', ...withSysdig]);
  t.equal(code, 0, stderr);
  const names = readManifests(stdout, '-').map(({ kind, value }) => nameOf(value) ?? kind);
  t.same(names, ['a', 'b', 'b', 'x-', 'ConfigMap']);
  t.match(stderr, /dir\/a.yml:1 .*\n.*dir\/b.yaml:1 .*\n.*dir\/link.yaml:1 .*\n.*dir\/sub\/c.json:1 /);

  const list = await place.outrider(['inject', '-f', 'dir', ...quiet, '-o', 'json']);
  const parsed = JSON.parse(list.stdout) as { kind: string; items: readonly JsonValue[] };
  t.equal(parsed.kind, 'List');
  t.equal(parsed.items.length, 5);
});

t.test('E30: -o json keeps every digit, and one document is itself', async (t) => {
  const place = await workplace(t);
  const one = pod.replace(
    '  name: one',
    '  name: one\n  big: 9007199254740993\n  s: "9007199254740993"\n  e: {}\n  l: []',
  );
  const { stdout } = await place.outrider(['inject', '-f', '-', ...quiet, '-o', 'json'], { stdin: one });
  t.match(stdout, '"big": 9007199254740993,\n    "s": "9007199254740993",\n    "e": {},\n    "l": []');
  t.match(JSON.parse(stdout), { kind: 'Pod', metadata: { labels: { 'outrider.dev/status': 'injected' } } });
  const none = await place.outrider(['inject', '-f', '-', ...quiet, '-o', 'json'], { stdin: '# nothing\n' });
  t.same(JSON.parse(none.stdout), { apiVersion: 'v1', kind: 'List', items: [] });
});

t.test('-o diff: unified, in colours where asked, and without the lines of a Secret beside the change', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const diff = ['inject', ...quiet, '-o', 'diff'];
  const plain = await place.outrider([...diff, '-f', 'pod.yaml']);
  t.match(plain.stdout, /^--- a\/pod.yaml\n\+\+\+ b\/pod.yaml\n@@ -2,8 \+2,\d+ @@\n kind: Pod\n/);
  t.match(plain.stdout, '-      command: [/app]\n+      command: [/opt/draios/bin/instrument, /app]\n');
  for (const [isTerminal, env, argv, coloured] of [
    [true, {}, [], true],
    [true, { NO_COLOR: '1' }, [], false],
    [true, { NO_COLOR: '' }, [], true],
    [true, { TERM: 'dumb' }, [], false],
    [true, {}, ['--color=never'], false],
    [false, {}, [], false],
    [false, { NO_COLOR: '1' }, ['--color'], true],
  ] as const) {
    const { stdout } = await place.outrider([...diff, '-f', 'pod.yaml', ...argv], { isTerminal, env });
    t.equal(stdout.includes('\u001b[32m+'), coloured, JSON.stringify([isTerminal, env, argv]));
  }
});

t.test('a diff shows no line of a Secret beside a change, and still applies', async (t) => {
  const secret = 'apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n';
  const small = 'kind: Pod\nmetadata: {labels: {a: b}}\nspec: {containers: [{name: a, command: [/a]}]}\n';
  const list = `kind: List\nitems:\n  - kind: Secret\n    data: {password: hunter2}\n  - ${pod.replaceAll('\n', '\n    ').trimEnd()}\n`;
  const files = [
    `${secret}---\n${small}---\n${secret}---\n${small}---\n${secret}`,
    `${secret}---\n${pod}---\n${secret}---\n${pod}`,
    `${small}---\n${secret}`,
    `${list}---\n${small}`,
  ];
  const place = await workplace(t);
  for (const [index, text] of files.entries()) {
    await place.write('a.yaml', text);
    const { stdout } = await place.outrider(['inject', ...quiet, '-f', 'a.yaml', '-o', 'diff']);
    t.match(stdout, '+++ b/a.yaml');
    t.notMatch(stdout, 'hunter2', `file ${index}`);
    const wanted = await place.outrider(['inject', ...quiet, '-f', 'a.yaml']);
    t.equal(applyDiff(text, stdout), wanted.stdout, `file ${index}`);
  }
});

t.test('--check writes nothing and says by its exit code whether something would change', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const first = await place.outrider(['inject', '-f', 'pod.yaml', '--check', ...withSysdig]);
  t.match(first, { code: 1, stdout: '', stderr: /1 changed\. Nothing was written \(--check\)\.\n$/ });
  t.equal(await place.read('pod.yaml'), pod);
  const diff = await place.outrider(['inject', '-f', 'pod.yaml', '--check', '-o', 'diff', ...quiet]);
  t.match(diff, { code: 1, stdout: /^--- a\/pod.yaml/ });
  t.equal((await place.outrider(['inject', '-f', 'pod.yaml', '-i', ...quiet])).code, 0);
  t.equal((await place.outrider(['inject', '-f', 'pod.yaml', '--check', ...quiet])).code, 0);
  t.equal((await place.outrider(['uninject', '-f', 'pod.yaml', '--check', '-q'])).code, 1);
  const broken = await place.outrider(['inject', '-f', '-', '--check', ...quiet], { stdin: 'a: [' });
  t.equal(broken.code, 2);
});

t.test('--in-place writes what changes, through links, with the mode it had, and leaves no other file', async (t) => {
  const other = 'kind: ConfigMap\n';
  const place = await workplace(t, { 'm/pod.yaml': pod, 'm/other.yaml': other, 'real/linked.yaml': pod });
  await chmod(join(place.cwd, 'm/pod.yaml'), 0o640);
  await symlink('../real/linked.yaml', join(place.cwd, 'm/linked.yaml'));
  const untouched = await stat(join(place.cwd, 'm/other.yaml'));
  const { code, stdout, stderr } = await place.outrider(['inject', '-f', 'm', '--in-place', ...withSysdig]);
  t.equal(code, 0, stderr);
  t.equal(stdout, '');
  t.match(stderr, '2 files written.');
  t.equal((await stat(join(place.cwd, 'm/pod.yaml'))).mode & 0o777, 0o640);
  t.ok((await lstat(join(place.cwd, 'm/linked.yaml'))).isSymbolicLink());
  t.match(await place.read('real/linked.yaml'), 'outrider.dev/undo');
  t.equal((await stat(join(place.cwd, 'm/other.yaml'))).ino, untouched.ino);
  t.same(await readdir(join(place.cwd, 'm')), ['linked.yaml', 'other.yaml', 'pod.yaml']);
  const back = await place.outrider(['uninject', '-f', 'm', '-i', '-o', 'diff', '-q']);
  t.match(back.stdout, /^--- a\/m\/linked.yaml/, 'a diff may be asked for as well');
  t.equal(await place.read('m/pod.yaml'), pod);
});

t.test('--in-place writes all files or none', async (t) => {
  const place = await workplace(t, { 'a/one.yaml': pod, 'b/two.yaml': pod });
  const { writeFiles } = await import('../../../src/cli/edit/write-files.js');
  const change = (name: string) => ({ name, path: join(place.cwd, name), before: pod, after: 'new\n' });
  await t.rejects(writeFiles([change('a/one.yaml'), change('c/gone.yaml')]), {
    code: 'file_unwritable',
    message: 'c/gone.yaml: it cannot be written (ENOENT); no file was changed.',
  });
  t.equal(await place.read('a/one.yaml'), pod);
  // A folder takes a file next to it, and cannot be replaced by one: the first file is given back.
  await t.rejects(writeFiles([change('a/one.yaml'), change('b')]), { code: 'file_unwritable' });
  t.equal(await place.read('a/one.yaml'), pod);
  t.same(await readdir(place.cwd), ['a', 'b']);
  t.same(await readdir(join(place.cwd, 'a')), ['one.yaml']);
});

t.test('a pod that may not run uninstrumented is an error, and its file is not written', async (t) => {
  const place = await workplace(t, { 'good.yaml': pod, 'bad.yaml': `${pod}---\n${unresolved}` });
  const argv = ['inject', '-f', 'bad.yaml', '-f', 'good.yaml', ...withSysdig, '--prefer', 'Security'];
  const { code, stdout, stderr } = await place.outrider(argv);
  t.equal(code, 1);
  t.equal(readManifests(stdout, '-').length, 1, 'only the good file is printed');
  t.match(stderr, /✗ {2}bad.yaml:\d+ +pod\/one +deny +image_unresolved/);
  t.match(
    stderr,
    'outrider: error: bad.yaml:10: pod/one may not run as it is under policy sysdig: image_unresolved: app: acme/app:1 is in no image map. bad.yaml is not written.\n',
  );
  t.equal((await place.outrider([...argv, '-i', '-q'])).code, 1);
  t.equal(await place.read('bad.yaml'), `${pod}---\n${unresolved}`);
  t.match(await place.read('good.yaml'), 'outrider.dev/undo');
  const alone = await place.outrider(['inject', '-f', 'bad.yaml', ...quiet, '--prefer', 'Security', '-o', 'patch']);
  t.match(alone, { code: 1, stdout: '' });
  const admitted = await place.outrider([...argv, '--set', 'spec.onUnresolvedImage=Skip', '-q']);
  t.equal(admitted.code, 0, 'but for what the policy admits');
});

t.test('the report for programs', async (t) => {
  const place = await workplace(t, { 'a.yaml': `${pod}---\n${unresolved}` });
  const { stderr } = await place.outrider(['inject', '-f', 'a.yaml', ...withSysdig, '--report', 'json']);
  t.match(JSON.parse(stderr), {
    templates: [
      {
        file: 'a.yaml',
        document: 1,
        line: 1,
        pointer: '',
        kind: 'Pod',
        name: 'one',
        namespace: 'default',
        decision: 'inject',
        reason: 'injected',
        policy: 'sysdig',
        prefer: 'Availability',
        containers: { instrumented: 1, asked: 1 },
        leftOut: [],
        changed: true,
      },
      {
        document: 2,
        decision: 'skip',
        containers: { instrumented: 0, asked: 1 },
        leftOut: [{ container: 'app', reason: 'image_unresolved' }],
        changed: false,
        remedy: /^Give the container a command/,
      },
    ],
    summary: { files: 1, templates: 2, inject: 1, partial: 0, skip: 1, denied: 0, changed: 1 },
  });
  t.equal((await place.outrider(['inject', '-f', 'a.yaml', ...quiet])).stderr, '');
});

t.test('policies, and the labels of namespaces, from files and flags', async (t) => {
  const policy = `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: labelled}
spec:
  match: {namespaceSelector: {matchLabels: {team: shop}}}
  profile: {name: sysdig, settings: {region: us2}}
`;
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n';
  const map = 'apiVersion: outrider.dev/v1alpha1\nkind: ImageMap\nimages: {"acme/app:1": {entrypoint: [/app]}}\n';
  const place = await workplace(t, {
    'p/policy.yaml': policy,
    'p/images.yaml': map,
    'namespace.yaml': namespace,
    'pod.yaml': unresolved,
    'other.yaml': unresolved.replace('name: one', 'name: one\n  namespace: other'),
  });
  const decide = async (...argv: readonly string[]) => {
    const { stderr } = await place.outrider(['inject', '-f', 'pod.yaml', '--report', 'json', ...argv]);
    return (JSON.parse(stderr) as { templates: readonly { reason: string; namespace: string }[] }).templates;
  };
  t.match(await decide('--policy', 'p'), [{ namespace: 'default', reason: 'no_policy' }]);
  t.match(await decide('--policy', 'p', '-n', 'shop'), [{ reason: 'no_policy' }]);
  t.match(await decide('--policy', 'p', '-n', 'shop', '-f', 'namespace.yaml'), [
    { namespace: 'shop', reason: 'injected' },
  ]);
  t.match(await decide('--policy', 'p', '-n', 'shop', '--policy', 'namespace.yaml'), [{ reason: 'injected' }]);
  t.match(await decide('--policy', 'p', '--namespace-labels', 'a=b,team=shop'), [{ reason: 'injected' }]);
  t.match(await decide('--policy', 'p', '--namespace-labels', 'team=shop', '-f', 'other.yaml'), [
    { namespace: 'default' },
    { namespace: 'other', reason: 'injected' },
  ]);
  t.match(await decide('--policy', 'p', '-n', 'kube-system', '--namespace-labels', 'team=shop'), [
    { reason: 'namespace_excluded' },
  ]);
  t.match(await decide('--policy', 'p', '--namespace-labels', 'team=shop', '--excluded-namespaces', 'default'), [
    { reason: 'namespace_excluded' },
  ]);
  t.match(await decide('--policy', 'p', '--namespace-labels', 'team=shop', '--set', 'spec.mode=Off'), [
    { reason: 'policy_off' },
  ]);
  t.match(
    await decide('--policy', 'p/images.yaml', ...withSysdig),
    [{ reason: 'injected' }],
    '--profile with an image map',
  );
});

t.test('cluster facts by flag and variable, which are those of serve', async (t) => {
  const place = await workplace(t, { 'job.json': JSON.stringify(kinds['Pod']?.object) });
  const edit = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    (await place.outrider(['inject', '-f', 'job.json', '-o', 'json', ...quiet, ...argv], { env })).stdout;
  t.match(await edit([]), '"restartPolicy": "Always"');
  t.notMatch(await edit(['--native-sidecars=false']), '"restartPolicy": "Always"');
  t.notMatch(
    await edit([], { OUTRIDER_NATIVE_SIDECARS: 'false', OUTRIDER_LISTEN_PORT: 'nonsense' }),
    '"restartPolicy"',
  );
  t.match(await edit(['--tools-image', 'acme/tools:1']), 'acme/tools:1');
  t.match(await edit(['--image-rewrite', 'quay.io=mirror.acme']), 'mirror.acme/sysdig/workload-agent');
  t.notMatch(await edit(['--openshift']), '"runAsUser"');
  t.match(await edit([]), 'SYS_PTRACE');
  t.notMatch(await edit(['--pod-security-default', 'restricted']), 'SYS_PTRACE');
});

t.test('E17: a template that gained a container gets it, and uninject still gives the original back', async (t) => {
  const place = await workplace(t);
  const first = await place.outrider(['inject', '-f', '-', ...quiet], { stdin: pod });
  const container = '    - name: late\n      image: acme/late:1\n      command: [/late]\n';
  // The new container is put after the first one's last field, before what follows the list.
  const grown = first.stdout.replace(/( {2}containers:\n(?: {4}.*\n)+)/, `$1${container}`);
  t.not(grown, first.stdout);
  const second = await place.outrider(['inject', '-f', '-', ...quiet], { stdin: grown });
  t.equal(second.code, 0, second.stderr);
  t.match(second.stdout, 'command: [/opt/draios/bin/instrument, /late]');
  t.equal(second.stdout.match(/- name: sysdig-workload-agent-copy/g)?.length, 1);
  const back = await place.outrider(['uninject', '-f', '-', '-q'], { stdin: second.stdout });
  t.equal(back.stdout, `${pod}${container}`);

  const foreign = grown.replace(/outrider.dev\/undo: .*/, 'outrider.dev/undo: mine');
  const refused = await place.outrider(['inject', '-f', '-', ...quiet], { stdin: foreign });
  t.match(refused, { code: 2, stdout: '', stderr: /^outrider: error: -:1: the annotation outrider.dev\/undo is not / });
});

t.test('E31: no pull secret is added to a template that has none', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const argv = ['inject', '-f', 'pod.yaml', ...quiet, '--set', 'spec.agent.imagePullSecrets=regcred'];
  t.notMatch((await place.outrider(argv)).stdout, 'imagePullSecrets');
});

t.test('the Secret of another document never shows in a report, a patch or an error', async (t) => {
  const place = await workplace(t, {
    'shop.yaml': shop,
    'broken.yaml': shop.replace('password: hunter2', 'password: "hunter2'),
  });
  const runs = [
    ['inject', '-f', 'shop.yaml', '-o', 'patch', ...withSysdig],
    ['inject', '-f', 'shop.yaml', '-o', 'diff', ...withSysdig, '--report', 'json'],
    ['explain', '-f', 'shop.yaml', ...withSysdig],
    ['explain', '-f', 'shop.yaml', '-o', 'json', ...withSysdig],
    ['inject', '-f', 'broken.yaml', '--debug', ...withSysdig],
  ];
  for (const argv of runs) {
    const { stdout, stderr } = await place.outrider(argv);
    t.notMatch(`${stdout}${stderr}`, 'hunter2', argv.join(' '));
  }
});

t.test('bad input: a message that says where, what and what helps; exit code 2; nothing printed', async (t) => {
  const policy = (spec: string): string =>
    `apiVersion: outrider.dev/v1alpha1\nkind: InstrumentationPolicy\nmetadata: {name: p}\nspec: ${spec}\n`;
  const place = await workplace(t, {
    'pod.yaml': pod,
    'latin1.yaml': Buffer.from('kind: caf\xe9\n', 'latin1'),
    'twice.yaml': 'kind: Pod\nkind: Pod\n',
    'alias.yaml': 'a: *b\n',
    'broken.json': '{"kind": "Pod"',
    'shape.yaml': 'kind: Deployment\nspec:\n  template: {spec: {containers: [1]}}\n',
    'empty/notes.txt': '',
    'policy.yaml': policy('{profile: {name: sysdig, settings: {region: us2}}}'),
    'mode.yaml': policy('{mode: On, profile: {name: sysdig, settings: {region: us2}}}'),
    'region.yaml': policy('{profile: {name: sysdig, settings: {region: mars}}}'),
    'nopolicy.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n',
    'images.json': '{"acme": {"entrypoint": "app"}}',
    'reference.json': '{"ACME": {"entrypoint": ["/app"]}}',
  });
  const cases: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [['-f', 'gone.yaml', ...withSysdig], /^gone.yaml: there is no such file; check the path\.$/],
    [['-f', 'empty', ...withSysdig], /^empty is a folder without .yaml, .yml or .json files/],
    [['-f', 'latin1.yaml', ...withSysdig], /^latin1.yaml: it is not UTF-8 text\. Convert/],
    [['-f', 'twice.yaml', ...withSysdig], /^twice.yaml:2:1: /],
    [['-f', 'alias.yaml', ...withSysdig], /^alias.yaml:1:4: .*no anchor/],
    [['-f', 'broken.json', ...withSysdig], /^broken.json:1:\d+: /],
    [
      ['-f', 'shape.yaml', ...withSysdig],
      /^shape.yaml:3:\d+: at \/spec\/template\/spec\/containers\/0: must be a mapping/,
    ],
    [['-f', 'pod.yaml'], /^nothing says what to put in: give --policy FILE, or --profile NAME \(sysdig, datadog/],
    [[...withSysdig], /^there is no input; give a file, a folder, a URL, or -/],
    [['-f', 'pod.yaml', '--profile', 'sysdg'], /profile.name is sysdg.*did you mean sysdig\?/],
    [['-f', 'pod.yaml', '--profile', 'Sysdig!'], /^--profile "Sysdig!" is no name of a profile\.$/],
    [
      ['-f', 'pod.yaml', '--profile', 'sysdig'],
      /^--profile sysdig: policy sysdig: .*region is missing, and profile sysdig needs it.* Give it with --set region=VALUE\.$/,
    ],
    [['-f', 'pod.yaml', '--profile', 'sysdig', '--set', 'region'], /^--set region is no assignment/],
    [['-f', 'pod.yaml', '--profile', 'sysdig', '--set', 'regoin=us2'], /^--set regoin: .*did you mean region\?/],
    [
      ['-f', 'pod.yaml', ...withSysdig, '--set', 'spec.mode=On'],
      /^--set spec.mode: spec.mode is "On".*Off, Report, Inject/,
    ],
    [['-f', 'pod.yaml', '--policy', 'policy.yaml', '--profile', 'sysdig'], /^--profile makes a policy of its own/],
    [['-f', 'pod.yaml', '--policy', 'mode.yaml'], /^mode.yaml:4 \(document 1\): spec.mode is "On"/],
    [['-f', 'pod.yaml', '--policy', 'region.yaml'], /^region.yaml:1: policy p: .*region/],
    [['-f', 'pod.yaml', '--policy', 'nopolicy.yaml'], /^--policy gives no InstrumentationPolicy; add one/],
    [['-f', 'pod.yaml', '--policy', 'pod.yaml'], /^pod.yaml:2 \(document 1\): kind is Pod, which is no configuration/],
    [['-f', 'pod.yaml', ...withSysdig, '--image-config', 'images.json'], /^images.json:1 .*entrypoint is "app"/],
    [['-f', 'pod.yaml', ...withSysdig, '--image-config', 'reference.json'], /^image map: "ACME" .*lower case/],
    [['-f', 'pod.yaml', ...withSysdig, '--namespace', 'No'], /^--namespace is "No": it must be a namespace’s name/],
    [['-f', 'pod.yaml', ...withSysdig, '--namespace-labels', 'a'], /^--namespace-labels has "a": write key=value/],
    [
      ['-f', 'pod.yaml', ...withSysdig, '--native-sidecars=maybe'],
      /^--native-sidecars is "maybe": it must be true, false or auto/,
    ],
    [['-f', 'pod.yaml', ...withSysdig, '-i', '-o', 'json'], /^--in-place writes the files back; leave -o json out/],
    [['-f', '-', ...withSysdig, '-i'], /^standard input cannot be written back/],
    [['-f', '-', '--policy', '-'], /^standard input can be read once/],
    [['-f', 'pod.yaml', ...withSysdig, '-i', '--check'], /--check.*cannot be used with.*--in-place/],
    [['-f', 'pod.yaml', ...withSysdig, '-o', 'toml'], /'toml' is invalid. Allowed choices are yaml, json, patch, diff/],
    [['-f', 'pod.yaml', '--profil', 'sysdig'], /^unknown option '--profil' \(Did you mean --profile\?\)/],
    [['-f'], /^option '-f, --file <PATH>' argument missing/],
  ];
  for (const [argv, message] of cases) {
    const { code, stdout, stderr } = await place.outrider(['inject', ...argv]);
    t.equal(code, 2, argv.join(' '));
    t.equal(stdout, '', argv.join(' '));
    t.match(stderr, /^outrider: error: /, argv.join(' '));
    t.match(stderr, /\[docs\/errors\.md#[a-z_]+\]\n$/, argv.join(' '));
    t.match(stderr.replace(/^outrider: error: /, '').replace(/ \[docs.*\]\n$/, ''), message, argv.join(' '));
    t.notMatch(stderr, / {4}at /, 'no stack trace');
  }
  const several = policy('{mode: On, prefer: Speed, profile: {name: sysdig, settings: {region: us2}}}');
  await place.write('several.yaml', several);
  const { stderr } = await place.outrider(['inject', '-f', 'pod.yaml', '--policy', 'several.yaml']);
  t.equal(stderr.match(/^outrider: error: several.yaml:4 /gm)?.length, 2, 'a line for each problem');
});

t.test('no pod in the input is fine', async (t) => {
  const place = await workplace(t);
  const stdin = 'kind: ConfigMap\n# end';
  const ran = await place.outrider(['inject', '-f', '-', ...withSysdig], { stdin });
  t.match(ran, { code: 0, stdout: stdin, stderr: /^0 pod templates: / });
});

interface Patch {
  readonly pointer: string;
  readonly operations: readonly Operation[];
}

function patches(text: string): readonly Patch[] {
  return JSON.parse(text) as readonly Patch[];
}

function apply(object: JsonObject, operations: readonly Operation[]): JsonObject {
  return jsonpatch.applyPatch(structuredClone(object), structuredClone([...operations]), true).newDocument;
}

/** Applies a unified diff by its line numbers, and insists on every line that it shows. */
function applyDiff(text: string, diff: string): string {
  const before = text.split('\n');
  const after: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const [, start, count] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (start !== undefined) {
      const from = Number(start) - (count === '0' ? 0 : 1);
      after.push(...before.slice(at, from));
      at = from;
    } else if (line.startsWith('+')) {
      after.push(line.slice(1));
    } else {
      if (before[at] !== line.slice(1)) throw new Error(`line ${at + 1} is ${before[at] ?? ''}, not ${line}`);
      if (line.startsWith(' ')) after.push(line.slice(1));
      at += 1;
    }
  }
  return [...after, ...before.slice(at)].join('\n');
}

function commandsOf(pod: JsonObject | undefined): readonly unknown[] {
  const spec = pod?.['spec'];
  const containers = isObject(spec) ? spec['containers'] : undefined;
  return isArray(containers)
    ? containers.map((container) => (isObject(container) ? container['command'] : undefined))
    : [];
}

function nameOf(value: JsonValue): JsonValue | undefined {
  const metadata = isObject(value) ? value['metadata'] : undefined;
  return isObject(metadata) ? (metadata['name'] ?? metadata['generateName']) : undefined;
}

t.test('F8: the report says which policies a pod’s author could get round, once each', async (t) => {
  const place = await workplace(t, { 'pod.yaml': `${pod}---\n${pod}` });
  const strict = ['inject', '-f', 'pod.yaml', ...withSysdig, '--prefer', 'Security', '--check'];
  const weak = [...strict, '--set', 'spec.containers.cover=Main'];
  const words =
    'A pod’s author could run a program in an init container or a native sidecar, which containers.cover leaves out.';
  const { stderr } = await place.outrider(weak);
  t.equal(stderr.split(`! policy sysdig  Weak: ${words}\n`).length, 2);
  const report = JSON.parse((await place.outrider([...weak, '--report', 'json'])).stderr) as JsonObject;
  t.same(report['weak'], [{ policy: 'sysdig', detail: words }]);
  t.notMatch((await place.outrider(strict)).stderr, 'Weak');
  t.notMatch((await place.outrider([...strict, '--report', 'json'])).stderr, '"weak"');
});
