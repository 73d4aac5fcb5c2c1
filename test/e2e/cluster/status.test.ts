import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion, inForceLabelValue, names, portLabelValue } from '../../../src/model/names.js';
import { outrider as cli, runNode, type Ran } from './cli.js';
import { until } from './guarded-process.js';
import { writeKubeconfig } from './identity.js';
import { install } from './installation.js';
import { objectIn } from './kubectl.js';

t.setTimeout(900_000);

const outrider = new URL('../../../outrider.js', import.meta.url).pathname;

/** Runs `outrider status` to its end. */
function status(kubeconfig: string, ...parameters: readonly string[]): Promise<Ran> {
  return runNode([outrider, 'status', '--kubeconfig', kubeconfig, ...parameters]);
}

async function report(kubeconfig: string): Promise<JsonObject> {
  return objectOf(JSON.parse((await status(kubeconfig, '-o', 'json')).stdout)) ?? {};
}

function findings(of: JsonObject): readonly string[] {
  return listOf(of['findings']).map((finding) => {
    const { about, severity, detail } = objectOf(finding) ?? {};
    return `${stringOf(severity) ?? ''} ${stringOf(about) ?? ''}: ${stringOf(detail) ?? ''}`;
  });
}

/** The chart's Deployment as far as status looks at it; there is no kubelet that could start its pods. */
const deployment = (plainPort: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'outrider', namespace: 'outrider-system', labels: labels() },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels() },
    template: {
      metadata: { labels: { ...labels(), [names.port]: portLabelValue, [names.inForce]: inForceLabelValue } },
      spec: {
        containers: [{ name: 'outrider', image: 'outrider:0', ports: [{ name: 'plain', containerPort: plainPort }] }],
      },
    },
  },
});

function labels() {
  return { 'app.kubernetes.io/name': 'outrider', 'app.kubernetes.io/instance': 'outrider' };
}

/** An address of this machine that the API server's proxy goes to: it refuses loopback. */
const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const metrics =
  'outrider_admission_reviews_total{door="mutate",policy="default",decision="inject",reason="injected"} 12\n' +
  'outrider_build_info{version="7.8.9",node_version="v26.10.0"} 1\n';

const selects = { namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled', team: 'shop' } } };

t.test('an installation on a real API server says how it is', async (t) => {
  const here = await install();
  t.teardown(() => here.stop());
  const { api } = here;
  const admin = api.kubeconfig;
  const replica = createServer((_request, response) => response.end(metrics)).listen(0, '0.0.0.0');
  t.teardown(() => replica.close());
  await once(replica, 'listening');
  const { port } = objectOf(replica.address()) ?? {};

  await t.test('before there is a replica', async (t) => {
    const before = await status(admin);
    t.equal(before.stderr, '');
    t.equal(before.exitCode, 1);
    t.match(before.stdout, /^outrider-system\/outrider {2}NEEDS ATTENTION\n/);
    t.match(before.stdout, '✗ installation: there is no installation outrider in namespace outrider-system');
    const elsewhere = await status(admin, '-n', 'security', '--instance', 'canary');
    t.match(elsewhere.stdout, /^security\/canary {2}NEEDS ATTENTION\n/);
  });

  await here.addReplica('one');
  await here.apply([
    deployment(Number(port)),
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { 'outrider.dev/inject': 'enabled', team: 'shop' } },
    },
    {
      apiVersion,
      kind: 'InstrumentationPolicy',
      metadata: { name: 'default' },
      spec: { match: selects, profile: { name: 'sysdig', settings: { region: 'us2' } } },
    },
  ]);
  await until('the Deployment’s pod', async () => {
    const pods = objectIn(await api.kubectl(['get', 'pods', '-n', 'outrider-system', '-o', 'json']));
    return listOf(pods['items']).length > 0;
  });

  await t.test(
    'the leader’s own observations are shown, and what is missing is said with a command that makes it',
    async (t) => {
      await until('the self-test', async () => objectOf((await report(admin))['selfTest'])?.['known'] === true);
      const said = await report(admin);
      t.match(said, {
        health: 'attention',
        leader: { known: true, value: { holder: 'one', expired: false } },
        selfTest: { known: true, value: { reachable: true } },
        certificate: { known: true, value: { names: ['outrider.outrider-system.svc'] } },
        replicas: { known: true, value: { wanted: 1, ready: 0 } },
        pause: { known: true, value: { paused: false } },
        versions: { kubernetes: /^v1\./ },
        metrics: { asked: 1, answered: 0 },
      });
      t.match(said, {
        policies: { value: [{ name: 'default', mode: 'Inject', namespaces: ['shop'], profile: 'sysdig' }] },
      });
      t.ok(findings(said).includes('problem replicas: 0 of 1 are ready'));
      t.ok(findings(said).includes('problem policy default: Secret sysdig-agent is missing in shop'));
      const { stdout } = await status(admin);
      const create = / {4}kubectl (-n shop create secret .*)\n/.exec(stdout)?.[1] ?? '';
      t.equal((await api.kubectl(create.split(' '))).exitCode, 0);
      await until(
        'the key to be seen',
        async () =>
          !findings(await report(admin))
            .join('\n')
            .includes('Secret'),
      );
    },
  );

  await t.test('with everything in place it is healthy', async (t) => {
    const inForce = ['wait', '--for=condition=InForce', 'ipol/default', '--timeout=60s'];
    t.equal((await api.kubectl(inForce)).exitCode, 0);
    const pods = objectIn(await api.kubectl(['get', 'pods', '-n', 'outrider-system', '-o', 'json']));
    const name = stringOf(objectOf(objectOf(listOf(pods['items'])[0])?.['metadata'])?.['name']) ?? '';
    const conditions = [{ type: 'Ready', status: 'True' }];
    const place = address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] };
    const ready = { status: { phase: 'Running', conditions, ...place } };
    const patch = ['patch', 'pod', name, '-n', 'outrider-system', '--subresource=status', '--type=merge'];
    t.equal((await api.kubectl([...patch, '-p', JSON.stringify(ready)])).exitCode, 0);
    await until('health', async () => (await status(admin)).exitCode === 0);
    const { stdout } = await status(admin);
    t.match(stdout, /^outrider-system\/outrider {2}HEALTHY\n {2}Outrider \S+, Kubernetes v1\.\S+, https:/);
    t.match(stdout, /✓ replicas +1 of 1 ready\n/);
    t.match(stdout, /✓ leader +one, for /);
    t.match(stdout, /✓ API server +reaches the webhook in \d+ ms, \d+ s ago\n/);
    t.match(stdout, /✓ certificate +until .* left, for outrider\.outrider-system\.svc/);
    t.match(stdout, /default +Inject +availability +sysdig +0 +yes +1 +(12 inject|\?)\n/);
    if (address !== undefined) t.match(stdout, / 12 inject\n {2}reviews of 1 of 1 replicas, since each started\n/);
  });

  await t.test('U1: version asks the replicas, and says which it could not ask', async (t) => {
    const version = async (...parameters: readonly string[]): Promise<unknown> => {
      const argv = ['version', '--kubeconfig', admin, '-o', 'json', ...parameters];
      return objectOf(JSON.parse((await runNode([outrider, ...argv])).stdout))?.['server'];
    };
    const said = { namespace: 'outrider-system', instance: 'outrider', kubernetes: /^v1\./ };
    // The image of the Deployment is outrider:0.
    const versions =
      address === undefined
        ? [{ version: '0', replicas: 1, from: 'image' }]
        : [{ version: '7.8.9', replicas: 1, from: 'metrics' }];
    t.match(await version(), { ...said, versions });
    t.match(await version('-n', 'shop'), { kubernetes: /^v1\./, unknown: /^there is no replica of outrider in/ });
    const stranger = await api.certificateFor('stranger', []);
    t.match(await version('--kubeconfig', stranger.kubeconfig), { kubernetes: /^v1\./, unknown: 'forbidden to you' });
  });

  await t.test('namespaces whose label does nothing', async (t) => {
    await here.apply(
      [
        ['orphan', 'enabled'],
        ['odd', 'yes'],
      ].map(([name, inject]) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'outrider.dev/inject': inject } },
      })),
    );
    const { exitCode, stdout } = await status(admin);
    t.equal(exitCode, 1);
    t.match(stdout, '✗ namespaces: orphan is labelled outrider.dev/inject=enabled, and no policy selects it');
    t.match(stdout, 'kubectl label namespace odd --overwrite outrider.dev/inject=enabled');
    t.equal((await api.kubectl(['delete', 'namespace', 'orphan', 'odd', '--wait=false'])).exitCode, 0);
    t.equal((await api.kubectl(['label', 'namespace', 'orphan', 'odd', 'outrider.dev/inject-'])).exitCode, 0);
  });

  await t.test('paused, then resumed', async (t) => {
    const paused = await cli(admin, 'pause', '--for=forever', '--reason=upgrade');
    t.equal(paused.exitCode, 0, paused.stderr);
    const { exitCode, stdout } = await status(admin);
    t.equal(exitCode, 1);
    t.match(stdout, /✗ pause +until it is resumed, since [\dTZ:-]+, by admin as its marker says \(upgrade\)\n/);
    const pause = objectOf(JSON.parse((await cli(admin, 'status', '-o', 'json')).stdout))?.['pause'];
    t.match(pause, {
      value: { paused: true, until: 'forever', by: 'admin', reason: 'upgrade', marker: 'configurations' },
    });
    t.equal((await cli(admin, 'resume')).exitCode, 0);
  });

  await t.test('somebody with few rights sees what they may see', async (t) => {
    const rights = [
      {
        apiGroups: ['outrider.dev'],
        resources: ['instrumentationpolicies', 'instrumentationprofiles'],
        verbs: ['list'],
      },
      { apiGroups: [''], resources: ['namespaces'], verbs: ['list'] },
    ];
    await here.apply([
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'reader' }, rules: rights },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'reader' },
        subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'ClusterRole', name: 'reader', apiGroup: 'rbac.authorization.k8s.io' },
      },
    ]);
    const jane = await api.certificateFor('jane', ['developers']);
    const some = await status(jane.kubeconfig);
    t.equal(some.stderr, '');
    t.match(some.stdout, /· replicas +unknown: forbidden to you\n/);
    t.match(some.stdout, /default +Inject +availability +sysdig +0 +yes +1 +\?\n/);
    t.match(some.stdout, /\? unknown: replicas, leader, pause, webhooks, taken back: forbidden to you\n/);
    t.equal(some.exitCode, 2, 'nobody can tell');

    const nobody = await api.certificateFor('nobody', []);
    const nothing = await status(nobody.kubeconfig);
    t.equal(nothing.exitCode, 2);
    t.match(nothing.stdout, /^outrider-system\/outrider {2}CANNOT TELL\n/);
  });

  await t.test('the replica is gone: so is the leader', async (t) => {
    const [one] = here.replicas;
    if (one !== undefined) await here.kill(one);
    await until('the end of the Lease', async () => (await status(admin)).stdout.includes('✗ leader'));
    const { stdout } = await status(admin);
    t.match(stdout, /✗ leader: one gave no sign of life for |✗ leader: there is none/);
  });

  await t.test('an API server that does not answer', async (t) => {
    const { exitCode, stderr, stdout } = await status(admin, '--context', 'other');
    t.equal(exitCode, 2);
    t.equal(stdout, '');
    t.match(stderr, 'there is no context other; there are test');
    const file = join(api.directory, 'nobody-there.kubeconfig');
    writeKubeconfig(file, 'https://127.0.0.1:1', api.caFile, await api.authority.client('jane', []));
    const gone = await status(file, '--timeout', '5');
    t.equal(gone.exitCode, 2);
    t.match(gone.stderr, 'does not answer: ');
  });
});
