import t from 'tap';
import { basicCredential } from '../../../src/image/credentials/credential.js';
import { OwnCredentials } from '../../../src/image/credentials/own-credentials.js';
import { parseReference } from '../../../src/image/reference.js';
import type { OwnCredentialsEntry } from '../../../src/model/registry-config.js';
import { forever } from '../fake-registry.js';

const who = (namespace: string) => ({ namespace, serviceAccount: 'default', imagePullSecrets: [] });

function serves(
  entry: OwnCredentialsEntry,
  image: string,
  namespace = 'pay',
  origin: 'DockerConfig' | 'Ecr' = 'DockerConfig',
) {
  const own = new OwnCredentials({ entries: [entry], callerHoldsThem: false });
  return own.serve(origin, parseReference(image), who(namespace));
}

t.test('F32: which images an entry is for', (t) => {
  const cases: readonly (readonly [pattern: string, image: string, serves: boolean])[] = [
    ['corp.example', 'corp.example/team/app:1', true],
    ['corp.example', 'other.corp.example/team/app', false],
    ['*.corp.example', 'eu.corp.example/team/app', true],
    ['*.corp.example', 'corp.example/team/app', false],
    ['corp.example', 'corp.example:5000/team/app', true],
    ['corp.example:5000', 'corp.example/team/app', false],
    ['CORP.example', 'corp.example/team/app', true],
    ['corp.example/team', 'corp.example/team/app', true],
    ['corp.example/team', 'corp.example/team', true],
    ['corp.example/team', 'corp.example/team/sub/app@sha256:' + 'a'.repeat(64), true],
    ['corp.example/team', 'corp.example/teamwork/app', false],
    ['corp.example/team/app', 'corp.example/team', false],
    ['corp.example/team/app', 'corp.example/team/application', false],
    ['corp.example/team-*', 'corp.example/team-a/app', true],
    ['corp.example/team-*', 'corp.example/team/app', false],
    ['corp.example/*/base', 'corp.example/a/base', true],
    ['corp.example/*/base', 'corp.example/a/b/base', false],
    ['docker.io/library/nginx', 'nginx', true],
    ['index.docker.io/acme', 'acme/app', true],
    ['registry-1.docker.io/acme', 'acme/app', true],
    ['docker.io/acme', 'quay.io/acme/app', false],
    ['localhost:5000', 'localhost:5000/app', true],
    ['*', 'anywhere.example/app', true],
  ];
  for (const [pattern, image, expected] of cases) {
    t.equal(serves({ repositories: [pattern] }, image), expected, `${pattern} for ${image}`);
  }
  t.end();
});

t.test('F32: everything that an entry says has to hold, and one entry is enough', (t) => {
  const entry: OwnCredentialsEntry = {
    namespaces: ['pay', 'pay-*'],
    repositories: ['corp.example/pay'],
    from: ['DockerConfig'],
  };
  t.equal(serves(entry, 'corp.example/pay/app'), true);
  t.equal(serves(entry, 'corp.example/pay/app', 'pay-test'), true);
  t.equal(serves(entry, 'corp.example/pay/app', 'payroll'), false);
  t.equal(serves(entry, 'corp.example/web/app'), false);
  t.equal(serves(entry, 'corp.example/pay/app', 'pay', 'Ecr'), false);
  const asked = (entries: readonly OwnCredentialsEntry[] | undefined, namespace: string): boolean =>
    new OwnCredentials({ callerHoldsThem: false, ...(entries === undefined ? {} : { entries }) }).serve(
      'DockerConfig',
      parseReference('corp.example/agent:1'),
      who(namespace),
    );
  t.equal(asked(undefined, 'anybody'), true, 'without a list, everybody');
  t.equal(asked([], 'pay'), false, 'with an empty one, nobody');
  t.equal(asked([entry, { repositories: ['corp.example/agent'] }], 'anybody'), true, 'one entry is enough');
  t.end();
});

t.test('F32: a question without a namespace is within a limit only for who holds the credentials', (t) => {
  const entries = [{ namespaces: ['pay', '*'], repositories: ['corp.example/pay'] }];
  const asked = (callerHoldsThem: boolean, image: string): boolean =>
    new OwnCredentials({ entries, callerHoldsThem }).serve('DockerConfig', parseReference(image), who(''));
  t.equal(asked(false, 'corp.example/pay/app'), false, 'not even by *, at the webhook');
  t.equal(asked(true, 'corp.example/pay/app'), true, 'a task of an offline command');
  t.equal(asked(true, 'corp.example/web/app'), false, 'a limit to repositories stays');
  t.end();
});

t.test('F32: a source that is kept back is not asked, and that is said where it could have served', async (t) => {
  const credential = basicCredential('u', 'p', 'docker config');
  let asked = 0;
  const source = {
    credentials: () => {
      asked += 1;
      return Promise.resolve([credential]);
    },
  };
  const own = new OwnCredentials({ entries: [{ namespaces: ['pay'] }], callerHoldsThem: false });
  const limited = own.limit('DockerConfig', source);
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const image = parseReference('corp.example/app:1');
  t.strictSame(await limited.credentials(image, who('pay'), forever, note), [credential]);
  t.strictSame(notes, []);
  t.strictSame(await limited.credentials(image, who('web'), forever, note), []);
  t.match(notes, [/ownCredentials/]);
  const elsewhere = own.limit('Ecr', source, () => false);
  t.strictSame(await elsewhere.credentials(image, who('web'), forever, note), []);
  t.equal(notes.length, 1);
  t.equal(asked, 1);
});
