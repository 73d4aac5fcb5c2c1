import fc from 'fast-check';
import t from 'tap';
import { apiHost, formatReference, parseReference } from '../../src/image/reference.js';
import { RegistryError } from '../../src/image/types.js';

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`;
const sha512 = `sha512:${'0123456789abcdef'.repeat(8)}`;

function refusalOf(text: string): string {
  try {
    parseReference(text);
  } catch (error) {
    if (error instanceof RegistryError && error.reason === 'image_reference_invalid') return error.message;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

t.test('E10: what a reference means', (t) => {
  const cases: [string, string][] = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['acme/app', 'docker.io/acme/app:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['registry:5000/a/b/c', 'registry:5000/a/b/c:latest'],
    ['registry/a', 'docker.io/registry/a:latest'],
    ['host:5000', 'docker.io/library/host:5000'],
    ['GHCR.io/acme/app', 'ghcr.io/acme/app:latest'],
    ['Acme/app', 'acme/app:latest'],
    ['127.0.0.1:5000/a', '127.0.0.1:5000/a:latest'],
    ['[2001:DB8::1]:5000/a', '[2001:db8::1]:5000/a:latest'],
    ['[::1]/a', '[::1]/a:latest'],
    ['ghcr.io/a__b/c-d/e.f/g--h', 'ghcr.io/a__b/c-d/e.f/g--h:latest'],
    [`nginx@${sha256}`, `docker.io/library/nginx@${sha256}`],
    [`nginx@${sha512}`, `docker.io/library/nginx@${sha512}`],
    [`ghcr.io/acme/app:1.2@${sha256}`, `ghcr.io/acme/app:1.2@${sha256}`],
    [`localhost:5000/a:_x.Y-z@${sha256}`, `localhost:5000/a:_x.Y-z@${sha256}`],
    [`a:${'x'.repeat(128)}`, `docker.io/library/a:${'x'.repeat(128)}`],
    ['a'.repeat(63), `docker.io/library/${'a'.repeat(63)}:latest`],
  ];
  for (const [text, expected] of cases) {
    const reference = parseReference(text);
    t.equal(formatReference(reference), expected, text);
    t.equal(reference.text, text);
  }
  t.match(parseReference(`a:1@${sha256}`), { tag: '1', digest: sha256 }, 'both are kept');
  t.match(parseReference(`a@${sha256}`), { tag: undefined, digest: sha256 }, 'a digest has no default tag');
  t.end();
});

t.test('E10: what is refused, with the part that is wrong', (t) => {
  const cases: [string, string][] = [
    ['', 'empty'],
    ['ghcr.io/Acme/app', '"Acme"'],
    ['Nginx', '"Nginx"'],
    ['ghcr.io/a/B:1', 'lower case'],
    ['ghcr.io/', 'no repository'],
    ['ghcr.io/a//b', 'empty part'],
    ['/a', 'empty part'],
    ['a/', 'empty part'],
    ['a:', '""'],
    ['a:-1', '"-1"'],
    ['a:b:c', '"b:c"'],
    [`a:${'x'.repeat(129)}`, 'not a tag'],
    ['a@', '""'],
    ['a@sha256:abc', '"sha256:abc"'],
    [`a@sha256:${'A'.repeat(64)}`, 'not a digest'],
    [`a@md5:${'a'.repeat(32)}`, '"md5:'],
    [`a@${sha256}@${sha256}`, 'not a digest'],
    [`a@constructor:${'a'.repeat(64)}`, 'not a digest'],
    ['a'.repeat(64), 'image ID'],
    [`a${'b'.repeat(1000)}`, 'longer than 1000'],
    [`ghcr.io/${'b'.repeat(256)}`, 'longer than 255'],
    [`library/${'b'.repeat(250)}`, 'longer than 255'],
    ['-a', '"-a"'],
    ['a_-b', '"a_-b"'],
    ['a___b', '"a___b"'],
    ['a b', '"a b"'],
    ['a\nb', '"a\\nb"'],
    ['https://ghcr.io/a', 'scheme'],
    ['user@ghcr.io/a', 'not a digest'],
    ['a.b-/c', '"a.b-"'],
    ['.a/b', '".a"'],
    ['host:0/a', '":0"'],
    ['host:65536/a', '"host:65536"'],
    ['host:x/a', '"host:x"'],
    ['host:/a', '"host:'],
    ['[::1/a', '"[::1"'],
    ['[:::1]/a', '"[:::1]"'],
    ['[fe80::1%25eth0]/a', '"[fe80::1%25eth0]"'],
    ['1.2.3.4.5/a', '"1.2.3.4.5"'],
    ['ghcr.io/../a', '".."'],
    ['ünï.example/a', '"ünï.example"'],
    ['${IMAGE}', '"${IMAGE}"'],
  ];
  for (const [text, expected] of cases) t.ok(refusalOf(text).includes(expected), `${text}: ${refusalOf(text)}`);
  t.ok(refusalOf('x'.repeat(100_000)).length < 500, 'the message stays short');
  t.end();
});

t.test('only Docker Hub’s API has another host', (t) => {
  t.equal(apiHost('docker.io'), 'registry-1.docker.io');
  t.equal(apiHost('ghcr.io'), 'ghcr.io');
  t.end();
});

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''));
const domain = fc.oneof(
  fc.constantFrom('localhost', 'docker.io', 'GHCR.IO', '[::1]', 'a-b.C.example'),
  fc.tuple(word, word).map(([first, last]) => `${first}.x${last}`),
);
const registry = fc
  .tuple(domain, fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }))
  .map(([host, port]) => (port === undefined ? host : `${host}:${port}`));
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
const reference = fc
  .record({
    // Without a registry, a first part with a dot in it would be one.
    path: fc.oneof(
      component,
      fc.tuple(word, component).map((parts) => parts.join('/')),
      fc.tuple(registry, fc.array(component, { minLength: 1, maxLength: 4 })).map((parts) => parts.flat().join('/')),
    ),
    tag: fc.option(tag, { nil: undefined }),
    digest: fc.constantFrom(undefined, sha256, sha512),
  })
  .map((parts) => {
    return `${parts.path}${parts.tag === undefined ? '' : `:${parts.tag}`}${parts.digest === undefined ? '' : `@${parts.digest}`}`;
  });

t.test('laws: the full form means the same, and is its own full form', (t) => {
  fc.assert(
    fc.property(reference, (text) => {
      const parsed = parseReference(text);
      const full = formatReference(parsed);
      const again = parseReference(full);
      t.strictSame({ ...again, text }, parsed);
      return (
        again.text === full && formatReference(again) === full && URL.canParse(`https://${apiHost(parsed.registry)}/`)
      );
    }),
  );
  t.end();
});

t.test('law: anything else is refused and nothing else is thrown', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^[aB1.:/@[\]_-]{0,30}$/)), (text) => {
      try {
        const parsed = parseReference(text);
        return parsed.repository !== '' && !/[A-Z\s]/.test(parsed.registry + parsed.repository);
      } catch (error) {
        return error instanceof RegistryError && error.reason === 'image_reference_invalid';
      }
    }),
    { numRuns: 2000 },
  );
  t.end();
});
