import fc from 'fast-check';
import t from 'tap';
import { isAttestation, parseImageConfig, parseManifest } from '../../src/image/manifest.js';
import { RegistryError } from '../../src/image/types.js';

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
const digest = `sha256:${'a'.repeat(64)}`;
const ociConfig = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 10 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 1 };

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function reasonOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof RegistryError) return error.reason;
    throw error;
  }
  return 'none';
}

t.test('E9: manifests of both kinds', (t) => {
  const image = { config: ociConfig, layers: [layer] };
  t.strictSame(parseManifest(ociManifest, bytesOf(image)), { kind: 'image', config: ociConfig });
  const dockerConfig = { ...ociConfig, mediaType: 'application/vnd.docker.container.image.v1+json' };
  const dockerLayer = { ...layer, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' };
  const docker = { mediaType: 'ignored', config: dockerConfig, layers: [dockerLayer] };
  t.match(parseManifest(dockerManifest, bytesOf(docker)), { kind: 'image', config: dockerConfig });
  t.match(parseManifest(ociManifest, bytesOf({ config: ociConfig, layers: [] })), { kind: 'image' }, 'no layer at all');
  t.end();
});

t.test('E8: indexes, with what no node runs recognisable', (t) => {
  const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
  const annotations = { 'vnd.docker.reference.type': 'attestation-manifest', other: 5 };
  const unknown = { os: 'unknown', architecture: 'unknown' };
  const entry = { mediaType: ociManifest, digest, size: 5 };
  const manifests = [
    { ...entry, platform },
    { ...entry, platform: unknown, annotations },
    { ...entry, platform: unknown },
    entry,
  ];
  for (const mediaType of [ociIndex, dockerList]) {
    const parsed = parseManifest(mediaType, bytesOf({ manifests }));
    if (parsed.kind !== 'index') throw new Error('not an index');
    t.match(parsed.entries[0], { ...entry, platform });
    t.match(parsed.entries[1], { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } });
    t.equal(parsed.entries[1]?.annotations['other'], undefined);
    t.equal(parsed.entries[3]?.platform, undefined);
    t.strictSame(parsed.entries.map(isAttestation), [false, true, true, false]);
  }
  t.end();
});

t.test('E9: what is no image', (t) => {
  const cases: [string, unknown, string][] = [
    ['application/vnd.docker.distribution.manifest.v1+json', {}, 'image_not_runnable'],
    ['application/vnd.docker.distribution.manifest.v1+prettyjws', {}, 'image_not_runnable'],
    ['application/vnd.oci.artifact.manifest.v1+json', {}, 'image_not_runnable'],
    ['', {}, 'image_not_runnable'],
    [
      ociManifest,
      { config: { ...ociConfig, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
      'image_not_runnable',
    ],
    [ociManifest, { config: { ...ociConfig, mediaType: 'application/vnd.oci.empty.v1+json' } }, 'image_not_runnable'],
    [
      ociManifest,
      { config: { ...ociConfig, mediaType: 'application/vnd.docker.plugin.v1+json' } },
      'image_not_runnable',
    ],
    [
      ociManifest,
      { config: ociConfig, layers: [{ ...layer, mediaType: 'application/vnd.in-toto+json' }] },
      'image_not_runnable',
    ],
    [
      ociManifest,
      { config: ociConfig, layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' }, 5] },
      'image_not_runnable',
    ],
    [ociManifest, { config: ociConfig, manifests: [] }, 'image_config_invalid'],
    [ociIndex, { manifests: [], layers: [] }, 'image_config_invalid'],
    [ociIndex, {}, 'image_config_invalid'],
    [ociIndex, { manifests: {} }, 'image_config_invalid'],
    [ociIndex, { manifests: [5] }, 'image_config_invalid'],
    [ociIndex, { manifests: Array(1001).fill(ociConfig) }, 'image_config_invalid'],
    [ociManifest, {}, 'image_config_invalid'],
    [ociManifest, [], 'image_config_invalid'],
    [ociManifest, null, 'image_config_invalid'],
    [ociManifest, { config: { ...ociConfig, digest: 'sha256:../..' } }, 'image_config_invalid'],
    [ociManifest, { config: { ...ociConfig, digest: undefined } }, 'image_config_invalid'],
    [ociManifest, { config: { ...ociConfig, size: -1 } }, 'image_config_invalid'],
    [ociManifest, { config: { ...ociConfig, size: '10' } }, 'image_config_invalid'],
    [ociManifest, { config: { ...ociConfig, size: 1e300 } }, 'image_config_invalid'],
  ];
  for (const [mediaType, body, reason] of cases) {
    t.equal(
      reasonOf(() => parseManifest(mediaType, bytesOf(body))),
      reason,
      `${mediaType} ${JSON.stringify(body).slice(0, 80)}`,
    );
  }
  t.equal(
    reasonOf(() => parseManifest(ociManifest, new Uint8Array([0xff, 0xfe]))),
    'image_config_invalid',
    'not UTF-8',
  );
  t.equal(
    reasonOf(() => parseManifest(ociManifest, new TextEncoder().encode('{"config":'))),
    'image_config_invalid',
    'cut',
  );
  t.end();
});

t.test('configs', (t) => {
  const base = { os: 'linux', architecture: 'arm', variant: 'v7' };
  const cases: [unknown, { entrypoint: string[]; cmd: string[]; volumes?: string[]; users?: number[] }][] = [
    [
      { Entrypoint: ['/app', '$HOME'], Cmd: ['serve'] },
      { entrypoint: ['/app', '$HOME'], cmd: ['serve'] },
    ],
    [
      { Entrypoint: null, Cmd: ['sh'] },
      { entrypoint: [], cmd: ['sh'] },
    ],
    [
      { Entrypoint: [], Cmd: null },
      { entrypoint: [], cmd: [] },
    ],
    [{}, { entrypoint: [], cmd: [] }],
    [null, { entrypoint: [], cmd: [] }],
    [undefined, { entrypoint: [], cmd: [] }],
    [{ Cmd: [''] }, { entrypoint: [], cmd: [''] }],
    [{ Volumes: { '/data': {}, 'b c': null } }, { entrypoint: [], cmd: [], volumes: ['/data', 'b c'] }],
    [{ Volumes: null }, { entrypoint: [], cmd: [] }],
    [{ Volumes: {} }, { entrypoint: [], cmd: [] }],
    ...['59417', '59417:0', '059417', '+59417', '59417:59417'].map(
      (User): [unknown, { entrypoint: string[]; cmd: string[]; users: number[] }] => [
        { User },
        { entrypoint: [], cmd: [], users: [59_417] },
      ],
    ),
    ...['', 'web', 'web:59417', '0x1', '1e3', ' 1', '-1', null, 59_417, ['1']].map(
      (User): [unknown, { entrypoint: string[]; cmd: string[] }] => [{ User }, { entrypoint: [], cmd: [] }],
    ),
  ];
  for (const [config, expected] of cases) {
    t.strictSame(parseImageConfig(bytesOf({ ...base, config })), { ...base, config: expected });
  }
  t.match(parseImageConfig(bytesOf({})), { os: '', architecture: '', variant: undefined });
  for (const config of [
    { Entrypoint: '/app serve' },
    { Cmd: 'sh' },
    { Cmd: [1] },
    { Cmd: [null] },
    { Entrypoint: {} },
    { Entrypoint: ['a\0b'] },
    { Cmd: Array(4097).fill('x') },
    { Cmd: ['x'.repeat(300_000)] },
    { Volumes: ['/data'] },
    { Volumes: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`/${n}`, {}])) },
    { Volumes: { ['x'.repeat(300_000)]: {} } },
    [],
    'sh',
  ]) {
    t.equal(
      reasonOf(() => parseImageConfig(bytesOf({ ...base, config }))),
      'image_config_invalid',
      JSON.stringify(config).slice(0, 60),
    );
  }
  t.equal(
    reasonOf(() => parseImageConfig(bytesOf([]))),
    'image_config_invalid',
  );
  t.end();
});

t.test('W1: an entrypoint of one empty word counts as none', (t) => {
  const entrypointOf = (Entrypoint: unknown): unknown =>
    parseImageConfig(bytesOf({ os: 'linux', config: { Entrypoint, Cmd: ['serve'] } })).config.entrypoint;
  t.strictSame(entrypointOf(['']), []);
  t.strictSame(entrypointOf(['', '']), ['', ''], 'two are two words, which no runtime starts either');
  t.strictSame(entrypointOf(['', 'x']), ['', 'x']);
  t.strictSame(entrypointOf([' ']), [' ']);
  t.end();
});

t.test('W2: keys count in any case, and of several the last, as Go’s decoder has it', (t) => {
  const read = (config: string, rest = ''): unknown =>
    parseImageConfig(new TextEncoder().encode(`{"os":"linux"${rest},"config":${config}}`)).config;
  const cases: readonly (readonly [config: string, expected: object])[] = [
    ['{"Entrypoint":["/bin/x"],"cmd":["serve"]}', { entrypoint: ['/bin/x'], cmd: ['serve'] }],
    ['{"entrypoint":["/bin/x"]}', { entrypoint: ['/bin/x'], cmd: [] }],
    ['{"ENTRYPOINT":["/bin/x"],"CMD":["y"]}', { entrypoint: ['/bin/x'], cmd: ['y'] }],
    ['{"EntryPoint":["/a"],"Entrypoint":["/b"]}', { entrypoint: ['/b'] }],
    ['{"Entrypoint":["/a"],"entrypoint":["/b"]}', { entrypoint: ['/b'] }],
    ['{"Entrypoint":["/a"],"entrypoint":null}', { entrypoint: [] }],
    ['{"Entrypoint":["/a"],"entry_point":["/b"]}', { entrypoint: ['/a'] }],
    ['{"volumes":{"/data":{}},"user":"1000:1000"}', { volumes: ['/data'], users: [1000] }],
  ];
  for (const [config, expected] of cases) t.match(read(config), expected, config);
  t.match(
    read('{"Entrypoint":["/a"],"Cmd":["x"]}', ',"Config":{"Cmd":["w"],"User":"7"}'),
    { entrypoint: ['/a'], cmd: ['x'], users: [7] },
    'two objects are decoded into one',
  );
  t.equal(
    reasonOf(() => read('{"entrypoint":"/bin/x"}')),
    'image_config_invalid',
  );
  const upper = {
    Manifests: [{ MediaType: ociManifest, Digest: digest, SIZE: 5, Platform: { OS: 'linux', Architecture: 'arm64' } }],
  };
  t.match(parseManifest(ociIndex, bytesOf(upper)), {
    entries: [{ mediaType: ociManifest, digest, size: 5, platform: { os: 'linux', architecture: 'arm64' } }],
  });
  t.match(parseManifest(ociManifest, bytesOf({ CONFIG: ociConfig, Layers: [layer] })), { config: ociConfig });
  t.equal(
    reasonOf(() => parseManifest(ociManifest, bytesOf({ config: ociConfig, Manifests: [] }))),
    'image_config_invalid',
    'an index and an image at once, whatever the case',
  );
  t.match(parseImageConfig(bytesOf({ OS: 'linux', Architecture: 'arm', Variant: 'v6' })), {
    os: 'linux',
    architecture: 'arm',
    variant: 'v6',
  });
  t.end();
});

t.test('law: no bytes make anything but a RegistryError', (t) => {
  const json = fc.json().map((text) => new TextEncoder().encode(text));
  const fields = fc
    .dictionary(fc.constantFrom('config', 'layers', 'manifests', 'mediaType', 'Entrypoint', 'os'), fc.jsonValue())
    .map(bytesOf);
  fc.assert(
    fc.property(
      fc.oneof(json, fields, fc.uint8Array()),
      fc.constantFrom(ociManifest, ociIndex, dockerList),
      (bytes, mediaType) => {
        reasonOf(() => parseManifest(mediaType, bytes));
        reasonOf(() => parseImageConfig(bytes));
        return true;
      },
    ),
  );
  t.end();
});
