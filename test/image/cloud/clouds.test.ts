import { createServer, type IncomingMessage } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { AcrProvider } from '../../../src/image/cloud/acr.js';
import { AwsIdentity } from '../../../src/image/cloud/aws-identity.js';
import { EcrProvider, ecrHost } from '../../../src/image/cloud/ecr.js';
import { GcpProvider } from '../../../src/image/cloud/gcp.js';
import { createCloudHttp } from '../../../src/image/cloud/http.js';
import { signV4 } from '../../../src/image/cloud/sigv4.js';
import { createCloudSource } from '../../../src/image/cloud/provider.js';
import { parseReference } from '../../../src/image/reference.js';
import { fakeClock, forever } from '../fake-registry.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Reply = (seen: Seen) => { status?: number; headers?: Record<string, string>; body: string };

/** A cloud's endpoint on loopback. */
async function endpoint(t: Test, reply: Reply): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
      seen.push(one);
      const { status = 200, headers: extra = {}, body } = reply(one);
      response.writeHead(status, { connection: 'close', ...extra }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, seen };
}

const http = createCloudHttp();
const who = { namespace: 'n', serviceAccount: 's', imagePullSecrets: [] };
const ecrRegistry = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

function logOf(): { warn: (facts: object, message: string) => void; lines: string[] } {
  const lines: string[] = [];
  const text = (_: string, value: unknown): unknown =>
    value instanceof Error ? `${value.message} ${String(value.cause)}` : value;
  return { lines, warn: (facts, message) => void lines.push(`${message} ${JSON.stringify(facts, text)}`) };
}

t.test('hosts of ECR', (t) => {
  t.strictSame(ecrHost(ecrRegistry), { region: 'eu-west-1', api: 'api.ecr.eu-west-1.amazonaws.com' });
  t.strictSame(ecrHost('123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com'), {
    region: 'us-gov-west-1',
    api: 'ecr-fips.us-gov-west-1.amazonaws.com',
  });
  t.match(ecrHost('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn'), { api: 'api.ecr.cn-north-1.amazonaws.com.cn' });
  t.match(ecrHost('123456789012.dkr-ecr.us-west-2.on.aws'), { api: 'api.ecr.us-west-2.amazonaws.com' });
  for (const other of [
    'public.ecr.aws',
    `${ecrRegistry}.evil.example`,
    `evil.${ecrRegistry}`,
    `${ecrRegistry}:443`,
    '123456789012.dkr.ecr.eu-west-1.evil.example',
    '12345.dkr.ecr.eu-west-1.amazonaws.com',
    '123456789012.dkr.ecr.eu-west-1.toString',
  ]) {
    t.equal(ecrHost(other), undefined, other);
  }
  t.end();
});

t.test('ECR by IRSA: STS, then a signed GetAuthorizationToken; kept until shortly before its end', async (t) => {
  const clock = fakeClock();
  const dir = t.testdir({ token: 'web-identity\n' });
  const iso = (ms: number): string => new Date(clock.wallMs() + ms).toISOString();
  let sessions = 0;
  const sts = await endpoint(t, () => {
    sessions += 1;
    return {
      body:
        '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>' +
        `<AccessKeyId>AKID${sessions}</AccessKeyId><SecretAccessKey>secret/key</SecretAccessKey>` +
        `<SessionToken>session${sessions}</SessionToken><Expiration>${iso(3_600_000)}</Expiration>` +
        '</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>',
    };
  });
  const ecr = await endpoint(t, () => ({
    body: JSON.stringify({
      authorizationData: [
        {
          authorizationToken: Buffer.from('AWS:pass:word').toString('base64'),
          expiresAt: (clock.wallMs() + 12 * 3_600_000) / 1_000,
        },
      ],
    }),
  }));
  const env = { AWS_ROLE_ARN: 'arn:aws:iam::1:role/outrider', AWS_WEB_IDENTITY_TOKEN_FILE: join(dir, 'token') };
  const identity = new AwsIdentity({ env, http, clock, stsEndpoint: `${sts.url}/` });
  const provider = new EcrProvider({ identity, http, clock, endpoint: `${ecr.url}/` });
  const all = await Promise.all(Array.from({ length: 20 }, () => provider.credential(ecrRegistry, forever)));
  for (const one of all) t.match(one, { kind: 'basic', username: 'AWS', password: 'pass:word', source: 'ecr' });
  t.equal(sts.seen.length, 1);
  t.equal(ecr.seen.length, 1);
  const form = new URLSearchParams(sts.seen[0]?.body);
  t.equal(form.get('Action'), 'AssumeRoleWithWebIdentity');
  t.equal(form.get('WebIdentityToken'), 'web-identity');
  t.equal(form.get('RoleArn'), env.AWS_ROLE_ARN);
  const [asked] = ecr.seen;
  if (asked === undefined) throw new Error('ECR was not asked');
  const { headers, body, method } = asked;
  t.equal(headers['x-amz-target'], 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken');
  const expected = signV4(
    {
      method,
      url: new URL(`http://${headers.host ?? ''}/`),
      headers: {
        'content-type': headers['content-type'] ?? '',
        'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
      },
      body,
      region: 'eu-west-1',
      service: 'ecr',
      nowMs: clock.wallMs(),
    },
    { accessKeyId: 'AKID1', secretAccessKey: 'secret/key', sessionToken: 'session1' },
  );
  t.equal(headers.authorization, expected['authorization']);

  clock.advance(11 * 3_600_000 + 54 * 60_000);
  await provider.credential(ecrRegistry, forever);
  t.equal(ecr.seen.length, 1, 'kept');
  clock.advance(2 * 60_000);
  writeFileSync(join(dir, 'token'), 'renewed');
  await provider.credential(ecrRegistry, forever);
  t.equal(ecr.seen.length, 2, 'renewed before its end');
  t.equal(
    new URLSearchParams(sts.seen[1]?.body).get('WebIdentityToken'),
    'renewed',
    'with the token file as it is now',
  );
});

t.test('AWS pod identity, keys in the environment, and no identity', async (t) => {
  const clock = fakeClock();
  const dir = t.testdir({ token: 'pod-token' });
  const agent = await endpoint(t, () => ({
    body: JSON.stringify({
      AccessKeyId: 'A',
      SecretAccessKey: 'S',
      Token: 'T',
      Expiration: new Date(clock.wallMs() + 3_600_000).toISOString(),
    }),
  }));
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(dir, 'token'),
  };
  const keys = { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' };
  t.strictSame(await new AwsIdentity({ env, http, clock }).keys(forever), keys);
  t.equal(agent.seen[0]?.headers.authorization, 'pod-token');
  const given = { AWS_ACCESS_KEY_ID: 'X', AWS_SECRET_ACCESS_KEY: 'Y' };
  t.match(await new AwsIdentity({ env: { ...env, ...given }, http, clock }).keys(forever), { accessKeyId: 'X' });
  await t.rejects(new AwsIdentity({ env: {}, http, clock }).keys(forever), { name: 'CloudError' });
  const elsewhere = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://evil.example/' };
  await t.rejects(new AwsIdentity({ env: elsewhere, http, clock }).keys(forever), { name: 'CloudError' });
  const lost = { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(dir, 'none') };
  await t.rejects(new AwsIdentity({ env: lost, http, clock }).keys(forever), /token’s file/);
});

t.test('Google: the metadata server’s token, and a stranger at its address', async (t) => {
  const clock = fakeClock();
  let flavor = 'Google';
  const metadata = await endpoint(t, () => ({
    headers: { 'metadata-flavor': flavor },
    body: JSON.stringify({ access_token: 'ya29', expires_in: 3_600, token_type: 'Bearer' }),
  }));
  const provider = new GcpProvider({ http, clock, endpoint: metadata.url });
  for (const host of ['gcr.io', 'eu.gcr.io', 'europe-west4-docker.pkg.dev']) t.ok(provider.handles(host), host);
  for (const host of ['gcr.io.evil.example', 'evilgcr.io', 'pkg.dev', 'k8s.gcr.io:443'])
    t.notOk(provider.handles(host));
  t.match(await provider.credential('gcr.io', forever), { username: 'oauth2accesstoken', password: 'ya29' });
  t.equal(metadata.seen[0]?.headers['metadata-flavor'], 'Google');
  clock.advance(3_000_000);
  await provider.credential('eu.gcr.io', forever);
  t.equal(metadata.seen.length, 1);
  flavor = 'Sugar';
  clock.advance(600_000);
  await t.rejects(provider.credential('gcr.io', forever), /not Google/);
  const asked = metadata.seen.length;
  await t.rejects(provider.credential('gcr.io', forever), /not Google/);
  t.equal(metadata.seen.length, asked, 'a failure is remembered');
  flavor = 'Google';
  clock.advance(10_000);
  t.match(await provider.credential('gcr.io', forever), { password: 'ya29' });
});

t.test('Azure: the ServiceAccount’s token for Entra ID’s, and that for the registry’s', async (t) => {
  const clock = fakeClock();
  const dir = t.testdir({ token: 'federated' });
  const claims = { exp: clock.wallMs() / 1_000 + 10_800 };
  const refresh = ['e30', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'sig'].join('.');
  const azure = await endpoint(t, ({ url }) =>
    url.endsWith('/oauth2/exchange')
      ? { body: JSON.stringify({ refresh_token: refresh }) }
      : { body: JSON.stringify({ access_token: 'entra', expires_in: 3_600 }) },
  );
  const env = {
    AZURE_CLIENT_ID: 'client',
    AZURE_TENANT_ID: 'tenant',
    AZURE_FEDERATED_TOKEN_FILE: join(dir, 'token'),
    AZURE_AUTHORITY_HOST: `${azure.url}/`,
  };
  const provider = new AcrProvider({ env, http, clock, registryEndpoint: azure.url });
  for (const host of ['acme.azurecr.io', 'acme.azurecr.cn', 'acme-x1.azurecr.us']) t.ok(provider.handles(host), host);
  for (const host of ['azurecr.io', 'acme.azurecr.io.evil.example', 'acme.azurecr.com'])
    t.notOk(provider.handles(host));
  t.match(await provider.credential('acme.azurecr.io', forever), {
    kind: 'identity-token',
    identityToken: refresh,
    username: '00000000-0000-0000-0000-000000000000',
  });
  const [first, second] = azure.seen;
  t.equal(first?.url, '/tenant/oauth2/v2.0/token');
  const asked = new URLSearchParams(first?.body);
  t.equal(asked.get('client_assertion'), 'federated');
  t.equal(asked.get('scope'), 'https://containerregistry.azure.net/.default');
  t.match(Object.fromEntries(new URLSearchParams(second?.body)), {
    grant_type: 'access_token',
    service: 'acme.azurecr.io',
    access_token: 'entra',
  });
  await provider.credential('other.azurecr.io', forever);
  t.equal(azure.seen.length, 3, 'Entra ID’s token serves every registry');
  await provider.credential('acme.azurecr.io', forever);
  t.equal(azure.seen.length, 3);
  await t.rejects(new AcrProvider({ env: {}, http, clock }).credential('acme.azurecr.io', forever), /is not set/);
});

t.test('E11: a cloud that fails is logged without its answer, and gives nothing', async (t) => {
  const clock = fakeClock();
  const log = logOf();
  const answers: Record<string, ReturnType<Reply>> = {
    a: { status: 500, headers: { 'metadata-flavor': 'Google' }, body: 'sekrit' },
    b: { headers: { 'metadata-flavor': 'Google' }, body: '"sekrit' },
    c: { headers: { 'metadata-flavor': 'Google' }, body: '{"sekrit":1}' },
    d: { headers: { 'metadata-flavor': 'Google' }, body: 's'.repeat(300_000) },
  };
  for (const [name, answer] of Object.entries(answers)) {
    const { url } = await endpoint(t, () => answer);
    const source = createCloudSource([new GcpProvider({ http, clock, endpoint: url })], log);
    t.strictSame(await source.credentials(parseReference('gcr.io/a/b'), who, forever), [], name);
  }
  const closed = createCloudSource([new GcpProvider({ http, clock, endpoint: 'http://127.0.0.1:1' })], log);
  t.strictSame(await closed.credentials(parseReference('gcr.io/a/b'), who, forever), []);
  t.strictSame(await closed.credentials(parseReference('quay.io/a/b'), who, forever), []);
  t.equal(log.lines.length, 5);
  t.notMatch(log.lines.join('\n'), /sekrit/);
  const { url } = await endpoint(t, () => ({
    headers: { 'metadata-flavor': 'Google' },
    body: '{"access_token":"x"}',
  }));
  const good = createCloudSource([new GcpProvider({ http, clock, endpoint: url })], log);
  t.match(await good.credentials(parseReference('gcr.io/a/b'), who, forever), [{ source: 'gcp' }]);
});
