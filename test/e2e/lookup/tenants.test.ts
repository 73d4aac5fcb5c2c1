import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { SecretSource } from '../../../src/image/credentials/pull-secrets.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { startCountingProxy, startRegistry } from '../registry/harness.js';
import { digestOf, makeUmociImage, push } from '../registry/images.js';
import { startTokenServer } from '../registry/token-server.js';
import type { Reviewed } from '../review.js';
import { imageMapOf, namespaceOf, podOf, policyOf } from './documents.js';
import { openDoors } from './doors.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
mkdirSync(join(directory, 'two'));
const tokens = await startTokenServer(directory);
const registry = await startRegistry(directory, { mode: 'token', tokens });
const proxy = await startCountingProxy(registry.host);
const one = await makeUmociImage(directory, '/one', []);
const two = await makeUmociImage(directory, '/two', []);

/** Passwords of the registry's user `me`, by namespace and Secret. */
const passwords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pay: { right: 'secret', wrong: 'no', stale: 'nope' },
  web: { wrong: 'no' },
};
const secrets: SecretSource = {
  secret(namespace, name) {
    const password = passwords[namespace]?.[name];
    if (password === undefined) return Promise.resolve(undefined);
    const auth = Buffer.from(`me:${password}`).toString('base64');
    const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { [proxy.host]: { auth } } })) };
    return Promise.resolve({ type: 'kubernetes.io/dockerconfigjson', data });
  },
  pullSecretsOf: () => Promise.resolve([]),
};
const agent = 'agent.example/agent:1';
const doors = await openDoors(
  [
    ...['web', 'pay'].flatMap((name) => [namespaceOf(name), policyOf(name, {}, agent)]),
    imageMapOf({ [agent]: { entrypoint: ['/agent'] } }),
  ],
  { hosts: [{ host: '127.0.0.1', plainHttp: true }], egress: { allow: ['127.0.0.1'] } },
  secrets,
);
t.teardown(async () => {
  await doors.images.close();
  await Promise.all([proxy.close(), registry.stop(), tokens.close()]);
  rmSync(directory, { recursive: true, force: true });
});

function pod(namespace: string, image: string, ...pullSecrets: readonly string[]): JsonObject {
  const whole = podOf(namespace, `${proxy.host}/${image}`);
  const spec = objectOf(whole['spec']);
  return { ...whole, spec: { ...spec, imagePullSecrets: pullSecrets.map((name) => ({ name })) } };
}

/** What the wrapped container starts. */
function startedBy({ patch }: Reviewed): string {
  return /"\/opt\/draios\/bin\/instrument","([^"]+)"/.exec(JSON.stringify(patch))?.[1] ?? 'nothing';
}

const blobs = (): number => proxy.seen.filter((line) => line === 'GET blobs 200').length;

t.test('E11: wrong, missing and second-of-three right credentials', async (t) => {
  await push(registry, one, 'private/app:1', '--format', 'oci');
  t.match(await doors.review(pod('pay', 'private/app:1', 'wrong')), {
    verdict: 'skip/image_unauthorized',
    warnings: [/tried secret pay\/wrong, anonymously/],
  });
  t.match(await doors.review(pod('pay', 'private/app:1', 'missing')), { verdict: 'skip/image_unauthorized' });
  t.match(await doors.review(pod('pay', 'private/app:1')), { verdict: 'skip/image_unauthorized' });
  const reviewed = await doors.review(pod('pay', 'private/app:1', 'wrong', 'right', 'stale'));
  t.match(reviewed, { verdict: 'inject/injected' });
  t.equal(startedBy(reviewed), '/one');
});

t.test('E14: a tenant without the right never gets another’s image from the cache', async (t) => {
  const manifest = await (
    await fetch(`http://${proxy.host}/v2/private/app/manifests/1`, { headers: await authorised() })
  ).text();
  const byDigest = `private/app@${digestOf(manifest)}`;
  for (const image of ['private/app:1', byDigest]) {
    t.equal(startedBy(await doors.review(pod('pay', image, 'right'))), '/one');
    for (const secret of [[], ['wrong'], ['right']]) {
      const refused = await doors.review(pod('web', image, ...secret));
      t.match(refused, { verdict: 'skip/image_unauthorized', patch: [] }, `${image} ${secret.join()}`);
    }
  }
  await registry.stop();
  doors.passMs(400_000);
  t.equal(startedBy(await doors.review(pod('pay', byDigest, 'right'))), '/one', 'stale for one who had the right');
  t.match(await doors.review(pod('web', byDigest)), { patch: [] }, 'and for nobody else');
  await registry.restart();
  doors.passMs(61_000);
  t.match(await doors.review(pod('web', byDigest)), { verdict: 'skip/image_unauthorized', patch: [] });
});

t.test('E14: a retag is seen after its time, and a digest’s config is never fetched twice', async (t) => {
  const ask = async (): Promise<string> => startedBy(await doors.review(pod('pay', 'private/app:1', 'right')));
  t.equal(await ask(), '/one');
  await push(registry, two, 'private/app:1', '--format', 'oci');
  t.equal(await ask(), '/one', 'believed for its time');
  doors.passMs(61_000);
  t.equal(await ask(), '/two');
  await push(registry, one, 'private/app:1', '--format', 'oci');
  doors.passMs(61_000);
  t.equal(await ask(), '/one');
  t.equal(blobs(), 2, 'one for each of the two images, in all of this file');
});

async function authorised(): Promise<Record<string, string>> {
  const query = `service=${tokens.service}&scope=repository:private/app:pull`;
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  const answer = await fetch(`${tokens.realm}?${query}`, { headers: { authorization: basic } });
  const token = stringOf(objectOf(await answer.json())?.['token']) ?? '';
  return { authorization: `Bearer ${token}`, accept: 'application/vnd.oci.image.manifest.v1+json' };
}
