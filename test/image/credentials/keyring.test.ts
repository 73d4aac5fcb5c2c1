import fc from 'fast-check';
import t from 'tap';
import { basicCredential } from '../../../src/image/credentials/credential.js';
import { globMatches } from '../../../src/image/credentials/glob.js';
import { Keyring } from '../../../src/image/credentials/keyring.js';

/** Users found for an image in a keyring whose users are named after their places. */
function found(image: string, ...locations: readonly string[]): readonly string[] {
  const entries = locations.map((location) => ({ location, credential: basicCredential(location, 'p', 's') }));
  return new Keyring(entries).find(image).map(({ username }) => username ?? '');
}

t.test('E11: which places match an image, as the kubelet sees it', (t) => {
  const image = 'registry.corp.example/team/app';
  const cases: readonly (readonly [place: string, image: string, matches: boolean])[] = [
    ['registry.corp.example', image, true],
    ['https://registry.corp.example', image, true],
    ['http://registry.corp.example/', image, true],
    ['registry.corp.example/v1/', image, true],
    ['https://registry.corp.example/v2/', image, true],
    ['https://registry.corp.example/v2/team', image, true],
    ['registry.corp.example/v2', image, false],
    ['registry.corp.example/team', image, true],
    ['registry.corp.example/team/app', image, true],
    ['registry.corp.example/team/ap', image, true],
    ['registry.corp.example/team/app/more', image, false],
    ['registry.corp.example/other', image, false],
    ['*.corp.example', image, true],
    ['registry.*.example', image, true],
    ['*.*.*', image, true],
    ['reg*.c*p.example', image, true],
    ['reg*.c?rp.example', image, false],
    ['[a-s]egistry.corp.example', image, true],
    ['[^r]egistry.corp.example', image, false],
    ['*.example', image, false],
    ['*', image, false],
    ['corp.example', image, false],
    ['*.corp.example/team', image, true],
    ['*.corp.example/other', image, false],
    ['registry.corp.example:443', image, false],
    ['registry.corp.example:5000', 'registry.corp.example:5000/team/app', true],
    ['*.corp.example:5000', 'registry.corp.example:5000/team/app', true],
    ['*.corp.example', 'registry.corp.example:5000/team/app', false],
    ['registry.corp.example:*', 'registry.corp.example:5000/team/app', false],
    ['localhost:5000', 'localhost:5000/app', true],
    ['[::1]:5000', '[::1]:5000/app', true],
    ['https://index.docker.io/v1/', 'docker.io/library/nginx', true],
    ['index.docker.io', 'docker.io/library/nginx', true],
    ['docker.io', 'docker.io/library/nginx', true],
    ['docker.io/acme', 'docker.io/library/nginx', false],
    ['https://index.docker.io/v1/acme', 'docker.io/acme/app', false],
    ['*.docker.io', 'docker.io/library/nginx', false],
    ['https://index.docker.io/v1/', 'quay.io/library/nginx', false],
    ['registry-1.docker.io', 'docker.io/library/nginx', false],
    ['', image, false],
    ['https://', image, false],
  ];
  for (const [place, name, matches] of cases) {
    t.equal(found(name, place).length > 0, matches, `${place} for ${name}`);
  }
  t.end();
});

t.test('E11: all that match, the more specific place first, equals in the order given', (t) => {
  t.strictSame(found('quay.io/team/app', 'quay.io', 'quay.io/team/app', '*.io', 'quay.io/team', 'other.io'), [
    'quay.io/team/app',
    'quay.io/team',
    'quay.io',
    '*.io',
  ]);
  t.strictSame(found('quay.io/a/b', 'https://quay.io', 'quay.io/', 'http://quay.io/v1/'), [
    'https://quay.io',
    'quay.io/',
    'http://quay.io/v1/',
  ]);
  t.strictSame(
    found('docker.io/library/nginx', 'https://index.docker.io/v1/', 'docker.io'),
    ['docker.io'],
    'the old name of Docker Hub only when nothing else matches',
  );
  t.end();
});

t.test('a pattern matches as a regular expression of it does, and never takes long', (t) => {
  const part = fc.constantFrom('a', 'b', '*', '?', '.');
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), text, (parts, input) => {
      const source = parts.map((one) => (one === '*' ? '.*' : one === '?' ? '.' : one === '.' ? '\\.' : one)).join('');
      return globMatches(parts.join(''), input) === new RegExp(`^${source}$`).test(input);
    }),
  );
  t.equal(globMatches(`${'*a'.repeat(200)}b`, 'a'.repeat(5_000)), false);
  t.equal(globMatches('[a', 'a'), false);
  t.equal(globMatches('[]', 'a'), false);
  t.end();
});
