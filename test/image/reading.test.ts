import t from 'tap';
import type { Content } from '../../src/image/cache/content.js';
import type { PodPlatforms } from '../../src/image/pod-platforms.js';
import { readImageOf, type Reading } from '../../src/image/reading.js';

function on(...architectures: readonly string[]): PodPlatforms {
  return { admits: (os, architecture) => os === 'linux' && architectures.includes(architecture), key: 'test' };
}

/**
 * A tree of indexes: platform or `?`, and what is there. An image is what it starts, except for `gone` and `damaged`.
 */
type Tree = string | readonly (readonly [platform: string, Tree])[];

const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Puts a tree into a store, and returns its digest. */
function put(tree: Tree, store: Map<string, Content | 'absent'>, architecture = 'amd64'): string {
  const digest = `sha256:${store.size}`;
  store.set(digest, 'absent');
  if (tree === 'damaged') store.set(digest, { kind: 'unusable', reason: 'image_not_runnable', message: 'an artifact' });
  else if (typeof tree === 'string' && tree !== 'gone') {
    const platform = { os: 'linux', architecture, variant: undefined };
    store.set(digest, { kind: 'image', config: { entrypoint: [tree], cmd: [] }, platform });
  } else if (typeof tree !== 'string') {
    const entries = tree.map(([text, below]) => {
      const [os = '', arch = '', variant] = text.split('/');
      return {
        mediaType: typeof below === 'string' ? manifestType : indexType,
        digest: put(below, store, arch === '' ? 'amd64' : arch),
        size: 1,
        platform: text === '?' ? undefined : { os, architecture: arch, variant },
        annotations: {},
      };
    });
    store.set(digest, { kind: 'index', entries });
  }
  return digest;
}

function read(tree: Tree, ...architectures: readonly string[]): Reading {
  const store = new Map<string, Content | 'absent'>();
  const root = put(tree, store);
  return readImageOf(root, (digest) => store.get(digest), on(...architectures));
}

/** What is started by platform, or the reason that nothing is. */
function started(tree: Tree, ...architectures: readonly string[]): unknown {
  const reading = read(tree, ...architectures);
  if (reading.kind === 'missing') return 'missing';
  if (reading.kind === 'refused') return reading.reason;
  return reading.rows.map(({ platform, config }) => `${platform} ${config.entrypoint.join(' ')}`);
}

function nested(levels: number): Tree {
  return levels === 0 ? '/app' : [['linux/amd64', nested(levels - 1)]];
}

t.test('W6: an index within an index is followed as containerd does', (t) => {
  const both: Tree = [
    ['linux/amd64', '/app'],
    ['linux/arm64', '/app'],
  ];
  const cases: readonly (readonly [what: string, tree: Tree, architectures: readonly string[], expected: unknown])[] = [
    ['with a platform', [['linux/amd64', [['linux/amd64', '/app']]]], ['amd64'], ['linux/amd64 /app']],
    ['without one', [['?', [['linux/amd64', '/app']]]], ['amd64'], ['linux/amd64 /app']],
    ['an alias in each', [['linux/x86_64', [['linux/X86-64', '/app']]]], ['amd64'], ['linux/amd64 /app']],
    [
      'one for each architecture',
      [
        ['linux/amd64', both],
        ['linux/arm64', both],
      ],
      ['amd64', 'arm64'],
      ['linux/amd64 /app', 'linux/arm64 /app'],
    ],
    [
      'what no node takes out of it does not count',
      [
        [
          'linux/amd64',
          [
            ['linux/amd64', '/app'],
            ['linux/arm64', '/never'],
          ],
        ],
        [
          'linux/arm64',
          [
            ['linux/arm64', '/app'],
            ['linux/amd64', '/never'],
          ],
        ],
      ],
      ['amd64', 'arm64'],
      ['linux/amd64 /app', 'linux/arm64 /app'],
    ],
    [
      'what differs in it is told',
      [
        ['linux/amd64', [['linux/amd64', '/app']]],
        ['linux/arm64', [['linux/arm64', '/other']]],
      ],
      ['amd64', 'arm64'],
      'image_platforms_differ',
    ],
    [
      'and does not matter where the pod cannot land',
      [
        ['linux/amd64', both],
        ['linux/arm64', '/other'],
      ],
      ['amd64'],
      ['linux/amd64 /app'],
    ],
    [
      'one without a platform is for the nodes that no other is for',
      [
        ['linux/amd64', '/app'],
        [
          '?',
          [
            ['linux/amd64', '/never'],
            ['linux/arm64', '/app'],
          ],
        ],
      ],
      ['amd64', 'arm64'],
      ['linux/amd64 /app', 'linux/arm64 /app'],
    ],
    [
      'and costs nothing where it is no image',
      [
        ['linux/amd64', '/app'],
        ['?', 'damaged'],
      ],
      ['amd64'],
      ['linux/amd64 /app'],
    ],
    ['but is told where there is nothing else', [['?', 'damaged']], ['amd64'], 'image_not_runnable'],
    ['one that is not there', [['linux/amd64', 'gone']], ['amd64'], 'image_not_found'],
    ['of which nothing is there', [['linux/amd64', [['linux/amd64', 'gone']]]], ['amd64'], 'image_not_runnable'],
    ['for other nodes', [['linux/amd64', [['linux/arm64', '/app']]]], ['amd64', 'arm64'], 'image_not_runnable'],
    ['damaged', [['linux/amd64', [['linux/amd64', 'damaged']]]], ['amd64'], 'image_not_runnable'],
    ['empty', [['linux/amd64', []]], ['amd64'], 'image_not_runnable'],
  ];
  for (const [what, tree, architectures, expected] of cases)
    t.strictSame(started(tree, ...architectures), expected, what);
  t.end();
});

t.test('W6: how deep and how many is bounded', (t) => {
  for (const levels of [1, 2, 3, 4, 5])
    t.strictSame(started(nested(levels), 'amd64'), ['linux/amd64 /app'], `${levels}`);
  t.match(read(nested(6), 'amd64'), { reason: 'image_not_runnable', message: /more than 4 deep/ });
  const wide = (below: Tree): Tree => Array.from({ length: 32 }, (_, at) => [`linux/arm/v${at}`, below] as const);
  t.strictSame(started(wide('/app'), 'arm') instanceof Array, true, '32 platforms are read');
  t.match(read(wide(wide('/app')), 'arm'), { reason: 'image_not_runnable', message: /too many/ });

  let walked = 0;
  const same = { mediaType: indexType, digest: 'sha256:self', size: 1, platform: undefined, annotations: {} };
  const find = (): Content => {
    walked += 1;
    return { kind: 'index', entries: Array.from({ length: 20 }, () => same) };
  };
  t.match(readImageOf('sha256:self', find, on('amd64')), { reason: 'image_not_runnable' });
  t.ok(walked < 100, 'what lies in many places is not walked without end');
  t.end();
});

t.test('W6: what is missing is asked for level by level', (t) => {
  const store = new Map<string, Content | 'absent'>();
  const root = put(
    [
      ['linux/amd64', [['linux/amd64', '/app']]],
      ['linux/arm64', '/app'],
    ],
    store,
  );
  const found = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const reading = readImageOf(
      root,
      (digest) => (found.has(digest) ? store.get(digest) : undefined),
      on('amd64', 'arm64'),
    );
    if (reading.kind !== 'missing') {
      t.equal(round, 3);
      t.match(reading, { kind: 'config', rows: [{}, {}] });
      break;
    }
    for (const digest of reading.digests) found.add(digest);
  }
  t.end();
});
