import { parse } from 'yaml';
import t from 'tap';
import { versionReport, versionText } from '../../../src/cli/version/report.js';
import { versionCommand } from '../../../src/cli/version/version.js';
import { known } from '../../../src/cluster/overview/part.js';
import { replicaVersion, type ReplicaVersion } from '../../../src/cluster/overview/read-versions.js';
import { version } from '../../../src/model/version.js';
import { workplace } from '../harness.js';
import { forbidden } from '../snapshots.js';

const client = { version: '0.2.0', node: 'v26.10.0', platform: 'linux/x64' };
const at = { namespace: 'outrider-system', instance: 'outrider' };

function textOf(replicas: readonly ReplicaVersion[]): string {
  return versionText(versionReport(client, at, known({ kubernetes: known('v1.36.3'), replicas: known(replicas) })));
}

t.test('U1: what runs, and how that is known', (t) => {
  const told = (name: string, of: string): ReplicaVersion => ({ name, version: of, from: 'metrics' });
  t.equal(
    textOf([told('a', '0.2.0'), told('b', '0.2.0')]),
    `Client      0.2.0  (Node.js v26.10.0, linux/x64)
Server      0.2.0  (2 replicas of outrider-system/outrider)
Kubernetes  v1.36.3
`,
  );
  const mixed = textOf([told('a', '0.2.0'), told('b', '0.1.0'), { name: 'c', version: '0.2.0', from: 'image' }]);
  t.match(mixed, 'Server      0.1.0  (1 replica of outrider-system/outrider)\n');
  t.match(mixed, 'Server      0.2.0  (1 replica of outrider-system/outrider, by the tag of its image)\n');
  t.match(mixed, /\nClient and server differ: .*\n$/);
  t.match(textOf([{ name: 'a' }]), 'Server      unknown  (1 replica of');
  t.match(textOf([]), 'Server      unknown: there is no replica of outrider in namespace outrider-system; ');
  t.match(
    versionText(versionReport(client, at, known({ kubernetes: forbidden, replicas: forbidden }))),
    /^Client .*\nServer {6}unknown: forbidden to you\n$/,
  );
  t.end();
});

t.test('U1: a replica is asked; the tag of its image stands in', (t) => {
  const pod = (image: string) => ({ metadata: { name: 'a' }, spec: { containers: [{ image }] } });
  const metrics = 'outrider_build_info{version="0.3.0",node_version="v26.10.0"} 1\n';
  const answered = new Map([['a', known(metrics)]]);
  t.same(replicaVersion(pod('x:0.1.0'), answered), { name: 'a', version: '0.3.0', from: 'metrics' });
  const silent = new Map([['a', forbidden]]);
  t.same(replicaVersion(pod('registry:5000/x:0.1.0@sha256:00'), silent), {
    name: 'a',
    version: '0.1.0',
    from: 'image',
  });
  t.same(replicaVersion(pod('registry:5000/x@sha256:00'), silent), { name: 'a' });
  t.same(replicaVersion(pod('x:0.1.0'), new Map([['a', known('nothing\n')]])), {
    name: 'a',
    version: '0.1.0',
    from: 'image',
  });
  t.end();
});

t.test('U1: the command', async (t) => {
  const place = await workplace(t);
  const kubeconfig = ['--kubeconfig', 'there-is-none'];
  t.match(await place.outrider(['version', '--client']), { code: 0, stdout: new RegExp(`^Client +${version} .*\n$`) });
  t.match(await place.outrider(['version', ...kubeconfig]), {
    code: 0,
    stdout: /^Client .*\nServer {6}unknown: there-is-none cannot be read: .*\n$/,
    stderr: '',
  });
  const json = await place.outrider(['version', '-o', 'json', '-n', 'other', ...kubeconfig]);
  t.match(JSON.parse(json.stdout), {
    client: { version, node: process.version },
    server: { namespace: 'other', instance: 'outrider', unknown: String },
  });
  const yaml = await place.outrider(['version', '-o', 'yaml', '--client']);
  t.match(parse(yaml.stdout), { client: { version } });
  t.match(await place.outrider(['version', '-o', 'xml']), { code: 2, stderr: /'xml' is invalid/ });
  const broken = versionCommand(() => Promise.reject(new TypeError('ours')));
  const output = { write: () => undefined, isTerminal: false, columns: undefined };
  const stdin = (async function* () {
    yield await Promise.resolve('');
  })();
  const io = {
    stdin,
    stdout: output,
    stderr: output,
    cwd: place.cwd,
    env: {},
    isInteractive: false,
    programName: 'outrider',
  };
  await t.rejects(broken.run({ flags: { timeout: '1' }, args: [], io }), TypeError);
});
