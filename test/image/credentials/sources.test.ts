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

t.test('W9: an entry is read with keys in any case, and one that is not used says why', (t) => {
  const read = (auths: object): unknown => parseDockerConfig(JSON.stringify({ Auths: auths }), 'test', 'json');
  t.match(read({ 'quay.io': { Auth: base64('u:p') } }), { entries: [{ credential: { username: 'u' } }], unused: [] });
  t.match(read({ 'quay.io': { Username: 'u', PASSWORD: 'p' } }), { entries: [{ credential: { password: 'p' } }] });
  const wrapped = base64(`user:${'long password '.repeat(10)}`).replace(/.{76}/g, '$&\n');
  t.match(read({ 'quay.io': { auth: `${wrapped}\n` } }), { entries: [{ credential: { username: 'user' } }] });
  const why = (location: string, entry: unknown): unknown => {
    const config = parseDockerConfig(JSON.stringify({ auths: { [location]: entry } }), 'test', 'json');
    t.strictSame(config?.entries, []);
    return config?.unused.map(({ place, why: text }) => `${place ?? ''}: ${text}`)[0];
  };
  t.equal(why('https://me:pw@quay.io/v1/', { auth: '***' }), 'quay.io: its auth is not base64');
  t.equal(why('quay.io', { auth: 7 }), 'quay.io: its auth is no text');
  t.equal(why('quay.io', { username: 'u', password: 7 }), 'quay.io: its password is no text');
  t.equal(why('quay.io', 'text'), 'quay.io: it is no object');
  for (const entry of [{}, null, { email: 'x@example' }]) {
    t.equal(why('quay.io', entry), 'quay.io: it has neither a user name nor a token');
  }
  t.equal(why('https://', { auth: base64('u:p') }), ': its key names no host');
  t.match(read([]), { unused: [{ why: 'auths is no object' }] });
  t.match(read('x' as unknown as object), { entries: [], unused: [{ why: 'auths is no object' }] });
  t.end();
});

t.test('W9: a pull secret that is not used is told to the pod’s author, and its entries to the log once', async (t) => {
  const lines: unknown[] = [];
  const log = { warn: (facts: object, message: string): void => void lines.push({ ...facts, message }) };
  const auths = { 'quay.io': { auth: '***' }, 'quay.io/other': { auth: '***' }, 'other.io': { auth: 'eHg=' } };
  const dockerconfig = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })) };
  const secrets = {
    'payments/own': { type: 'kubernetes.io/dockerconfigjson', data: dockerconfig },
    'payments/opaque': { type: 'Opaque', data: dockerconfig },
    'payments/empty': { type: 'kubernetes.io/dockerconfigjson', data: {} },
    'payments/text': { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from('x') } },
    'payments/flat': {
      type: 'kubernetes.io/dockerconfigjson',
      data: {
        '.dockerconfigjson': Buffer.from(JSON.stringify({ 'quay.io': { auth: base64('u:p') }, credsStore: 'x' })),
      },
    },
    'payments/forbidden': new Error('forbidden'),
  };
  const names = ['own', 'missing', 'opaque', 'empty', 'text', 'flat', 'forbidden'];
  const source = createPullSecretSource(cluster(secrets, []), log);
  const ask = async (): Promise<readonly string[]> => {
    const notes: string[] = [];
    const request = { ...who, imagePullSecrets: names };
    t.strictSame(await source.credentials(app, request, forever, (text) => void notes.push(text)), []);
    return notes.sort();
  };
  const expected = [
    'secret payments/empty (it has no .dockerconfigjson)',
    'secret payments/flat (it has no entry in auths)',
    'secret payments/forbidden (it cannot be read)',
    'secret payments/missing (there is none)',
    'secret payments/opaque (its type is none of a pull secret)',
    'secret payments/own, entry quay.io (its auth is not base64)',
    'secret payments/text (its .dockerconfigjson is no JSON object)',
  ];
  t.strictSame(await ask(), expected);
  t.strictSame(await ask(), expected);
  const entries =
    'quay.io: its auth is not base64; quay.io/other: its auth is not base64; other.io: its auth is not base64 of USER:PASSWORD';
  t.strictSame(
    lines.filter((line) => JSON.stringify(line).includes('Entries')),
    [{ namespace: 'payments', name: 'own', entries, message: 'Entries of a pull secret are not used.' }],
  );
  t.equal(lines.filter((line) => JSON.stringify(line).includes('cannot be used')).length, 4, 'each once');
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

t.test('W9: entries of a docker config that are not used; empty ones only where no helper keeps them', async (t) => {
  const told = async (config: object, image: string): Promise<readonly [notes: readonly string[], log: unknown[]]> => {
    const path = join(t.testdir({ 'config.json': JSON.stringify(config) }), 'config.json');
    const log: unknown[] = [];
    const notes: string[] = [];
    const source = new DockerConfigSource({ path, log: { warn: (facts) => void log.push(facts) } });
    for (let time = 0; time < 2; time++) {
      notes.length = 0;
      await source.credentials(parseReference(image), who, forever, (text) => void notes.push(text));
    }
    return [notes, log];
  };
  const auths = { 'quay.io': { auth: '***' }, 'https://index.docker.io/v1/': {} };
  t.match(await told({ auths }, 'quay.io/a'), [
    ['docker config, entry quay.io (its auth is not base64)'],
    [{ entries: /^quay.io: its auth is not base64; index.docker.io: it has neither/ }],
  ]);
  t.match(await told({ auths }, 'nginx'), [
    ['docker config, entry index.docker.io (it has neither a user name nor a token)'],
  ]);
  const [notes, log] = await told({ auths, credHelpers: { 'other.io': 'x' } }, 'ghcr.io/a');
  t.strictSame(notes, []);
  t.match(log, [{ entries: 'quay.io: its auth is not base64' }]);
});

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
