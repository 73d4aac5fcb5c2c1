import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseRegistryConfig } from '../../../src/documents/configuration/registry-config.js';
import { OutriderError } from '../../../src/model/error.js';

const head = 'apiVersion: outrider.dev/v1alpha1\nkind: RegistryConfiguration\n';

function messagesOf(text: string): readonly string[] {
  try {
    parseRegistryConfig(text, 'registries.yaml');
    return [];
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    return errors.map((each) => {
      if (!(each instanceof OutriderError)) throw each;
      t.equal(each.code, 'registry_config_invalid');
      t.equal(each.file, 'registries.yaml');
      return each.message;
    });
  }
}

t.test('every field is read', (t) => {
  const config = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'RegistryConfiguration',
    metadata: { name: 'registries' },
    hosts: [
      {
        host: 'docker.io',
        mirrors: [{ host: 'harbor.corp:8443', repositoryPrefix: 'dockerhub-proxy/', sendCredentials: true }],
      },
      {
        host: '*.corp',
        plainHttp: false,
        caFile: 'ca.crt',
        connectTimeoutMs: 1_000,
        headersTimeoutMs: 2_000,
        bodyTimeoutMs: 3_000,
        maxSockets: 4,
        concurrency: 4,
      },
    ],
    registries: { allow: ['docker.io', '*.corp'], deny: ['bad.corp'] },
    lookups: { perPod: 20, perNamespace: 100 },
    egress: { allow: ['127.0.0.1:5000'], deny: ['10.0.0.0/8'] },
    defaultPullSecret: { namespace: 'outrider-system', name: 'regcred' },
    ownCredentials: [
      { namespaces: ['payments', 'payments-*'], repositories: ['*.corp:5000/payments'], from: ['DockerConfig', 'Ecr'] },
      { repositories: ['docker.io/library/nginx', 'localhost', '*'] },
    ],
    clouds: { ecr: 'On', gcp: 'Off', acr: 'Auto' },
    cache: { tagTtlMs: 1, rightTtlMs: 2, credentialTtlMs: 3, staleMs: 0, entries: 5, bytes: 65_536 },
  };
  t.same(parseRegistryConfig(JSON.stringify(config), 'registries.json'), config);
  t.same(
    Object.keys(parseRegistryConfig(head, 'registries.yaml')),
    ['apiVersion', 'kind'],
    'every field may be absent',
  );
  t.end();
});

t.test('what is wrong is said with file, line, field and remedy, all of it at once', (t) => {
  t.match(messagesOf(''), [/^registries.yaml: is empty; give one document of kind RegistryConfiguration\.$/]);
  t.match(messagesOf(`${head}---\n${head}`), [/more than one document/]);
  t.match(messagesOf('a: [\n'), [/registries.yaml:\d.*fix the syntax/]);
  t.match(messagesOf('apiVersion: v1\nkind: Pod\n'), [/apiVersion is "v1"/, /kind is "Pod"/]);
  t.match(messagesOf(`${head}hosts:\n  - host: https://ghcr.io\n    plainHTTP: true\n    concurrency: 0\n`), [
    /registries.yaml:4 .*hosts\[0\]\.host .*must be HOST or HOST:PORT/,
    /hosts\[0\]\.concurrency is 0; give at least 1/,
    /hosts\[0\]\.plainHTTP is not a known field; did you mean plainHttp\?/,
  ]);
  t.match(messagesOf(`${head}clouds: {ecr: Yes}\n`), [/clouds\.ecr is "Yes", which is not allowed.*Auto, On, Off/]);
  t.match(messagesOf(`${head}defaultPullSecret: {name: regcred}\n`), [/defaultPullSecret\.namespace is missing/]);
  t.end();
});

t.test('F32: a limit of our own credentials that cannot be meant is refused by its field', (t) => {
  const list = (entry: string): readonly string[] => messagesOf(`${head}ownCredentials: [${entry}]\n`);
  t.strictSame(messagesOf(`${head}ownCredentials: []\n`), [], 'for nobody');
  t.match(messagesOf(`${head}ownCredentials: {namespaces: [pay]}\n`), [/ownCredentials/]);
  t.match(list('{}'), [/ownCredentials\[0\].*must have namespaces, repositories or from/]);
  t.match(list('{namespaces: []}'), [/ownCredentials\[0\]\.namespaces /]);
  t.match(list('{namespaces: [Pay]}'), [/ownCredentials\[0\]\.namespaces\[0\] .*name of a namespace/]);
  t.match(list('{namespaces: [pay, ""]}'), [/ownCredentials\[0\]\.namespaces\[1\] /]);
  t.match(list('{namespace: [pay]}'), [/did you mean namespaces\?/]);
  t.match(list('{from: [dockerConfig]}'), [/ownCredentials\[0\]\.from\[0\].*DockerConfig/]);
  const patterns = ['https://corp.example/pay', 'pay/app', 'corp.example/Pay', 'corp.example/pay:1', 'corp.example/'];
  for (const pattern of [...patterns, 'corp.example/pay@sha256:00', '', 'corp.example//pay', 'nginx']) {
    const messages = list(`{repositories: [${JSON.stringify(pattern)}]}`);
    t.match(messages, [/ownCredentials\[0\]\.repositories\[0\] .*must be HOST/], pattern);
  }
  t.end();
});

t.test('the examples of docs/images.md are valid', (t) => {
  const page = readFileSync(new URL('../../../../docs/images.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, text]) => text ?? '');
  t.equal(examples.length, 3);
  for (const text of examples) t.match(parseRegistryConfig(text, 'example.yaml'), { kind: 'RegistryConfiguration' });
  t.end();
});
