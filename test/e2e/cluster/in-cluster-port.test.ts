import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { portKeysIn } from '../../../src/cluster/port/port-keys.js';
import { provenPath } from '../../../src/model/door-token.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { config, sendError, sendManifest, startServer } from '../../image/registry/fake-registry.js';
import { reviewedOf } from '../review.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import { PortCaller } from './port-call.js';

t.setTimeout(900_000);

const own = 'outrider-system';
const secure = { tier: 'secure' };
const authorization = `Basic ${Buffer.from('team-b:pass').toString('base64')}`;
// A private registry: it answers team-b alone.
const registry = await startServer((request, response) => {
  if (request.headers.authorization !== authorization) {
    sendError(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="private"' });
  } else if (request.url?.includes('/blobs/') === true) response.end(config);
  else sendManifest(response);
});
t.teardown(() => registry.close());
const registries = join(tmpdir(), `outrider-registries-${process.pid}.json`);
writeFileSync(
  registries,
  JSON.stringify({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'RegistryConfiguration',
    hosts: [{ host: '127.0.0.1', plainHttp: true }],
    egress: { allow: ['127.0.0.1'] },
  }),
);

const here = await install({
  flags: ['--ca-overlap-seconds=3', '--lookup=true', `--registry-config=${registries}`],
});
t.teardown(() => here.stop());
const replica = await here.addReplica('one');
await here.apply([namespace('team-b'), namespace('secure', secure)]);
await here.apply([
  accessKey('team-b'),
  accessKey('secure'),
  policy('team-b', { 'kubernetes.io/metadata.name': 'team-b' }),
  policy('secure', secure, { prefer: 'Security' }),
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'pull', namespace: 'team-b' },
    type: 'kubernetes.io/dockerconfigjson',
    data: {
      '.dockerconfigjson': Buffer.from(
        JSON.stringify({ auths: { [registry.host]: { username: 'team-b', password: 'pass' } } }),
      ).toString('base64'),
    },
  },
]);
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());
const port = new PortCaller(replica.port);
t.teardown(() => port.close());
await until('the proof is asked for', async () => (await replica.metric('outrider_port_asks_for_proof')) === 1);

const privatePod = (tag: string): JsonObject => {
  const made = pod(`private-${tag}`, { spec: { imagePullSecrets: [{ name: 'pull' }] } });
  const containers = [{ name: 'app', image: `${registry.host}/team-b/private:${tag}` }];
  return { ...made, spec: { ...objectOf(made['spec']), containers } };
};
const inTeamB = (of: JsonObject): JsonObject => ({
  ...of,
  metadata: { ...objectOf(of['metadata']), namespace: 'team-b' },
});
const keyNow = async (): Promise<string> =>
  portKeysIn(await client.get(pathOf(resources.secrets, { namespace: own, name: 'outrider-certificate' }))).current ??
  '';
/** How many GETs of a resource the API server has answered. */
async function gets(resource: string): Promise<number> {
  const { stdout } = await here.api.kubectl(['get', '--raw', '/metrics']);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{'))
    .filter((line) => line.includes(`resource="${resource}"`) && line.includes('verb="GET"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

t.test('F25: the API server’s call has a private image looked up, with the pod’s own pull secret', async (t) => {
  const made = await here.created('team-b', privatePod('1'), '--dry-run=server');
  t.equal(made.status, 'injected');
  t.match(made.containers.find(({ name }) => name === 'app')?.argv.join(' '), /\/app/);
});

t.test('F25: a call without proof that names team-b and its secret gets nothing of the private image', async (t) => {
  const key = await keyNow();
  const asked = registry.asked.length;
  const paths = [
    '/mutate/pods',
    `/mutate/pods/${'0'.repeat(56)}`,
    '/mutate/pods/x',
    provenPath('/validate/pods', key).replace('/validate/', '/mutate/'),
  ];
  for (const path of paths) {
    for (const tag of ['1', 'never-seen']) {
      const { status, body } = await port.review(path, inTeamB(privatePod(tag)));
      t.equal(status, 200);
      const answer = reviewedOf(body, 0);
      t.match(answer, { allowed: true, verdict: 'skip/caller_unproven', patch: [] }, `${path} ${tag}`);
      t.notMatch(body, /"serve"|Entrypoint/);
    }
  }
  t.equal(registry.asked.length, asked, 'the registry was not asked');
  const proven = await port.review(provenPath('/mutate/pods', key), inTeamB(privatePod('1')));
  t.match(reviewedOf(proven.body, 0), { verdict: 'inject/injected' }, 'who has the token is the API server');
});

t.test(
  'F26: a call without proof has no effect: no Event, no live read, no count, no namespace of no name',
  async (t) => {
    const reviews = await replica.count({});
    const namespaces = await gets('namespaces');
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u-1', controller: true };
    const denied = {
      ...inTeamB(privatePod('2')),
      metadata: { name: 'forged', namespace: 'secure', ownerReferences: [owner] },
    };
    const answer = reviewedOf((await port.review('/validate/pods', denied)).body, 0);
    t.match(answer, { allowed: false, verdict: 'deny/caller_unproven' });
    for (let at = 0; at < 200; at++) {
      const unknown = { ...pod('x'), metadata: { name: 'x', namespace: `unknown-${at}` } };
      t.equal((await port.review('/mutate/pods', unknown)).status, 200);
    }
    for (const wrong of ['..', 'a/b', 'A', 'a'.repeat(64), '']) {
      const { status, body } = await port.review('/mutate/pods', {
        ...pod('x'),
        metadata: { name: 'x', namespace: wrong },
      });
      t.equal(status, 400, wrong);
      t.match(body, /RFC 1123 label/);
    }
    await sleep(2_000);
    t.equal(await gets('namespaces'), namespaces);
    t.equal(await replica.count({}), reviews, 'no review of it');
    t.ok(((await replica.metric('outrider_unproven_reviews_total', 'door="mutate"')) ?? 0) > 200);
    const { items } = await client.list(pathOf(resources.events, { namespace: 'secure' }));
    t.same(items, []);
    t.equal(replica.process.output().split('reviews came without proof').length, 2, 'one line');
  },
);

t.test('F25: neither logs nor metrics tell a token, and status says what the port asks for', async (t) => {
  const key = await keyNow();
  for (const path of ['/mutate/pods', '/validate/pods']) {
    const token = provenPath(path, key).slice(path.length + 1);
    t.notMatch(replica.process.output(), new RegExp(`${token}|${key}`));
  }
  await until('the leader to write it down', async () => {
    return JSON.stringify(await here.get('lease', 'outrider', own)).includes('{\\"proof\\":\\"token\\"}');
  });
});

t.test('F25: what a failed call prints to a pod’s author is not the mutating door’s token', async (t) => {
  const key = await keyNow();
  const mutating = provenPath('/mutate/pods', key);
  const made = await here.create('secure', pod('app'), '--dry-run=server');
  t.equal(made.exitCode, 0, 'while somebody answers');
  await here.kill(replica);
  const { stderr } = await here.create('secure', pod('app'), '--dry-run=server');
  t.match(stderr, /failed calling webhook/);
  t.notMatch(stderr, mutating);
  t.comment(stderr.includes(provenPath('/validate/pods', key)) ? 'the validating door’s is told' : 'no token is told');
  const next = await here.addReplica('two');
  await until('it is asked for proof again', async () => (await next.metric('outrider_port_asks_for_proof')) === 1);
  const after = await here.created('secure', pod('app'), '--dry-run=server');
  t.equal(after.status, 'injected');
});
