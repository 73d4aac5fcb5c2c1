import { readFileSync } from 'node:fs';
import t from 'tap';
import { profileSchema, type Profile, type ProfileInput } from '../../src/model/profile.js';
import { checkProfile } from '../../src/profile/check.js';
import { resourcesProblem } from '../../src/profile/resources.js';
import { matchesPattern, patternProblem } from '../../src/profile/pattern.js';
import { profileReference } from '../tools/profile-reference.js';
import { builtInProfiles, findProfile, profileRegistry } from '../../src/profile/registry.js';
import { renderRecipe } from '../../src/profile/render.js';
import { parseConfiguration } from '../../src/documents/configuration/configuration.js';

function own(spec: Partial<ProfileInput['spec']>, name = 'acme'): Profile {
  return profileSchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name },
    spec: { version: '1', ...spec },
  });
}

const text = { description: 'some text' };
const resources = { requests: { cpu: '100m', memory: '64Mi' } };
const sidecar = { name: 'agent', image: 'agent:1', resources };

t.test('the built-in profiles have nothing wrong with them', (t) => {
  for (const profile of builtInProfiles()) t.strictSame(checkProfile(profile), [], profile.metadata.name);
  t.strictSame(
    builtInProfiles().map(({ metadata }) => metadata.name),
    ['sysdig', 'datadog', 'datadog-node'],
  );
  t.end();
});

t.test('a request in a unit that a number cannot hold is compared exactly', (t) => {
  const problemOf = (request: string, limit: string) =>
    resourcesProblem({ requests: { ...resources.requests, cpu: request }, limits: { cpu: limit } })?.field;
  t.equal(problemOf('9007199254740993', '9007199254740992'), 'requests.cpu');
  t.equal(problemOf('1', '1.'), undefined);
  t.equal(problemOf('.5', '500m'), undefined);
  t.equal(problemOf('1n', '1u'), undefined);
  t.equal(problemOf('1u', '1n'), 'requests.cpu');
  t.equal(problemOf('0.0e3', '1'), 'requests.cpu', 'zero, however it is written');
  t.end();
});

t.test('each mistake that the schema cannot see is told with its field and remedy', (t) => {
  const cases: readonly (readonly [Partial<ProfileInput['spec']>, string, RegExp])[] = [
    [
      { env: [{ name: 'A', value: '${settings.regoin}' }], settings: { region: text } },
      'spec.env[0].value',
      /did you mean region\? add it there/,
    ],
    [
      { env: [{ name: 'A', value: '${nonsense}' }] },
      'spec.env[0].value',
      /has \$\{nonsense\}, which is nothing known; use/,
    ],
    [
      { env: [{ name: 'A', value: 'x ${settings.a' }] },
      'spec.env[0].value',
      /has \$\{settings\.a, which is nothing known/,
    ],
    [{ env: [{ name: 'A' }] }, 'spec.env[0]', /exactly one of value, fromField and fromSecret/],
    [{ env: [{ name: 'A', value: 'x', fromField: 'spec.nodeName' }] }, 'spec.env[0]', /exactly one/],
    [{ env: [{ name: 'ACME_API_KEY', value: 'x' }] }, 'spec.env[0].value', /plain text; use fromSecret: credentials/],
    [{ env: [{ name: 'A', value: 'x', when: { setting: 'b' } }] }, 'spec.env[0].when.setting', /names the setting b/],
    [
      { env: [{ name: 'A', value: 'x', when: { equals: true } }] },
      'spec.env[0].when.equals',
      /needs setting beside it/,
    ],
    [
      {
        settings: { a: { ...text, enum: ['x'] } },
        env: [{ name: 'A', value: 'x', when: { setting: 'a', equals: 'y' } }],
      },
      'spec.env[0].when.equals',
      /is "y", which is not allowed; give one of x/,
    ],
    [{ settings: { apiKey: text } }, 'spec.settings.apiKey', /named like a secret/],
    [{ settings: { agentToken: text } }, 'spec.settings.agentToken', /named like a secret/],
    [
      { settings: { a: { ...text, enum: ['x'], default: 'y' } } },
      'spec.settings.a.default',
      /is "y", which is not allowed; give one of x/,
    ],
    [{ settings: { a: { ...text, type: 'integer', default: 'y' } } }, 'spec.settings.a.default', /whole number/],
    [{ settings: { a: { ...text, type: 'boolean', enum: ['y'] } } }, 'spec.settings.a.enum[0]', /true or false/],
    [{ settings: { a: { ...text, pattern: '(' } } }, 'spec.settings.a.pattern', /is not a regular expression/],
    [
      { settings: { a: { ...text, pattern: '(a+)+' } } },
      'spec.settings.a.pattern',
      /repeats a group that itself repeats/,
    ],
    [{ settings: { a: { ...text, type: 'integer', pattern: '1' } } }, 'spec.settings.a.pattern', /is for text/],
    [
      { settings: { a: { ...text, type: 'integer', minimum: 2, maximum: 1 } } },
      'spec.settings.a.minimum',
      /is above maximum/,
    ],
    [
      { settings: { a: { ...text, lookup: { setting: 'b', table: {} } } } },
      'spec.settings.a.lookup.setting',
      /names the setting b/,
    ],
    [{ settings: { a: { ...text, lookup: { setting: 'a' } } } }, 'spec.settings.a.lookup.setting', /break the circle/],
    [
      { settings: { a: { ...text, type: 'integer', lookup: { setting: 'b', table: {} } }, b: text } },
      'spec.settings.a.lookup.table',
      /make it a string/,
    ],
    [
      { settings: { a: { ...text, pattern: '[a-z]+', lookup: { setting: 'b', table: { x: '9' } } }, b: text } },
      'spec.settings.a.lookup.table.x',
      /does not match/,
    ],
    [{ env: [{ name: 'A', fromField: 'spec.node' }] }, 'spec.env[0].fromField', /such as spec\.nodeName/],
    [{ capabilities: ['CAP_SYS_PTRACE'] }, 'spec.capabilities[0]', /such as SYS_PTRACE/],
    [{ credentials: { name: 'A b', key: 'k' } }, 'spec.credentials.name', /name of a Secret/],
    [{ credentials: { name: 'a', key: 'k/1' } }, 'spec.credentials.key', /key of the Secret/],
    [{ hostVolumes: [{ name: 'a', path: '/a', type: 'Flie' }] }, 'spec.hostVolumes[0].type', /did you mean File\?/],
    [
      { sidecar: { ...sidecar, resources: { requests: { ...resources.requests, cpus: '1' } } } },
      'spec.sidecar.resources.requests.cpus',
      /did you mean cpu\?/,
    ],
    [
      { image: 'a', sidecar, volume: { name: 'v', mountPath: '/v', copy: { name: 'agent', from: '/v' } } },
      'spec.sidecar.name',
      /rename one/,
    ],
    [{ wrapper: { argv: ['wrap'] } }, 'spec.wrapper.argv[0]', /absolute path/],
    [{ wrapper: { argv: ['/a//bin/../wrap'] } }, 'spec.wrapper.argv[0]', /write the path as \/a\/wrap/],
    [
      { wrapper: { argv: [{ value: '/w', when: { prefer: 'Security' } }] } },
      'spec.wrapper.argv[0]',
      /without a condition/,
    ],
    [
      { image: 'a', wrapper: { argv: ['/opt/w'] }, volume: { name: 'v', mountPath: '/acme', imageVolume: {} } },
      'spec.wrapper.argv[0]',
      /outside spec\.volume\.mountPath \/acme/,
    ],
    [{ image: 'a', volume: { name: 'v', mountPath: '/acme' } }, 'spec.volume', /nothing fills it/],
    [{ volume: { name: 'v', mountPath: '/acme', imageVolume: {} } }, 'spec.image', /name the agent’s image/],
    [
      { image: 'a', volume: { name: 'v', mountPath: '/', imageVolume: {} } },
      'spec.volume.mountPath',
      /a folder of its own/,
    ],
    [{ image: 'a:${settings.b}' }, 'spec.image', /names the setting b/],
    [{ sidecar: { name: 's', resources } }, 'spec.sidecar.image', /give one of them/],
    [{ sidecar: { ...sidecar, resources: {} } }, 'spec.sidecar.resources.requests.cpu', /such as 100m/],
    [
      { sidecar: { ...sidecar, ports: [{ setting: 'b', default: 1 }] } },
      'spec.sidecar.ports[0].setting',
      /names the setting b/,
    ],
    [{ sidecar: { ...sidecar, runAs: 'Workload', runAsUser: 5 } }, 'spec.sidecar.runAsUser', /take one out/],
    [
      {
        containers: [{ containers: ['*'], mounts: [{ volume: 'prco', mountPath: '/p' }] }],
        hostVolumes: [{ name: 'proc', path: '/proc' }],
      },
      'spec.containers[0].mounts[0].volume',
      /did you mean proc\?/,
    ],
    [
      {
        hostVolumes: [
          { name: 'a', path: '/a' },
          { name: 'a', path: '/b' },
        ],
      },
      'spec.hostVolumes[1].name',
      /its own name/,
    ],
  ];
  for (const [spec, field, message] of cases) {
    const problems = checkProfile(own(spec), 'acme.yaml');
    t.equal(problems.length, 1, field);
    t.match(problems[0], { code: 'profile_invalid', field, file: 'acme.yaml', message });
    t.ok(problems[0]?.message.startsWith(`acme.yaml: profile acme: ${field} `), field);
  }
  t.strictSame(checkProfile(own({ wrapper: { argv: ['/in/the/image'] } })), [], 'a wrapper needs no volume');
  t.end();
});

t.test('patterns that may never end are refused, common ones are not', (t) => {
  const bad = [
    '(a+)+',
    '(a|a)*',
    '(a*){2,}',
    '((ab)+c)*',
    '(.+){9}',
    '(?=a)b',
    '(?<!a)b',
    '(a)\\1',
    '.*.*.*.*',
    '[',
    'a'.repeat(300),
  ];
  for (const pattern of bad) t.type(patternProblem(pattern), 'string', pattern);
  const good = [
    '[a-z]+',
    '(a|b)',
    '(us|eu)[0-9]',
    '[A-Za-z0-9.-]{1,253}',
    '(ab)?c*',
    '(?:ab)*',
    '\\d+\\.\\d+',
    '[(+*]+',
    '\\(+a',
    '(a@b{3})?',
  ];
  for (const pattern of good) t.equal(patternProblem(pattern), undefined, pattern);
  t.ok(matchesPattern('a|b', 'b'));
  t.notOk(matchesPattern('a|b', 'ab'), 'the whole value counts');
  t.notOk(matchesPattern('a*', 'a'.repeat(2000)), 'a long value is not even tried');
  t.end();
});

t.test('a user’s profile stands beside the built-in ones and never in their place', (t) => {
  const registry = profileRegistry([
    { profile: own({}, 'acme'), file: 'a.yaml' },
    { profile: own({}, 'sysdig'), file: 'b.yaml' },
    { profile: own({}, 'acme'), file: 'c.yaml' },
    { profile: own({ env: [{ name: 'A' }] }, 'broken') },
    { profile: own({}, 'datadog') },
  ]);
  t.strictSame([...registry.profiles.keys()], ['sysdig', 'datadog', 'datadog-node', 'acme']);
  t.equal(registry.profiles.get('sysdig'), builtInProfiles()[0]);
  t.strictSame(
    registry.problems.map(({ message }) => message),
    [
      'b.yaml: metadata.name is sysdig, the name of a built-in profile; give the profile a name of its own.',
      'c.yaml: metadata.name is acme, the name of another profile; give the profile a name of its own.',
      'profile broken: spec.env[0] needs exactly one of value, fromField and fromSecret.',
      'metadata.name is datadog, the name of a built-in profile; give the profile a name of its own.',
    ],
  );
  t.throws(() => findProfile(registry, 'sysdgi'), {
    code: 'profile_unknown',
    field: 'spec.profile.name',
    message:
      'spec.profile.name is sysdgi, and there is no such profile; did you mean sysdig? there are sysdig, datadog, datadog-node, acme.',
  });
  t.end();
});

t.test('the example of docs/profiles.md loads and renders', (t) => {
  const name = 'deploy/examples/custom-profile.yaml';
  const example = readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const { configuration, problems } = parseConfiguration([{ name, text: example }]);
  t.strictSame(problems, []);
  const registry = profileRegistry(configuration.profiles);
  t.strictSame(registry.problems, []);
  const [configured] = configuration.policies;
  if (configured === undefined) throw new Error('the example has no policy');
  const { spec } = configured.policy;
  const profile = findProfile(registry, spec.profile.name);
  const recipe = renderRecipe(profile, spec);
  t.strictSame(recipe.wrapper, ['/acme/bin/guard', 'run', '--quiet', '--']);
  t.match(recipe, {
    capabilities: ['SYS_PTRACE'],
    env: [{ name: 'ACME_GUARD', value: 'enabled' }],
    volume: { copy: { image: 'registry.acme.example/guard:2.4.0', toolsName: 'acme-guard-copy-tools', from: '/acme' } },
    sidecar: {
      argv: ['/acme/bin/agent'],
      env: [
        { name: 'ACME_API_KEY', valueFrom: { secretKeyRef: { name: 'acme-guard', key: 'api-key', optional: true } } },
        { name: 'ACME_ENDPOINT', value: 'https://intake.eu.acme.example' },
        { name: 'ACME_NODE' },
        { name: 'ACME_DROP_EVENTS' },
      ],
      ports: [{ number: 9321, protocol: 'TCP', setting: 'port' }],
    },
  });
  const strict = renderRecipe(profile, {
    ...spec,
    prefer: 'Security',
    profile: { name: 'acme', settings: { endpoint: 'acme.internal', port: 9400, quiet: false } },
  });
  t.strictSame(strict.wrapper, ['/acme/bin/guard', 'run', '--wait-for-agent', '--agent=localhost:9400', '--']);
  t.match(strict.sidecar?.ports, [{ number: 9400 }]);
  t.match(readFileSync(new URL('../../../docs/profiles.md', import.meta.url), 'utf8'), name);
  t.end();
});

t.test('the worked example of test/agent is a valid profile', (t) => {
  const name = 'test/agent/profile.yaml';
  const text = readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const { configuration, problems } = parseConfiguration([{ name, text }]);
  const registry = profileRegistry(configuration.profiles);
  t.strictSame([...problems, ...registry.problems], []);
  const { metadata, spec } = findProfile(registry, 'stand-in');
  t.strictSame([metadata.name, spec.sidecar?.argv], ['stand-in', ['/stand-in', 'agent']]);
  t.end();
});

t.test('the reference lists each setting of each profile', (t) => {
  const reference = profileReference(builtInProfiles());
  for (const profile of builtInProfiles()) {
    t.match(reference, `## ${profile.metadata.name}\n`);
    for (const setting of Object.keys(profile.spec.settings)) t.match(reference, `| \`${setting}\` |`);
  }
  t.match(reference, '| `collectorPort` | integer | `6443` | 1 to 65535 | The port of the collector. |');
  t.match(reference, '| `us2` | `ingest-us2.app.sysdig.com` |');
  t.match(reference, '| `tracerVersion` | string | follows `version`, else `7.81.1` |');
  t.match(reference, 'Secret `sysdig-agent`, key `access-key`');
  t.end();
});
