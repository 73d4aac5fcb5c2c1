import t from 'tap';
import { applySettings } from '../../../src/documents/configuration/set.js';
import { policySchema } from '../../../src/model/policy.js';
import { profileSchema } from '../../../src/model/profile.js';

const profile = profileSchema.parse({
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationProfile',
  metadata: { name: 'acme' },
  spec: {
    version: '1',
    settings: {
      region: { description: 'a region' },
      port: { type: 'integer', description: 'a port' },
      debug: { type: 'boolean', description: 'whether' },
    },
  },
});
const spec = { profile: { name: 'acme', settings: { region: 'eu' } }, mode: 'Report' };

t.test('settings are read as the profile’s types', (t) => {
  t.strictSame(applySettings(spec, ['region=7', 'port=6443', 'debug=true'], profile), {
    profile: { name: 'acme', settings: { region: '7', port: 6443, debug: true } },
    mode: 'Report',
  });
  t.strictSame(applySettings(spec, ['region=a=b', 'region=us', 'port='], profile), {
    profile: { name: 'acme', settings: { region: 'us', port: '' } },
    mode: 'Report',
  });
  t.strictSame(applySettings({ profile: { name: 'acme' } }, ['region=us'], profile), {
    profile: { name: 'acme', settings: { region: 'us' } },
  });
  t.strictSame(spec, { profile: { name: 'acme', settings: { region: 'eu' } }, mode: 'Report' }, 'the input stays');
  t.end();
});

t.test('fields of the policy are read as the schema’s types', (t) => {
  const set = applySettings(
    spec,
    [
      'spec.capability=Never',
      'spec.precedence=100',
      'spec.credentials.mirror=true',
      'spec.containers.include=app,worker-*',
      'spec.containers.cover=["Main", "Init"]',
      'spec.agent.imagePullSecrets=',
      'spec.agent.resources.requests.cpu=200m',
      'spec.match.podSelector.matchLabels.version=1',
      'spec.match.namespaceSelector.matchLabels.outrider\\.dev/inject=enabled',
      'spec.match.podSelector={matchLabels: {app: web}}',
      'spec.mode=Inject',
    ],
    profile,
  );
  t.strictSame(set, {
    profile: { name: 'acme', settings: { region: 'eu' } },
    mode: 'Inject',
    capability: 'Never',
    precedence: 100,
    credentials: { mirror: true },
    containers: { include: ['app', 'worker-*'], cover: ['Main', 'Init'] },
    agent: { imagePullSecrets: [], resources: { requests: { cpu: '200m' } } },
    match: {
      podSelector: { matchLabels: { app: 'web' } },
      namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled' } },
    },
  });
  t.ok(
    policySchema.safeParse({
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'InstrumentationPolicy',
      metadata: { name: 'p' },
      spec: set,
    }).success,
  );
  t.end();
});

t.test('what cannot be set says what can', (t) => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['region', 'usage', /^--set region is no assignment; write key=value, such as region=us2\.$/],
    ['=x', 'usage', /is no assignment/],
    [
      'regoin=us',
      'settings_invalid',
      /^--set regoin: spec\.profile\.settings\.regoin .*did you mean region\? it has region, port, debug; a field/,
    ],
    ['toString=x', 'settings_invalid', /is not a setting of profile acme/],
    ['port=high', 'settings_invalid', /settings\.port is "high"; give a whole number\.$/],
    ['debug=yes', 'settings_invalid', /settings\.debug is "yes"; give true or false\.$/],
    [
      'spec.capabilty=Never',
      'settings_invalid',
      /is not a field of a policy; did you mean capability\? known there are mode,/,
    ],
    [
      'spec.agent.img=x',
      'settings_invalid',
      /did you mean|known there are image, imagePullSecrets, mirrorPullSecrets, resources, allowOverride, copyResources, placement/,
    ],
    ['spec.precedence=high', 'settings_invalid', /spec\.precedence is "high"; give a value of type integer\.$/],
    ['spec.precedence=[', 'settings_invalid', /give a value of type integer/],
    ['spec.precedence=*a', 'settings_invalid', /give a value of type integer/],
    ['spec.match=x', 'settings_invalid', /spec\.match is "x"; give a value of type object\.$/],
    ['spec.=x', 'settings_invalid', /is not a field of a policy/],
    ['spec.match.podSelector.matchLabels.__proto__=x', 'settings_invalid', /is never set; take it out/],
  ];
  for (const [assignment, code, message] of cases) {
    t.throws(() => applySettings(spec, [assignment], profile), { code, message }, assignment);
  }
  t.end();
});
