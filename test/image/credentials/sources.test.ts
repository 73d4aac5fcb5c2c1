import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { composeCredentials } from '../../../src/image/credentials/compose.js';
import { anonymous, basicCredential } from '../../../src/image/credentials/credential.js';
import { DockerConfigSource } from '../../../src/image/credentials/docker-config-source.js';
import { parseDockerConfig } from '../../../src/image/credentials/docker-config.js';
import { askHelper } from '../../../src/image/credentials/helper.js';
import { createDefaultPullSecretSource, createPullSecretSource } from '../../../src/image/credentials/pull-secrets.js';
import type { PullSecret, SecretSource } from '../../../src/image/credentials/pull-secrets.js';
import { parseReference } from '../../../src/image/reference.js';
import type { Credential } from '../../../src/image/types.js';
import { forever, silent } from '../fake-registry.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const app = parseReference('quay.io/team/app:1');
const who = { namespace: 'payments', serviceAccount: 'web', imagePullSecrets: ['own', 'missing'] };

function only(json: string, format: 'json' | 'legacy' = 'json'): Credential | undefined {
  return parseDockerConfig(json, 'test', format)?.entries[0]?.credential;
}

t.test('E11: every way to write a credential', (t) => {
  const entry = (value: object): string => JSON.stringify({ auths: { 'quay.io': value } });
  const cases: readonly (readonly [object, object | undefined])[] = [
    [{ auth: base64('u:p') }, { kind: 'basic', username: 'u', password: 'p' }],
    [{ auth: base64('u:p:q:r') }, { username: 'u', password: 'p:q:r' }],
    [{ auth: base64('u:päss').replace(/=+$/, '') }, { username: 'u', password: 'päss' }],
    [{ auth: base64('u:p\0\0') }, { password: 'p' }],
    [{ auth: `${base64('u:p')}\n` }, { password: 'p' }],
    [
      { auth: base64('a:b'), username: 'u', password: 'p' },
      { username: 'a', password: 'b' },
    ],
    [
      { username: 'u', password: 'p' },
      { kind: 'basic', username: 'u', password: 'p' },
    ],
    [{ identitytoken: 'i' }, { kind: 'identity-token', identityToken: 'i' }],
    [
      { auth: base64('u:'), identitytoken: 'i' },
      { kind: 'identity-token', identityToken: 'i', username: 'u' },
    ],
    [
      { username: '<token>', password: 'i' },
      { kind: 'identity-token', identityToken: 'i' },
    ],
    [{ registrytoken: 'r' }, { kind: 'registry-token', registryToken: 'r' }],
    [{ auth: '***' }, undefined],
    [{ auth: base64('no colon') }, undefined],
    [{ email: 'x@example' }, undefined],
    [{}, undefined],
  ];
  for (const [value, expected] of cases) {
    const actual = only(entry(value));
    if (expected === undefined) t.equal(actual, undefined, JSON.stringify(value));
    else t.match(actual, expected, JSON.stringify(value));
  }
  t.match(only(JSON.stringify({ 'quay.io': { auth: base64('u:p') } }), 'legacy'), { username: 'u' });
  for (const bad of ['', 'null', '[]', '"x"', '{']) t.equal(parseDockerConfig(bad, 'test', 'json'), undefined, bad);
  t.strictSame(parseDockerConfig('{"auths":{"a":null,"b":7}}', 'test', 'json')?.entries, []);
  t.end();
});

t.test('fingerprints differ with kind and secrets, and hold neither', (t) => {
  const [one, other] = [basicCredential('a', 'bc', 's'), basicCredential('ab', 'c', 's')];
  t.not(one.fingerprint, other.fingerprint);
  t.equal(one.fingerprint, basicCredential('a', 'bc', 'elsewhere').fingerprint);
  t.match(one.fingerprint, /^[0-9a-f]{64}$/);
  t.end();
});

function dockerconfigjson(auths: Readonly<Record<string, string>>): PullSecret {
  const entries = Object.entries(auths).map(([place, user]) => [place, { auth: base64(`${user}:p`) }] as const);
  const text = JSON.stringify({ auths: Object.fromEntries(entries) });
  return { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(text) } };
}

function cluster(
  secrets: Readonly<Record<string, PullSecret | Error>>,
  inherited: readonly string[] | Error,
): SecretSource {
  return {
    secret(namespace, name) {
      const found = secrets[`${namespace}/${name}`];
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    },
    pullSecretsOf: () => (inherited instanceof Error ? Promise.reject(inherited) : Promise.resolve(inherited)),
  };
}

t.test(
  'E11: the pod’s and its ServiceAccount’s pull secrets, of both types; one that is missing is ignored',
  async (t) => {
    const legacy = {
      type: 'kubernetes.io/dockercfg',
      data: { '.dockercfg': Buffer.from(JSON.stringify({ 'quay.io/team': { auth: base64('legacy:p') } })) },
    };
    const secrets = {
      'payments/own': dockerconfigjson({ 'quay.io': 'own', 'other.io': 'no' }),
      'payments/sa': dockerconfigjson({ 'quay.io': 'sa' }),
      'payments/legacy': legacy,
      'other/own': dockerconfigjson({ 'quay.io': 'foreign' }),
    };
    const source = createPullSecretSource(cluster(secrets, ['sa', 'own', 'legacy']), silent);
    const found = await source.credentials(app, who, forever);
    t.strictSame(
      found.map(({ username, source: from }) => [username, from]),
      [
        ['legacy', 'secret payments/legacy'],
        ['own', 'secret payments/own'],
        ['sa', 'secret payments/sa'],
      ],
    );
  },
);

t.test('E11: what cannot be read is left out and logged, and costs nothing else', async (t) => {
  const lines: string[] = [];
  const log = { warn: (_: object, message: string): void => void lines.push(message) };
  const secrets = {
    'payments/own': dockerconfigjson({ 'quay.io': 'own' }),
    'payments/missing': new Error('forbidden'),
    'outrider/default': dockerconfigjson({ 'quay.io': 'default' }),
    'outrider/opaque': { type: 'Opaque', data: {} },
  };
  const from = cluster(secrets, new Error('forbidden'));
  t.match(await createPullSecretSource(from, log).credentials(app, who, forever), [{ username: 'own' }]);
  t.equal(lines.length, 2);
  const fallback = createDefaultPullSecretSource(from, { namespace: 'outrider', name: 'default' }, log);
  t.match(await fallback.credentials(app, who, forever), [{ username: 'default', source: 'default pull secret' }]);
  const opaque = createDefaultPullSecretSource(from, { namespace: 'outrider', name: 'opaque' }, log);
  t.strictSame(await opaque.credentials(app, who, forever), []);
  t.equal(lines.length, 3);
});

t.test(
  'E11: sources in their order, each credential once, anonymous last; a source that fails is left out',
  async (t) => {
    const [a, b] = [basicCredential('a', 'p', 'first'), basicCredential('b', 'p', 'first')];
    const again = basicCredential('a', 'p', 'second');
    const composed = composeCredentials(
      [
        { credentials: () => Promise.resolve([a, b]) },
        { credentials: () => Promise.reject(new Error('bug')) },
        { credentials: () => Promise.resolve([again]) },
      ],
      silent,
    );
    t.strictSame(await composed.credentials(app, who, forever), [a, b, anonymous]);
  },
);

/** A directory with credential helpers, which are shell scripts. */
function helpers(t: { testdir(files: Record<string, string>): string }, scripts: Record<string, string>): string {
  const dir = t.testdir(
    Object.fromEntries(
      Object.entries(scripts).map(([name, text]) => [`docker-credential-${name}`, `#!/bin/sh\n${text}\n`]),
    ),
  );
  for (const name of Object.keys(scripts)) chmodSync(join(dir, `docker-credential-${name}`), 0o755);
  return dir;
}

t.test('a credential helper: its answer, and every way it can fail', async (t) => {
  const dir = helpers(t, {
    good: 'read -r server; echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$1 $server\\"}"',
    token: 'echo \'{"Username":"<token>","Secret":"refresh"}\'',
    none: 'echo "credentials not found"; exit 1',
    empty: 'echo \'{"Username":"","Secret":""}\'',
    garbage: 'echo sekrit',
    partial: 'echo \'{"Username":"u"}\'',
    slow: 'exec sleep 30',
    endless: 'exec yes sekrit',
    env: 'echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"x$AWS_SECRET_ACCESS_KEY\\"}"',
  });
  const env = { PATH: `${dir}:${process.env['PATH'] ?? ''}`, AWS_SECRET_ACCESS_KEY: 'sekrit' };
  const ask = (name: string, timeoutMs = 5_000): Promise<Credential | undefined> =>
    askHelper(name, 'quay.io', 'docker config', forever, { env, timeoutMs, limitBytes: 10_000 });
  t.match(await ask('good'), { kind: 'basic', username: 'u', password: 'get quay.io', source: 'docker config' });
  t.match(await ask('token'), { kind: 'identity-token', identityToken: 'refresh' });
  t.equal(await ask('empty'), undefined);
  t.match(await ask('env'), { password: 'x' }, 'it does not see our environment');
  for (const name of ['none', 'garbage', 'partial', 'endless', 'absent']) await t.rejects(ask(name), name);
  await t.rejects(ask('slow', 50));
  for (const name of ['../good', 'Good', '', 'a b', 'good;id']) await t.rejects(ask(name), /lower case/, name);
  const gone = AbortSignal.abort();
  await t.rejects(askHelper('good', 'quay.io', 's', gone, { env }));
});

t.test('E11: a mounted docker config: helpers, entries and store; read again when it changes', async (t) => {
  const lines: string[] = [];
  const log = { warn: (_: object, message: string): void => void lines.push(message) };
  const dir = helpers(t, {
    named: 'read -r server; echo "{\\"Username\\":\\"named\\",\\"Secret\\":\\"$server\\"}"',
    store: 'read -r server; echo "{\\"Username\\":\\"store\\",\\"Secret\\":\\"$server\\"}"',
    broken: 'exit 1',
  });
  const path = join(dir, 'config.json');
  const helper = { env: { PATH: `${dir}:${process.env['PATH'] ?? ''}` } };
  const source = new DockerConfigSource({ path, log, helper });
  const users = async (image = 'quay.io/team/app'): Promise<readonly string[]> =>
    (await source.credentials(parseReference(image), who, forever)).map(
      (one) => `${one.username ?? ''} ${one.password ?? ''}`,
    );
  t.strictSame(await users(), [], 'no file');
  const auths = { 'quay.io': { auth: base64('file:p') } };
  writeFileSync(path, JSON.stringify({ auths }));
  t.strictSame(await users(), ['file p']);
  writeFileSync(
    path,
    JSON.stringify({ auths, credsStore: 'store', credHelpers: { 'docker.io': 'named', 'bad.io': 'broken' } }),
  );
  t.strictSame(await users(), ['file p', 'store quay.io']);
  t.strictSame(await users('nginx'), ['named docker.io']);
  t.strictSame(await users('bad.io/x'), []);
  t.equal(lines.length, 1);
  writeFileSync(path, 'half a fi');
  t.strictSame(await users('quay.io/x'), ['file p', 'store quay.io'], 'a broken file leaves what was there');
  rmSync(path);
  t.strictSame(await users(), []);
});
