import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import t from 'tap';
import { objectOf } from '../../src/model/json.js';
import { workplace } from './harness.js';
import { pod, unresolved, withSysdig } from './manifests.js';

// What people type out of habit from other programs: it works, or is refused in one line that says what to type.
// test/e2e/cluster/habits.test.ts has those that need a cluster.

const sysdig = [...withSysdig, '-q'];
const noCluster = ['--kubeconfig', 'none'];
const applied = /^apiVersion: v1\n[^]*outrider.dev\/undo/;

/** A habit, its exit code, and the start of what it prints: on standard output for 0, else on standard error. */
const table: readonly (readonly [habit: readonly string[], code: number, says: RegExp | string])[] = [
  [['inject', 'a.yaml', ...sysdig], 0, applied],
  [['inject', './m', ...sysdig], 0, applied],
  [['inject', 'a.yaml', 'm/b.yaml', ...sysdig], 0, /name: a\n[^]*---\n[^]*name: b\n/],
  [['inject', '-f', 'a.yaml', '-f', 'm/b.yaml', ...sysdig], 0, /name: a\n[^]*---\n[^]*name: b\n/],
  [['inject', '-f', 'a.yaml,m/b.yaml', ...sysdig], 0, /name: a\n[^]*---\n[^]*name: b\n/],
  [['inject', '-f', 'with,comma.yaml', ...sysdig], 0, /name: comma\n/],
  [['inject', '--filename', 'a.yaml', ...sysdig], 0, applied],
  [['inject', '--filename=a.yaml', '-f', 'm/b.yaml', ...sysdig], 0, /name: b\n[^]*name: a\n/],
  [['inject', '-R', '-f', 'm', ...sysdig], 0, /name: deep\n/],
  [['inject', '--recursive', '-f', 'm', ...sysdig], 0, /name: deep\n/],
  [['uninject', 'a.yaml', '-q'], 0, pod.slice(0, 20)],
  [['explain', 'a.yaml', ...withSysdig], 0, /^pod\/a {2}INJECT/],
  [['explain', './m/', ...withSysdig], 0, /^pod\/b {2}INJECT/],
  [['explain', '--filename', 'a.yaml', ...withSysdig], 0, /^pod\/a {2}INJECT/],
  [['-v'], 0, /^\d+\.\d+\.\d+\n$/],
  [['--version'], 0, /^\d+\.\d+\.\d+\n$/],

  [
    ['inject', '-k', 'overlay', ...sysdig],
    2,
    "unknown option '-k'; render first: kubectl kustomize DIR | outrider inject -f -.",
  ],
  [
    ['explain', '-k', 'overlay'],
    2,
    "unknown option '-k'; render first: kubectl kustomize DIR | outrider explain -f -.",
  ],
  [
    ['inject', 'ftp://example.com/a.yaml', ...sysdig],
    2,
    'ftp://example.com/a.yaml: only http and https URLs are read; fetch it first',
  ],
  [['inject', 'https://user:key@example.com/a.yaml', ...sysdig], 2, 'a URL with a name or password in it is not read;'],
  [['inject', 'ftp://user:key@example.com/a', ...sysdig], 2, 'a URL with a name or password in it is not read;'],
  [['inject', 'https://user:key@[/a', ...sysdig], 2, 'a URL with a name or password in it is not read;'],
  [['status', '--tokne=key'], 2, "unknown option '--tokne'"],
  [['--token', 'key', 'status'], 2, 'options follow the command: outrider COMMAND --token …'],
  [['-n', 'shop', 'status'], 2, 'options follow the command: outrider COMMAND -n …'],
  [['inject', 'gone.yaml', ...sysdig], 2, 'gone.yaml: there is no such file; check the path.'],
  [
    ['inject', 'a.yaml', '--dry-run', ...sysdig],
    2,
    "unknown option '--dry-run'; inject writes no file unless --in-place is given; --check says",
  ],
  [['inject', 'a.yaml', '--dry-run=client', ...sysdig], 2, "unknown option '--dry-run'; inject writes no file"],
  [['inject', '-A', ...sysdig], 2, "unknown option '-A'; inject works on files and asks no cluster; leave it out."],
  [
    ['inject', '-l', 'app=web', ...sysdig],
    2,
    "unknown option '-l'; give the files to inject instead; kubectl get deploy -l",
  ],
  [
    ['inject', 'a.yaml', '--as', 'jane', ...sysdig],
    2,
    "unknown option '--as'; inject works on files and asks no cluster",
  ],
  [['inject', 'a.yaml', '--context=x', ...sysdig], 2, "unknown option '--context'; inject works on files"],
  [['inject', 'a.yaml', '-w', ...sysdig], 2, "unknown option '-w'; it looks once; outrider status -w goes on"],
  [
    ['inject', 'https://example.com/a.yaml', '-i', ...sysdig],
    2,
    'https://example.com/a.yaml cannot be written back; leave --in-place out.',
  ],
  [
    ['explain', 'a.yaml', 'deploy/web', ...withSysdig],
    2,
    'deploy/web and files are two inputs; give objects of a cluster, or files.',
  ],
  [['check'], 2, 'there is no command "check"; to see whether something would change, outrider inject FILE --check;'],
  [
    ['validate', '-f', 'a.yaml'],
    2,
    'there is no command "validate"; to check manifests, outrider inject FILE --check;',
  ],
  [['install'], 2, 'there is no command "install"; Outrider is installed by its Helm chart: helm install,'],
  [['descirbe'], 2, 'there is no command "descirbe"; outrider --help lists them.'],
  [['explian', '--help'], 2, 'there is no command "explian"; did you mean outrider explain?'],
  [['help', 'explian'], 2, 'there is no command "explian"; did you mean outrider explain?'],
  [
    ['explain', 'deploy/web', '-o', 'toml'],
    2,
    "option '-o, --output <FORMAT>' argument 'toml' is invalid. Allowed choices are",
  ],
  [['status', ...noCluster], 2, /^none cannot be read/],
];

t.test('U4, U12, U20: each habit of the table works, or is refused in one line with what to type', async (t) => {
  const place = await workplace(t, {
    'a.yaml': pod.replace('name: one', 'name: a'),
    'm/b.yaml': pod.replace('name: one', 'name: b'),
    'm/deep/c.yaml': pod.replace('name: one', 'name: deep'),
    'with,comma.yaml': pod.replace('name: one', 'name: comma'),
  });
  for (const [habit, code, says] of table) {
    const ran = await place.outrider(habit);
    const title = habit.join(' ');
    t.equal(ran.code, code, `${title}: ${ran.stderr}`);
    const said = code === 0 ? ran.stdout : ran.stderr.replace(/^outrider: error: /, '');
    if (typeof says === 'string') t.ok(said.startsWith(says), `${title}: ${said}`);
    else t.match(said, says, title);
    if (code === 0) continue;
    t.equal(ran.stdout, '', title);
    t.match(ran.stderr, /^outrider: error: [^\n]+ \[docs\/errors\.md#[a-z_]+\]\n$/, `${title}: one line`);
  }
});

t.test('U4: --check fails for a skip where it is asked to', async (t) => {
  const place = await workplace(t, { 'skipped.yaml': unresolved });
  t.match(await place.outrider(['inject', 'skipped.yaml', '--check', ...withSysdig]), { code: 0 });
  const failed = await place.outrider(['inject', 'skipped.yaml', '--check', '--fail-on', 'skip', ...withSysdig]);
  t.match(failed, { code: 1, stderr: /^outrider: error: 1 skip: exit code 1\.$/m });
});

t.test('U12: help fits 80 columns, breaks in no word, and has the rest behind --help-all', async (t) => {
  const place = await workplace(t);
  const listed = (await place.outrider(['--help'])).stdout.split('Commands:\n')[1] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name = '']) => name);
  t.ok(names.length > 15);
  for (const name of names) {
    const { stdout } = await place.outrider([name, '--help']);
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/^\s*\S+$/.test(line));
    t.same(long, [], name);
    t.ok(stdout.split('\n').length <= 90, `${name}: ${stdout.split('\n').length} lines`);
    const all = await place.outrider([name, '--help-all']);
    t.equal(all.code, 0);
    t.ok(all.stdout.length > stdout.length - 100, name);
    if (all.stdout.includes('Cluster:') || all.stdout.includes('More settings:')) {
      t.match(stdout, `outrider ${name} --help-all`);
      t.notMatch(stdout, /^(Cluster|More settings):$/m);
    }
  }
});

t.test('U20: errors are JSON where the report is', async (t) => {
  const place = await workplace(t, { 'bad.yaml': 'a: [' });
  const errorsOf = async (...argv: readonly string[]) => {
    const { code, stdout, stderr } = await place.outrider(argv);
    t.match({ code, stdout }, { code: 2, stdout: '' });
    return objectOf(JSON.parse(stderr))?.['errors'];
  };
  t.match(await errorsOf('inject', '--report', 'json', ...withSysdig), [
    { code: 'usage', message: /^there is no input/ },
  ]);
  t.match(await errorsOf('inject', 'bad.yaml', '--report=json', ...withSysdig), [
    { code: 'manifest_invalid', file: 'bad.yaml', message: /^bad\.yaml:1/ },
  ]);
  t.match(await errorsOf('uninject', 'gone.yaml', '--report', 'json'), [
    { code: 'file_unreadable', file: 'gone.yaml' },
  ]);
  t.match(await errorsOf('inject', '--nonsense', '--report', 'json'), [{ code: 'usage' }]);
});

t.test('U5: a manifest from a URL, within bounds', async (t) => {
  const place = await workplace(t);
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    t.teardown(() => void server.close());
    await once(server, 'listening');
    return `http://127.0.0.1:${Number(objectOf(server.address())?.['port'])}`;
  };
  const base = await serve(({ url = '' }, response) => {
    if (url === '/pod.yaml') response.end(pod);
    else if (url === '/moved') response.writeHead(302, { location: '/pod.yaml' }).end();
    else if (url === '/round') response.writeHead(302, { location: '/round' }).end();
    else if (url === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else if (url === '/large') response.writeHead(200, { 'content-length': 1e9 }).write('a');
    else if (url === '/endless') {
      const part = Buffer.alloc(1_048_576, 32);
      const more = (): void => {
        while (!response.destroyed && response.write(part));
      };
      response.on('drain', more);
      more();
    } else response.writeHead(404).end('no such page');
  });
  const inject = (path: string) => place.outrider(['inject', `${base}${path}`, ...sysdig]);
  for (const path of ['/pod.yaml', '/moved']) t.match(await inject(path), { code: 0, stdout: applied }, path);
  const diff = await place.outrider(['inject', `${base}/pod.yaml`, '-o', 'diff', ...sysdig]);
  t.match(diff.stdout, `--- a/${base}/pod.yaml`);
  for (const [path, why] of [
    ['/round', 'it redirects more than 5 times'],
    ['/file', 'only http and https URLs are read'],
    ['/large', 'it is longer than 16 MiB'],
    ['/endless', 'it is longer than 16 MiB'],
    ['/gone', 'the server answers 404'],
  ] as const) {
    const { code, stdout, stderr } = await inject(path);
    t.match({ code, stdout }, { code: 2, stdout: '' }, path);
    t.match(stderr, `outrider: error: ${base}${path}: ${why}`);
  }
  const refused = await place.outrider(['inject', 'http://127.0.0.1:1/x.yaml', ...sysdig]);
  t.match(refused, { code: 2, stderr: /x\.yaml: its host refuses the connection \(ECONNREFUSED\)/ });
});
