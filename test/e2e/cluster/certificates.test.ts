import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { createApiClient } from '../../../src/cluster/client/api-client.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { objectOf, stringOf } from '../../../src/model/json.js';
import { authorityIn, certificatesIn } from '../../../src/tls/bundle.js';
import { startApiServer } from './api-server.js';
import { startBalancer } from './balancer.js';
import { startGuarded, until, type GuardedProcess } from './guarded-process.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

const replicaScript = fileURLToPath(new URL('./certificate-replica.js', import.meta.url));
const secretPath = pathOf(resources.secrets, { namespace: 'default', name: 'outrider-certificate' });
const leasePath = pathOf(resources.leases, { namespace: 'default', name: 'outrider' });
const everyMs = 50;

interface Replica {
  readonly process: GuardedProcess;
  readonly port: number;
}

t.test('E35: certificates and authorities change under 20 handshakes a second, and not one fails', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const balancer = await startBalancer();
  t.teardown(() => balancer.stop());
  const client = createApiClient(new Connection(loadKubeConfig({ kubeconfig: api.kubeconfig })), 'test');
  t.teardown(() => client.close());
  await client.create(pathOf(resources.serviceAccounts, { namespace: 'default' }), { metadata: { name: 'default' } });

  const replicas = new Map<string, Replica>();
  /** Those that get connections. */
  const serving = new Set<string>();
  const start = async (identity: string): Promise<void> => {
    const url = `https://localhost:${balancer.port}/mutate/pods`;
    const process_ = startGuarded(process.execPath, [replicaScript, api.kubeconfig, identity, url]);
    t.teardown(() => process_.stop());
    const portOf = (): number => Number(/^\d+$/m.exec(process_.output())?.[0] ?? 0);
    await until(`replica ${identity}`, () => Promise.resolve(portOf() !== 0), process_);
    replicas.set(identity, { process: process_, port: portOf() });
    serving.add(identity);
  };
  await Promise.all([start('a'), start('b')]);
  balancer.setBackends([...replicas].map(([identity, { port }]) => ({ port, isReady: () => serving.has(identity) })));

  /** What the Secret holds, decoded. */
  const secret = async (): Promise<(key: string) => string> => {
    const data = objectOf((await client.get(secretPath))['data']) ?? {};
    return (key) => Buffer.from(stringOf(data[key]) ?? '', 'base64').toString();
  };
  const leader = async (): Promise<string> =>
    stringOf(objectOf((await client.get(leasePath))['spec'])?.['holderIdentity']) ?? '';
  const issuerOf = async (): Promise<string> => new X509Certificate((await secret())('tls.crt')).issuer;

  const create = () =>
    client.create(pathOf(resources.pods, { namespace: 'default' }), pod('probe'), { query: { dryRun: 'All' } });
  await until('the webhook to be called', async () => {
    const path = pathOf(resources.mutatingWebhooks, { name: 'outrider' });
    await client.get(path);
    await create();
    return true;
  });

  const failures: string[] = [];
  const underWay = new Set<Promise<void>>();
  const leaves = new Set<string>();
  let created = 0;
  const over = new AbortController();
  const creating = (): boolean => !over.signal.aborted;
  const load = (async () => {
    for (let nextMs = performance.now(); creating(); nextMs += everyMs) {
      const one: Promise<void> = create().then(
        () => {
          created++;
        },
        (error: unknown) => {
          failures.push(`${new Date().toISOString()} ${String(error)}`);
        },
      );
      underWay.add(one);
      void one.then(() => underWay.delete(one));
      await sleep(Math.max(0, nextMs + everyMs - performance.now()));
    }
    await Promise.all(underWay);
  })();
  const watch = (async () => {
    while (creating()) {
      const pem = await secret().then(
        (of) => of('tls.crt'),
        () => '',
      );
      for (const { fingerprint256 } of certificatesIn(pem)) leaves.add(fingerprint256);
      await sleep(250);
    }
  })();

  const first = await issuerOf();
  await until('a second authority', async () => (await secret())('next-ca.key') !== '');
  const killed = await leader();
  const replica = replicas.get(killed);
  if (replica === undefined) throw new Error(`the leader is ${killed}`);
  // As an endpoint that is taken away: what is lost with a killed process is not what is looked at here.
  serving.delete(killed);
  await until('its last connection', () => Promise.resolve(balancer.openTo(replica.port) === 0));
  await replica.process.stop();
  t.equal(await issuerOf(), first, 'the leader was killed between authority and certificate');
  await until('a certificate of the second authority', async () => (await issuerOf()) !== first);
  const second = await issuerOf();
  t.not(await leader(), killed);
  await until('the first authority to be no longer trusted', async () => {
    const trusted = certificatesIn((await secret())('ca.crt'));
    return trusted.length > 0 && trusted.every(({ subject }) => subject !== first);
  });
  await until('a certificate of a third authority', async () => (await issuerOf()) !== second);
  const third = await issuerOf();

  await client.delete(secretPath);
  await until('all to be made anew for a deleted Secret', async () => (await issuerOf()) !== third);
  const fourth = await issuerOf();
  const { fingerprint256 } = new X509Certificate((await secret())('tls.crt'));
  const garbage = Buffer.from('garbage').toString('base64');
  await client.patch(secretPath, 'merge', { data: { 'tls.key': garbage } });
  await until('another certificate in place of garbage', async () => {
    const of = await secret();
    return of('tls.key') !== 'garbage' && new X509Certificate(of('tls.crt')).fingerprint256 !== fingerprint256;
  });
  await client.patch(secretPath, 'merge', { data: { 'ca.crt': garbage, 'ca.key': garbage, 'next-ca.key': null } });
  await until('another authority in place of garbage', async () => (await issuerOf()) !== fourth);
  t.equal(authorityIn((await secret())('ca.crt'))?.ca, true);

  over.abort();
  await Promise.all([load, watch]);
  t.same(failures, []);
  t.ok(leaves.size >= 6, `${leaves.size} certificates were served for ${created} pods`);
  t.ok(created > 100);
});
