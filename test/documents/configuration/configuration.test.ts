import fc from 'fast-check';
import t from 'tap';
import type { ErrorCode } from '../../../src/model/error.js';
import { parseConfiguration } from '../../../src/documents/configuration/configuration.js';
import { parseImageMapJson } from '../../../src/documents/configuration/image-map.js';

const group = 'apiVersion: outrider.dev/v1alpha1';
const known =
  'known are InstrumentationPolicy, InstrumentationProfile and ImageMap (outrider.dev/v1alpha1), and Namespace (v1)';
const specFields =
  'known are mode, prefer, precedence, match, containers, profile, agent, credentials, capability, delivery, optOut, admitUninstrumented, onUnresolvedImage, sessions, canary, restart';

function policy(spec: string, name = 'p'): string {
  return `${group}\nkind: InstrumentationPolicy\nmetadata: {name: ${name}}\nspec:\n  profile: {name: sysdig}\n${spec}\n`;
}

function profile(spec: string): string {
  return `${group}\nkind: InstrumentationProfile\nmetadata: {name: acme}\nspec:\n  version: '1'\n${spec}\n`;
}

function imageMap(images: string): string {
  return `${group}\nkind: ImageMap\nimages: ${images}\n`;
}

function parse(text: string) {
  return parseConfiguration([{ name: 'f.yaml', text }]);
}

t.test('a configuration of several files and documents', (t) => {
  const { configuration, problems } = parseConfiguration([
    { name: 'a.yaml', text: `# comment\n---\n${policy('  prefer: Security', 'one')}---\n${profile('  env: []')}---\n` },
    {
      name: 'b.yaml',
      text: `${imageMap('{"nginx:1": {entrypoint: [/e], cmd: [a]}, busybox: {cmd: null}}')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\nstatus: {phase: Active}\n`,
    },
    {
      name: 'c.json',
      text: JSON.stringify({
        apiVersion: 'outrider.dev/v1alpha1',
        kind: 'InstrumentationPolicy',
        metadata: { name: 'two', labels: { any: 'thing' } },
        spec: { profile: { name: 'datadog', settings: { version: '7.80.0' } } },
        status: {},
      }),
    },
  ]);
  t.strictSame(problems, []);
  t.strictSame(
    configuration.policies.map(({ policy, file, line }) => [policy.metadata.name, policy.spec.prefer, file, line]),
    [
      ['one', 'Security', 'a.yaml', 3],
      ['two', 'Availability', 'c.json', 1],
    ],
  );
  t.strictSame(
    configuration.profiles.map(({ profile, file, line }) => [profile.metadata.name, file, line]),
    [['acme', 'a.yaml', 10]],
  );
  t.strictSame(
    [...configuration.images],
    [
      ['nginx:1', { entrypoint: ['/e'], cmd: ['a'] }],
      ['busybox', { entrypoint: [], cmd: [] }],
    ],
  );
  t.strictSame([...configuration.namespaces], [['shop', { team: 'a', 'kubernetes.io/metadata.name': 'shop' }]]);
  t.strictSame(configuration.invalidPolicies, []);
  t.end();
});

/** Text, code, field, and the whole message after `f.yaml:`. */
const malformed: readonly (readonly [string, ErrorCode, string | undefined, string])[] = [
  [
    'a: *b',
    'document_invalid',
    undefined,
    '1 (document 1): has the alias *b, which nothing above it defines; fix its name.',
  ],
  ['a: .inf', 'document_invalid', undefined, '1 (document 1): has a number that is not finite; put it in quotes.'],
  [
    'a: [1',
    'document_invalid',
    undefined,
    '1 (document 1): is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; fix the syntax.',
  ],
  ['kind: A\nkind: B', 'document_invalid', undefined, '2 (document 1): has the key "kind" twice; take one out.'],
  [
    policy('  __proto__: {}'),
    'document_invalid',
    undefined,
    '6 (document 1): has the key __proto__, which is never read; take it out.',
  ],
  [
    `a: &a [x]\nb: [${'*a,'.repeat(101)}]`,
    'document_invalid',
    undefined,
    '2 (document 1): has more than 100 aliases; write the values out.',
  ],
  [
    'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f]',
    'document_invalid',
    undefined,
    '1 (document 1): is nested deeper than 64 levels or grows by its aliases; flatten it.',
  ],
  [
    'a: &a [*a]',
    'document_invalid',
    undefined,
    '1 (document 1): is nested deeper than 64 levels or grows by its aliases; flatten it.',
  ],
  [
    '['.repeat(70) + ']'.repeat(70),
    'document_invalid',
    undefined,
    '1 (document 1): is nested deeper than 64 levels; flatten it.',
  ],
  // Found by fuzzing: the parser ended the process over it.
  [
    '['.repeat(100_000) + ']'.repeat(100_000),
    'document_invalid',
    undefined,
    '1 (document 1): is nested deeper than 64 levels; flatten it.',
  ],
  [
    '- '.repeat(400),
    'document_invalid',
    undefined,
    ' a line is indented or nested by more than 512 columns; flatten it.',
  ],
  ['#'.repeat(4 * 1024 * 1024 + 1), 'document_invalid', undefined, ' is larger than 4 MiB; split it.'],
  [
    'hello',
    'document_invalid',
    undefined,
    '1 (document 1): the document is no mapping; give an object of kind InstrumentationPolicy, InstrumentationProfile and ImageMap (outrider.dev/v1alpha1), and Namespace (v1).',
  ],
  [
    'a: !foo bar',
    'document_invalid',
    undefined,
    '1 (document 1): is not valid YAML: Unresolved tag: !foo; fix the syntax.',
  ],
  ['{[a]: 1}', 'document_invalid', undefined, '1 (document 1): has a key that is not plain text; quote it.'],
  ['metadata: {}', 'document_invalid', 'kind', `1 (document 1): kind is missing; ${known}.`],
  [
    'apiVersion: apps/v1\nkind: Deployment',
    'document_invalid',
    'kind',
    `2 (document 1): kind is Deployment, which is no configuration; ${known}.`,
  ],
  [
    `${group}\nkind: InstrumentationPolcy`,
    'document_invalid',
    'kind',
    `2 (document 1): kind is InstrumentationPolcy, which is no configuration; did you mean InstrumentationPolicy? ${known}.`,
  ],
  [
    'apiVersion: outrider.dev/v1\nkind: InstrumentationPolicy\nmetadata: {name: a}',
    'document_invalid',
    'apiVersion',
    '1 (document 1): apiVersion is outrider.dev/v1, which InstrumentationPolicy does not have; give outrider.dev/v1alpha1.',
  ],
  [
    'apiVersion: v2\nkind: Namespace',
    'document_invalid',
    'apiVersion',
    '1 (document 1): apiVersion is v2, which Namespace does not have; give v1.',
  ],
  [
    `${group}\nkind: InstrumentationPolicy\nmetadata: {}\nspec: {profile: {name: sysdig}}`,
    'policy_invalid',
    'metadata.name',
    '3 (document 1): metadata.name is missing; add it.',
  ],
  [
    policy('', 'Big_Name'),
    'policy_invalid',
    'metadata.name',
    '3 (document 1): metadata.name is "Big_Name", and must be lower case letters, digits, - and . (an RFC 1123 subdomain).',
  ],
  [
    `${group}\nkind: InstrumentationPolicy\nmetadata: {name: a}`,
    'policy_invalid',
    'spec',
    '1 (document 1): spec is missing; add it: Who gets which profile, and how strictly.',
  ],
  [
    `${group}\nkind: InstrumentationPolicy\nmetadata: {name: a}\nspec: {}`,
    'policy_invalid',
    'spec.profile',
    '4 (document 1): spec.profile is missing; add it: Which agent, and how it is set up.',
  ],
  [
    policy('  mode: injekt'),
    'policy_invalid',
    'spec.mode',
    '6 (document 1): spec.mode is "injekt", which is not allowed; did you mean Inject? give one of Off, Report, Inject.',
  ],
  [
    policy('  prefer: security'),
    'policy_invalid',
    'spec.prefer',
    '6 (document 1): spec.prefer is "security", which is not allowed; did you mean Security? give one of Availability, Security.',
  ],
  [
    policy('  podSelector: {}'),
    'policy_invalid',
    'spec.podSelector',
    `6 (document 1): spec.podSelector is not a known field; ${specFields}.`,
  ],
  [
    policy('  preceddence: 1'),
    'policy_invalid',
    'spec.preceddence',
    `6 (document 1): spec.preceddence is not a known field; did you mean precedence? ${specFields}.`,
  ],
  [
    policy('  precedence: high'),
    'policy_invalid',
    'spec.precedence',
    '6 (document 1): spec.precedence is "high", and must be a whole number; give a whole number.',
  ],
  [
    policy('  precedence: 1.5'),
    'policy_invalid',
    'spec.precedence',
    '6 (document 1): spec.precedence is 1.5, and must be a whole number; give a whole number.',
  ],
  [
    policy('  precedence: 2000000'),
    'policy_invalid',
    'spec.precedence',
    '6 (document 1): spec.precedence is 2000000; give at most 1000000.',
  ],
  [
    policy('  optOut: Forbidden\n  match: {podSelector: {matchLabels: {a: b}}}'),
    'policy_invalid',
    'spec.match.podSelector',
    '7 (document 1): spec.match.podSelector must be empty with optOut: Forbidden, because a pod’s author controls its labels.',
  ],
  [
    policy('  match: {podSelector: {matchLabels: {version: 1}}}'),
    'policy_invalid',
    'spec.match.podSelector.matchLabels.version',
    '6 (document 1): spec.match.podSelector.matchLabels.version is 1, and must be text; put it in quotes.',
  ],
  [
    policy('  match:\n    podSelector:\n      matchExpressions:\n        - {key: a, operator: in, values: [b]}'),
    'policy_invalid',
    'spec.match.podSelector.matchExpressions[0].operator',
    '9 (document 1): spec.match.podSelector.matchExpressions[0].operator is "in", which is not allowed; did you mean In? give one of In, NotIn, Exists, DoesNotExist.',
  ],
  [
    policy('  match: {podSelector: {matchExpressions: [{key: a, operator: In}]}}'),
    'policy_invalid',
    'spec.match.podSelector.matchExpressions[0].values',
    '6 (document 1): spec.match.podSelector.matchExpressions[0].values is not valid: needs at least one value for In and NotIn.',
  ],
  [
    policy('  containers: {include: []}'),
    'policy_invalid',
    'spec.containers.include',
    '6 (document 1): spec.containers.include is an empty list; give at least 1 entry.',
  ],
  [
    policy('  containers: {include: "*"}'),
    'policy_invalid',
    'spec.containers.include',
    '6 (document 1): spec.containers.include is "*", and must be a list; give a list.',
  ],
  [
    policy('  containers: {cover: [Mian]}'),
    'policy_invalid',
    'spec.containers.cover[0]',
    '6 (document 1): spec.containers.cover[0] is "Mian", which is not allowed; did you mean Main? give one of Main, Init, Probes, Lifecycle.',
  ],
  [
    policy('  admitUninstrumented: [image_not_found]'),
    'policy_invalid',
    'spec.admitUninstrumented[0]',
    '6 (document 1): spec.admitUninstrumented[0] is "image_not_found", which is not allowed; give one of host_network, host_pid, process_namespace_refused, mirror_pod, windows, sandboxed_runtime, virtual_node, port_taken, job_needs_native_sidecar, resources_do_not_fit, pid1_in_pod, pid1_entrypoint, mount_path_taken, agent_waits_for_it, no_host.',
  ],
  [
    policy('  agent: {resources: {requests: {cpu: lots}}}'),
    'policy_invalid',
    'spec.agent.resources.requests.cpu',
    '6 (document 1): spec.agent.resources.requests.cpu is "lots", and must be a quantity such as 100m, 256Mi or 1.',
  ],
  [
    policy('  agent: {resources: {requests: {ephemeral-storage: 1K}}}'),
    'policy_invalid',
    'spec.agent.resources.requests.ephemeral-storage',
    '6 (document 1): spec.agent.resources.requests.ephemeral-storage is "1K", and must be a quantity such as 100m, 256Mi or 1.',
  ],
  [
    policy('  agent: {resources: {requests: {cpu: [1]}}}'),
    'policy_invalid',
    'spec.agent.resources.requests.cpu',
    '6 (document 1): spec.agent.resources.requests.cpu is a list, and must be text or a number; give text or a number.',
  ],
  [
    policy('  agent: {resources: {request: {cpu: 1}}}'),
    'policy_invalid',
    'spec.agent.resources.request',
    '6 (document 1): spec.agent.resources.request is not a known field; did you mean requests? known are requests, limits.',
  ],
  [
    policy('  credentials: {secretRef: {name: a}}'),
    'policy_invalid',
    'spec.credentials.secretRef.key',
    '6 (document 1): spec.credentials.secretRef.key is missing; add it: Key in the Secret.',
  ],
  [
    policy('  credentials: {mirror: "yes"}'),
    'policy_invalid',
    'spec.credentials.mirror',
    '6 (document 1): spec.credentials.mirror is "yes", and must be true or false; give true or false.',
  ],
  [
    policy('').replace('{name: sysdig}', '{name: sysdig, settings: {region: [us2]}}'),
    'policy_invalid',
    'spec.profile.settings.region',
    '5 (document 1): spec.profile.settings.region is a list, and must be text or a number or true or false; give text or a number or true or false.',
  ],
  [
    policy('  agent:'),
    'policy_invalid',
    'spec.agent',
    '6 (document 1): spec.agent is empty, and must be a mapping; give a mapping.',
  ],
  [
    `${group}\nkind: InstrumentationProfile\nmetadata: {name: acme}\nspec: {}`,
    'profile_invalid',
    'spec.version',
    '4 (document 1): spec.version is missing; add it: Version of this recipe; it is stamped on pods.',
  ],
  [
    profile('  image: a\n  volume: {name: v, mountPath: /v, sizeLimit: 1ki, imageVolume: {}}'),
    'profile_invalid',
    'spec.volume.sizeLimit',
    '7 (document 1): spec.volume.sizeLimit is "1ki", and must be a quantity such as 100m, 256Mi or 1.',
  ],
  [
    profile('  env: [{name: A, valeu: x}]'),
    'profile_invalid',
    'spec.env[0].valeu',
    '6 (document 1): spec.env[0].valeu is not a known field; did you mean value? known are name, value, fromField, fromSecret, when.',
  ],
  [
    profile('  env: [{name: "A B", value: x}]'),
    'profile_invalid',
    'spec.env[0].name',
    '6 (document 1): spec.env[0].name is "A B", and must be an environment variable’s name.',
  ],
  [
    profile('  wrapper: {argv: [/w, {value: x}]}'),
    'profile_invalid',
    'spec.wrapper.argv[1].when',
    '6 (document 1): spec.wrapper.argv[1].when is missing; add it: When the part is used. Every field that is given must hold.',
  ],
  [
    profile('  wrapper: {argv: [/w, 5]}'),
    'profile_invalid',
    'spec.wrapper.argv[1]',
    '6 (document 1): spec.wrapper.argv[1] is 5, and must be text or a mapping; put it in quotes.',
  ],
  [
    profile('  volume: {name: v, mountPath: /v, copy: {name: c}}'),
    'profile_invalid',
    'spec.volume.copy',
    '6 (document 1): spec.volume.copy is not valid: give either from or command.',
  ],
  [
    profile('  volume: {name: v, mountPath: v}'),
    'profile_invalid',
    'spec.volume.mountPath',
    '6 (document 1): spec.volume.mountPath is "v", and must be an absolute path without a colon.',
  ],
  [
    profile('  settings: {Region: {description: x}}'),
    'profile_invalid',
    'spec.settings.Region',
    '6 (document 1): spec.settings.Region has a name that is not allowed: it must be letters and digits, with a lower case letter first.',
  ],
  [
    profile('  sidecar: {name: s, resources: {}, ports: [99999]}'),
    'profile_invalid',
    'spec.sidecar.ports[0]',
    '6 (document 1): spec.sidecar.ports[0] is 99999; give at most 65535.',
  ],
  [
    profile('  skipWhen: [hostnetwork]'),
    'profile_invalid',
    'spec.skipWhen[0]',
    '6 (document 1): spec.skipWhen[0] is "hostnetwork", which is not allowed; did you mean host_network? give one of host_network, host_pid, process_namespace_refused, mirror_pod, windows, sandboxed_runtime, virtual_node.',
  ],
  [
    imageMap('{a: {Entrypoint: [x]}}'),
    'image_map_invalid',
    'images.a.Entrypoint',
    '3 (document 1): images.a.Entrypoint is not a known field; did you mean entrypoint? known are entrypoint, cmd.',
  ],
  [
    imageMap('{a: {entrypoint: x}}'),
    'image_map_invalid',
    'images.a.entrypoint',
    '3 (document 1): images.a.entrypoint is "x", and must be a list or nothing; give a list or nothing.',
  ],
  [
    `${group}\nkind: ImageMap`,
    'image_map_invalid',
    'images',
    '1 (document 1): images is missing; add it: By image reference, as it stands in pods: what the image starts.',
  ],
  [
    imageMap('{"a b": {}}'),
    'image_map_invalid',
    'images["a b"]',
    '3 (document 1): images["a b"] has a name that is not allowed: it must be an image reference without blanks.',
  ],
  [
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: true}}',
    'document_invalid',
    'metadata.labels.x',
    '3 (document 1): metadata.labels.x is true, and must be text; put it in quotes.',
  ],
  [
    `${policy('')}---\n${policy('')}`,
    'policy_invalid',
    'metadata.name',
    '10 (document 2): metadata.name repeats InstrumentationPolicy p of f.yaml:3; take one of the two out or name it differently.',
  ],
  [
    `${imageMap('{a: {}}')}---\n${imageMap('{a: {}}')}`,
    'image_map_invalid',
    'images.a',
    '7 (document 2): images.a repeats image a of f.yaml:3; take one of the two out or name it differently.',
  ],
];

t.test('each malformed configuration is told with file, line, field and remedy', (t) => {
  for (const [text, code, field, message] of malformed) {
    const { problems } = parse(text);
    t.equal(problems.length, 1, message);
    t.equal(problems[0]?.message, `f.yaml:${message}`);
    t.equal(problems[0]?.code, code, message);
    t.equal(problems[0]?.field, field, message);
    t.equal(problems[0]?.file, 'f.yaml');
  }
  t.end();
});

t.test('several mistakes are all told, and what is right beside them is kept', (t) => {
  const { configuration, problems } = parse(
    `${policy('  mode: Of\n  prefers: Security\n  optOut: 1', 'bad')}---\n[\n---\n${policy('', 'good')}`,
  );
  t.strictSame(
    problems.map(({ field }) => field),
    [undefined, 'spec.mode', 'spec.optOut', 'spec.prefers'],
  );
  t.strictSame(
    configuration.policies.map(({ policy }) => policy.metadata.name),
    ['good'],
  );
  t.end();
});

t.test('E41: an invalid policy with a name is handed on as it was written, with what is wrong', (t) => {
  for (const spec of ['  mode: x', '  prefer: security', '  prefers: Security', '  match: everything', '  macth: {}']) {
    const { configuration, problems } = parse(policy(spec));
    t.strictSame(configuration.policies, []);
    const [invalid] = configuration.invalidPolicies;
    t.match(invalid, { name: 'p', file: 'f.yaml', line: 1, document: { metadata: { name: 'p' } } }, spec);
    t.equal(invalid?.error, problems[0]);
  }
  t.match(parse(policy('').replace('v1alpha1', 'v1')).configuration.invalidPolicies, [{ name: 'p' }]);
  t.match(parse(`${group}\nkind: InstrumentationPolicy\nmetadata: {name: p}`).configuration.invalidPolicies, [
    { name: 'p' },
  ]);
  t.strictSame(
    parse(policy('', 'No_Name')).configuration.invalidPolicies,
    [],
    'without a name there is nobody to tell',
  );
  t.end();
});

t.test('what would take the process down is refused before it is parsed', (t) => {
  for (const text of ['- '.repeat(300_000), ' '.repeat(2_000_000), '? '.repeat(300_000), '---\n'.repeat(20_000)]) {
    t.match(parse(text).problems, [{ code: 'document_invalid', file: 'f.yaml' }]);
  }
  for (const text of ['['.repeat(20_000), '{a: '.repeat(20_000), 'a: &a {b: *a, c: *a}']) {
    t.ok(parse(text).problems.length > 0);
  }
  const entries = Array.from({ length: 20_000 }, (_, index) => `  "image:${index}": {cmd: [x]}`);
  const large = parse(`${group}\nkind: ImageMap\nimages:\n${entries.join('\n')}`);
  t.strictSame(large.problems, []);
  t.equal(large.configuration.images.size, 20_000);
  t.end();
});

t.test('lines are right behind aliases and for what is not there', (t) => {
  const text = `${group}\nkind: ImageMap\nimages:\n  a: &a\n    cmd: [x]\n    comand: [y]\n  b: *a\n`;
  t.match(
    parse(text).problems.map(({ message }) => message),
    [/^f\.yaml:6 .*images\.a\.comand .*; did you mean cmd|^f\.yaml:6 .*known are entrypoint, cmd/, /^f\.yaml:6 /],
  );
  t.end();
});

t.test('an image map as JSON', (t) => {
  const text = '{"ghcr.io/acme/app:1": {"entrypoint": ["/app"], "cmd": ["serve"]}, "b": {"entrypoint": null}}';
  t.strictSame(
    [...parseImageMapJson(text, 'i.json')],
    [
      ['ghcr.io/acme/app:1', { entrypoint: ['/app'], cmd: ['serve'] }],
      ['b', { entrypoint: [], cmd: [] }],
    ],
  );
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /^i\.json: is empty; give one JSON object/],
    ['{}\n---\n{}', /^i\.json: has more than one document; give one JSON object/],
    ['{"a": ', /^i\.json:1 \(document 1\): is not valid YAML: .*; fix the syntax\.$/],
    ['[]', /^i\.json:1 \(document 1\): the document is a list, and must be a mapping; give a mapping\.$/],
    ['{"a": {"entrypoint": "/app"}}', /a\.entrypoint is "\/app", and must be a list or nothing; give a list/],
    ['{\n"a": {"Entrypoint": []}}', /^i\.json:2 .*a\.Entrypoint is not a known field; did you mean entrypoint\?/],
    ['{"a": {}, "a": {}}', /has the key "a" twice; take one out/],
    ['{"a": {"cmd": [1]}}', /a\.cmd\[0\] is 1, and must be text; put it in quotes/],
  ];
  for (const [input, message] of wrong) {
    t.throws(() => parseImageMapJson(input, 'i.json'), { code: 'image_map_invalid', file: 'i.json', message }, input);
  }
  t.end();
});

t.test(
  'no text and no document makes the reader throw, and each problem names its file and ends as a sentence',
  (t) => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'spec',
        ': ',
        '\n',
        '  ',
        '- ',
        '? ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '&a ',
        '*a',
        '|',
        '>',
        '"',
        "'",
        '#',
        '!x ',
        '---\n',
        '\t',
        '%',
        '<<',
        '1',
        'null',
        '\u0000',
        'é',
      ],
    );
    const values = fc.jsonValue({ maxDepth: 4 });
    const field = fc.constantFrom(
      ...[
        'mode',
        'prefer',
        'match',
        'containers',
        'profile',
        'agent',
        'settings',
        'wrapper',
        'volume',
        'env',
        'sidecar',
        'version',
        'x',
      ],
    );
    const document = fc.record(
      {
        apiVersion: fc.constantFrom('outrider.dev/v1alpha1', 'v1', 1),
        kind: fc.constantFrom(
          'InstrumentationPolicy',
          'InstrumentationProfile',
          'ImageMap',
          'Namespace',
          'toString',
          7,
        ),
        metadata: fc.oneof(fc.constant({ name: 'a' }), values),
        spec: fc.oneof(fc.dictionary(field, values), values),
        images: values,
      },
      { requiredKeys: ['kind'] },
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      fc
        .array(document, { minLength: 1, maxLength: 3 })
        .map((list) => list.map((one) => JSON.stringify(one)).join('\n---\n')),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const { message, file } of parse(input).problems) {
          if (file !== 'f.yaml' || !message.startsWith('f.yaml:') || !message.endsWith('.')) throw new Error(message);
          if (/undefined|\[object|NaN/.test(message)) throw new Error(message);
        }
      }),
      { numRuns: 400 },
    );
    t.pass('holds');
    t.end();
  },
);

t.test('of very many mistakes the first hundred are told, in linear time: found by fuzzing', (t) => {
  const images = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`image-${index}`, 'v']));
  const text = JSON.stringify({ apiVersion: 'outrider.dev/v1alpha1', kind: 'ImageMap', images });
  t.equal(parse(text).problems.length, 100);
  t.end();
});
