import fc from 'fast-check';
import t from 'tap';
import type { IndexEntry } from '../../src/image/manifest.js';
import { agreeOn, normalisePlatform, platformText, selectEntries } from '../../src/image/platforms.js';
import type { PodPlatforms } from '../../src/image/pod-platforms.js';

function on(...architectures: readonly string[]): PodPlatforms {
  return { admits: (os, architecture) => os === 'linux' && architectures.includes(architecture), key: 'test' };
}

let made = 0;

/** An entry for `linux/arm/v7`, or `undefined` for one without platform. */
function entry(platform: string | undefined, annotations: Readonly<Record<string, string>> = {}): IndexEntry {
  made += 1;
  const [os = '', architecture = '', variant] = platform?.split('/') ?? [];
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${made}`,
    size: 1,
    platform: platform === undefined ? undefined : { os, architecture, variant },
    annotations,
  };
}

function selected(platforms: readonly (string | undefined)[], possible: PodPlatforms): readonly string[] {
  return selectEntries(
    platforms.map((one) => entry(one)),
    possible,
  ).map(({ platform }) => (platform === undefined ? '?' : platformText(platform)));
}

t.test('E8: which entries of an index count', (t) => {
  const cases: readonly (readonly [readonly (string | undefined)[], PodPlatforms, readonly string[]])[] = [
    [
      ['linux/amd64', 'linux/arm64', 'windows/amd64', 'unknown/unknown'],
      on('amd64', 'arm64'),
      ['linux/amd64', 'linux/arm64'],
    ],
    [['linux/amd64', 'linux/arm64/v8'], on('arm64'), ['linux/arm64']],
    [['linux/amd64', 'linux/amd64/v3'], on('amd64'), ['linux/amd64']],
    [['linux/amd64/v3', 'linux/amd64/v2'], on('amd64'), ['linux/amd64/v3', 'linux/amd64/v2']],
    [['linux/arm/v6', 'linux/arm/v7', 'linux/arm'], on('arm'), ['linux/arm/v6', 'linux/arm/v7']],
    [['linux/arm/v7', 'linux/amd64'], on('arm64'), ['linux/arm/v7']],
    [['linux/arm/v7', 'linux/arm64'], on('arm64'), ['linux/arm64']],
    [['linux/amd64', undefined], on('amd64'), ['linux/amd64', '?']],
    [['windows/amd64'], on('amd64'), []],
    [[], on('amd64'), []],
  ];
  for (const [platforms, possible, expected] of cases) t.strictSame(selected(platforms, possible), expected);
  const attestation = entry('linux/amd64', { 'vnd.docker.reference.type': 'attestation-manifest' });
  t.strictSame(selectEntries([attestation], on('amd64')), []);
  t.end();
});

t.test('E8: of two entries for one platform, the first', (t) => {
  const [first, second] = [entry('linux/arm64'), entry('linux/arm64/v8')];
  t.strictSame(
    selectEntries([first, second], on('arm64')).map((one) => one.entry),
    [first],
  );
  t.end();
});

t.test('W6: other names of architectures are the ones that containerd normalises', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['linux/x86_64', 'linux/amd64'],
    ['linux/x86-64', 'linux/amd64'],
    ['Linux/X86_64/V1', 'linux/amd64'],
    ['linux/x86_64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/AARCH64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm64/v8.0', 'linux/arm64'],
    ['linux/arm64/9', 'linux/arm64/v9'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/5', 'linux/arm/v5'],
    ['linux/i386', 'linux/386'],
    ['linux/i386/x', 'linux/386'],
    ['linux/s390x', 'linux/s390x'],
    ['LINUX/RISCV64', 'linux/riscv64'],
  ];
  for (const [given, expected] of cases) {
    const [os = '', architecture = '', variant] = given.split('/');
    t.equal(platformText(normalisePlatform({ os, architecture, variant })), expected, given);
  }
  t.strictSame(selected(['linux/x86_64', 'linux/aarch64'], on('amd64', 'arm64')), ['linux/amd64', 'linux/arm64']);
  t.strictSame(
    selected(['linux/x86_64', 'linux/amd64'], on('amd64')),
    ['linux/amd64'],
    'one platform, the first entry',
  );
  t.strictSame(selected(['linux/aarch64', 'linux/arm/v7'], on('arm64')), ['linux/arm64']);
  t.end();
});

t.test('W6: each entry is for the nodes that take it', (t) => {
  const nodesOf = (platforms: readonly (string | undefined)[], at: number): readonly string[] => {
    const list = platforms.map((one) => entry(one));
    const nodes = selectEntries(list, on('amd64', 'arm64', 'arm'))[at]?.nodes;
    return ['amd64', 'arm64', 'arm', 's390x'].filter((one) => nodes?.admits('linux', one));
  };
  t.strictSame(nodesOf(['linux/amd64', 'linux/arm64'], 0), ['amd64']);
  t.strictSame(nodesOf(['linux/amd64', 'linux/arm/v7'], 1), ['arm64', 'arm']);
  t.strictSame(nodesOf(['linux/arm64', 'linux/arm/v7'], 1), ['arm']);
  t.strictSame(nodesOf(['linux/amd64', undefined], 1), ['arm64', 'arm'], 'without a platform, the others');
  t.strictSame(nodesOf([undefined], 0), ['amd64', 'arm64', 'arm']);
  t.end();
});

t.test('normalising twice is normalising once', (t) => {
  const variant = fc.constantFrom(undefined, '', 'v1', 'v2', 'v6', 'v7', 'v8', '7', '8');
  fc.assert(
    fc.property(
      fc.constantFrom('amd64', 'arm64', 'arm', 's390x', 'x86_64', 'AArch64', 'armhf', 'armel', 'i386'),
      variant,
      (architecture, one) => {
        const once = normalisePlatform({ os: 'linux', architecture, variant: one });
        t.strictSame(normalisePlatform(once), once);
      },
    ),
  );
  t.end();
});

t.test('E8: agreement', (t) => {
  const row = (platform: string, ...entrypoint: readonly string[]) => ({
    platform,
    config: { entrypoint, cmd: ['x'] },
  });
  t.equal(agreeOn([]), undefined);
  t.match(agreeOn([row('a', '/app'), row('b', '/app')]), { agree: true, config: { entrypoint: ['/app'] } });
  t.match(agreeOn([row('a', '/app', 'x'), row('b', '/app')]), { agree: false });
  const declaring = (...volumes: readonly string[]) => {
    const { config } = row('a', '/app');
    return { platform: 'a', config: volumes.length === 0 ? config : { ...config, volumes } };
  };
  t.strictSame(
    agreeOn([declaring(), declaring('/b', '/a'), declaring('/a', '/c')]),
    { agree: true, config: { entrypoint: ['/app'], cmd: ['x'], volumes: ['/b', '/a', '/c'] } },
    'a node has the volumes of any of them',
  );
  const runningAs = (...users: readonly number[]) => ({ platform: 'a', config: { ...row('a', '/app').config, users } });
  t.strictSame(
    agreeOn([row('a', '/app'), runningAs(1000), runningAs(0), runningAs(1000)]),
    { agree: true, config: { entrypoint: ['/app'], cmd: ['x'], users: [1000, 0] } },
    'and its user',
  );
  t.strictSame(agreeOn([row('linux/amd64', '/one'), row('linux/arm64', '/two'), row('linux/s390x', '/one')]), {
    agree: false,
    differences: 'linux/amd64, linux/s390x: ENTRYPOINT ["/one"] CMD ["x"]; linux/arm64: ENTRYPOINT ["/two"] CMD ["x"]',
  });
  t.end();
});
