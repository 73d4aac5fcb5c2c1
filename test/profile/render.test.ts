import fc from 'fast-check';
import t, { type Test } from 'tap';
import { OutriderError } from '../../src/model/error.js';
import { policySchema, type PolicySpec } from '../../src/model/policy.js';
import { profileSchema, type Profile, type ProfileInput } from '../../src/model/profile.js';
import type { Recipe, RecipeEnv } from '../../src/model/recipe.js';
import { checkProfile } from '../../src/profile/check.js';
import { builtInProfiles, findProfile, profileRegistry } from '../../src/profile/registry.js';
import { renderRecipe } from '../../src/profile/render.js';

const prefers = ['Availability', 'Security'] as const;

const registry = profileRegistry();
const sysdig = findProfile(registry, 'sysdig');
const datadog = findProfile(registry, 'datadog');

function policy(name: string, spec: object = {}): PolicySpec {
  return policySchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: 'test' },
    spec: { profile: { name }, ...spec },
  }).spec;
}

function withSettings(name: string, settings: object, spec: object = {}): PolicySpec {
  return policy(name, { ...spec, profile: { name, settings } });
}

function own(spec: Partial<ProfileInput['spec']>): Profile {
  return profileSchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name: 'acme' },
    spec: { version: '1', ...spec },
  });
}

function values(env: readonly RecipeEnv[] | undefined): Record<string, unknown> {
  return Object.fromEntries((env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}

function problem(t: Test, render: () => Recipe): OutriderError {
  try {
    render();
  } catch (error) {
    if (error instanceof OutriderError) return error;
    throw error;
  }
  t.fail('renders');
  return new OutriderError('internal', 'renders');
}

t.test('sysdig is the recipe of the vendor’s manual', (t) => {
  const recipe = renderRecipe(sysdig, withSettings('sysdig', { region: 'us2' }));
  t.strictSame(recipe, {
    profile: 'sysdig',
    version: '2',
    prefer: 'Availability',
    shareProcessNamespace: true,
    capabilities: ['SYS_PTRACE'],
    wrapper: ['/opt/draios/bin/instrument'],
    volume: {
      name: 'sysdig-workload-agent',
      mountPath: '/opt/draios',
      sizeLimit: '1Gi',
      programs: [{ name: 'sysdig-workload-agent-bin', folder: 'bin' }],
      copy: {
        image: 'quay.io/sysdig/workload-agent:6.3.0',
        name: 'sysdig-workload-agent-copy',
        toolsName: 'sysdig-workload-agent-tools',
        from: '/opt/draios',
        command: undefined,
      },
      imageVolume: {
        image: 'quay.io/sysdig/workload-agent:6.3.0',
        subPath: 'opt/draios',
        toolsName: 'sysdig-workload-agent-tools',
      },
    },
    env: [{ name: 'SYSDIG_SIDECAR', value: 'auto' }],
    reservedEnv: recipe.reservedEnv,
    hosts: ['ingest-us2.app.sysdig.com'],
    containers: [],
    hostVolumes: [],
    sidecar: {
      name: 'sysdig-workload-agent',
      image: 'quay.io/sysdig/workload-agent:6.3.0',
      argv: undefined,
      env: [
        {
          name: 'SYSDIG_ACCESS_KEY',
          valueFrom: { secretKeyRef: { name: 'sysdig-agent', key: 'access-key', optional: true } },
        },
        { name: 'SYSDIG_COLLECTOR', value: 'ingest-us2.app.sysdig.com' },
        { name: 'SYSDIG_COLLECTOR_PORT', value: '6443' },
        { name: 'SYSDIG_PRIORITY', value: 'availability' },
        { name: 'SYSDIG_SIDECAR', value: 'auto' },
      ],
      ports: [{ number: 32000, protocol: 'TCP', setting: 'logListenPort' }],
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
      minimumLimits: { cpu: '100m', memory: '256Mi' },
      runAs: 'Own',
      readOnlyRootFilesystem: false,
    },
    skipWhen: recipe.skipWhen,
    imagePullSecrets: [],
    credentials: { name: 'sysdig-agent', key: 'access-key' },
  });
  t.ok(recipe.reservedEnv.has('SYSDIG_SIDECAR') && recipe.reservedEnv.has('__INSTRUMENTATION_WRAPPER'));
  t.ok(recipe.skipWhen.has('host_network') && recipe.skipWhen.has('windows'));
  t.end();
});

t.test('sysdig follows prefer, and its settings become variables', (t) => {
  const spec = withSettings(
    'sysdig',
    {
      region: 'ibm-private-us-south',
      collectorPort: 6444,
      version: '6.2.1',
      sidecar: 'force',
      priorityOnWorkload: true,
      logging: 'debug',
      workloadLogging: 'error',
      extraConf: '{"tags":"env:prod"}',
      instrumentationWrapper: '/opt/draios/bin/pdig,-C,-t,-1',
      logForward: false,
      logListenPort: 33000,
    },
    { prefer: 'Security' },
  );
  const recipe = renderRecipe(sysdig, spec);
  t.strictSame(values(recipe.env), {
    SYSDIG_SIDECAR: 'force',
    SYSDIG_PRIORITY: 'security',
    SYSDIG_LOGGING: 'error',
    __INSTRUMENTATION_WRAPPER: '/opt/draios/bin/pdig,-C,-t,-1',
    SYSDIG_ENABLE_LOG_FORWARD: 'false',
    SYSDIG_LOG_FORWARD_ADDR: 'localhost:33000',
    SYSDIG_LOG_LISTEN_PORT: '33000',
    SYSDIG_EXTRA_CONF: '',
  });
  t.strictSame(values(recipe.sidecar?.env), {
    SYSDIG_ACCESS_KEY: { secretKeyRef: { name: 'sysdig-agent', key: 'access-key', optional: false } },
    SYSDIG_COLLECTOR: 'ingest.private.us-south.monitoring.cloud.ibm.com',
    SYSDIG_COLLECTOR_PORT: '6444',
    SYSDIG_PRIORITY: 'security',
    SYSDIG_SIDECAR: 'force',
    SYSDIG_LOGGING: 'debug',
    SYSDIG_EXTRA_CONF: '{"tags":"env:prod"}',
    SYSDIG_ENABLE_LOG_FORWARD: 'false',
    SYSDIG_LOG_FORWARD_ADDR: 'localhost:33000',
    SYSDIG_LOG_LISTEN_PORT: '33000',
  });
  t.equal(recipe.sidecar?.image, 'quay.io/sysdig/workload-agent:6.2.1');
  t.match(recipe.sidecar?.ports, [{ number: 33000 }]);
  t.end();
});

t.test('each Sysdig region has the collector that the vendor documents', (t) => {
  const ibm = 'au-syd br-sao ca-mon ca-tor eu-de eu-gb in-che in-mum jp-osa jp-tok us-east us-south'.split(' ');
  const expected: Record<string, string> = {
    us1: 'collector.sysdigcloud.com',
    us2: 'ingest-us2.app.sysdig.com',
    eu1: 'ingest-eu1.app.sysdig.com',
    'jp1-alt': 'ingest-alt.jp1.sysdig.com',
  };
  for (const region of ['us3', 'us4', 'eu2', 'au1', 'in1', 'me2', 'jp1']) {
    expected[region] = `ingest.${region}.sysdig.com`;
  }
  for (const region of ibm) {
    expected[`ibm-${region}`] = `ingest.${region}.monitoring.cloud.ibm.com`;
    expected[`ibm-private-${region}`] = `ingest.private.${region}.monitoring.cloud.ibm.com`;
  }
  t.strictSame([...(sysdig.spec.settings['region']?.enum ?? [])].sort(), Object.keys(expected).sort());
  for (const [region, host] of Object.entries(expected)) {
    for (const prefer of prefers) {
      const recipe = renderRecipe(sysdig, withSettings('sysdig', { region }, { prefer }));
      t.equal(values(recipe.sidecar?.env)['SYSDIG_COLLECTOR'], host, region);
      t.equal(values(recipe.sidecar?.env)['SYSDIG_PRIORITY'], prefer.toLowerCase());
    }
  }
  const both = renderRecipe(sysdig, withSettings('sysdig', { region: 'us1', collector: 'proxy.acme.example' }));
  t.equal(values(both.sidecar?.env)['SYSDIG_COLLECTOR'], 'proxy.acme.example', 'collector wins');
  const alone = renderRecipe(sysdig, withSettings('sysdig', { region: '', collector: 'onprem.acme.example' }));
  t.equal(values(alone.sidecar?.env)['SYSDIG_COLLECTOR'], 'onprem.acme.example', 'a blank counts as not given');
  t.end();
});

t.test('datadog is the recipe of the vendor’s manual', (t) => {
  const recipe = renderRecipe(datadog, policy('datadog'));
  t.strictSame(recipe.wrapper, ['/cws-instrumentation-volume/cws-instrumentation', 'trace', '--async', '--']);
  t.strictSame(recipe.volume, {
    name: 'cws-instrumentation-volume',
    mountPath: '/cws-instrumentation-volume',
    sizeLimit: '1Gi',
    programs: [],
    copy: {
      image: 'public.ecr.aws/datadog/cws-instrumentation:7.81.1',
      name: 'cws-instrumentation-init',
      toolsName: 'cws-instrumentation-init-tools',
      from: undefined,
      command: ['/cws-instrumentation', 'setup', '--cws-volume-mount', '/cws-instrumentation-volume'],
    },
    imageVolume: {
      image: 'public.ecr.aws/datadog/cws-instrumentation:7.81.1',
      subPath: undefined,
      toolsName: 'cws-instrumentation-volume-tools',
    },
  });
  t.strictSame(recipe.env, []);
  t.strictSame(recipe.capabilities, []);
  t.strictSame(recipe.sidecar, {
    name: 'datadog-agent',
    image: 'public.ecr.aws/datadog/agent:7.81.1',
    argv: undefined,
    env: [
      { name: 'DD_API_KEY', valueFrom: { secretKeyRef: { name: 'datadog-agent', key: 'api-key', optional: true } } },
      { name: 'DD_SITE', value: 'datadoghq.com' },
      { name: 'DD_KUBERNETES_KUBELET_NODENAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
      { name: 'DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_ENABLED', value: 'true' },
    ],
    ports: [
      { number: 5678, protocol: 'TCP', setting: 'probeAddress' },
      { number: 5000, protocol: 'TCP', setting: 'expvarPort' },
      { number: 5001, protocol: 'TCP', setting: 'commandPort' },
      { number: 8125, protocol: 'UDP', setting: 'dogstatsdPort' },
      { number: 8126, protocol: 'TCP', setting: 'apmPort' },
      { number: 6062, protocol: 'TCP', setting: 'processExpvarPort' },
      { number: 6162, protocol: 'TCP', setting: 'processCommandPort' },
    ],
    resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
    runAs: 'Own',
    readOnlyRootFilesystem: false,
    apiAccess: true,
  });
  t.end();
});

t.test('datadog follows prefer, and its settings become flags and variables', (t) => {
  const settings = {
    site: 'datadoghq.eu',
    clusterName: 'prod-1',
    eksFargate: true,
    version: '7.80.0',
    probeAddress: 'localhost:5700',
    uid: 0,
    gid: 1000,
    verbose: true,
    debug: false,
    disableProcScan: true,
    procScanRate: '500ms',
    disableSeccomp: true,
    remoteConfiguration: true,
    tags: 'env:prod team:a',
  };
  const recipe = renderRecipe(datadog, withSettings('datadog', settings, { prefer: 'Security' }));
  t.strictSame(recipe.wrapper, [
    '/cws-instrumentation-volume/cws-instrumentation',
    'trace',
    ...['--probe-addr', 'localhost:5700', '--uid', '0', '--gid', '1000', '--verbose', '--disable-proc-scan'],
    ...['--proc-scan-rate', '500ms', '--disable-seccomp', '--'],
  ]);
  t.match(values(recipe.sidecar?.env), {
    DD_API_KEY: { secretKeyRef: { optional: false } },
    DD_SITE: 'datadoghq.eu',
    DD_EKS_FARGATE: 'true',
    DD_CLUSTER_NAME: 'prod-1',
    DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_SOCKET: 'localhost:5700',
    DD_REMOTE_CONFIGURATION_ENABLED: 'true',
    DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED: 'true',
    DD_TAGS: 'env:prod team:a',
  });
  t.match(recipe.sidecar?.ports[0], { number: 5700 });
  t.equal(recipe.volume?.copy?.image, 'public.ecr.aws/datadog/cws-instrumentation:7.80.0', 'follows version');
  t.end();
});

t.test('a policy’s agent and credentials stand in for the profile’s', (t) => {
  const spec = withSettings(
    'sysdig',
    { region: 'us1' },
    {
      agent: {
        image: 'registry.acme.example/agent@sha256:00',
        imagePullSecrets: ['pull'],
        resources: { limits: { memory: '1Gi' } },
      },
      credentials: { secretRef: { name: 'acme', key: 'token' } },
    },
  );
  const asked: string[] = [];
  const recipe = renderRecipe(sysdig, spec, {
    argvOf: (image) => {
      asked.push(image);
      return ['/agent', 'run'];
    },
  });
  t.equal(recipe.sidecar?.image, 'registry.acme.example/agent@sha256:00');
  t.equal(recipe.volume?.copy?.image, 'registry.acme.example/agent@sha256:00');
  t.equal(recipe.volume?.imageVolume?.image, 'registry.acme.example/agent@sha256:00');
  t.strictSame(recipe.imagePullSecrets, ['pull']);
  t.strictSame(recipe.sidecar?.resources, {
    requests: { cpu: '100m', memory: '1Gi' },
    limits: { memory: '1Gi' },
  });
  t.strictSame(recipe.sidecar?.argv, ['/agent', 'run']);
  t.strictSame(asked, ['registry.acme.example/agent@sha256:00']);
  t.strictSame(recipe.credentials, { name: 'acme', key: 'token' });
  t.match(values(recipe.sidecar?.env)['SYSDIG_ACCESS_KEY'], { secretKeyRef: { name: 'acme', key: 'token' } });
  t.end();
});

t.test('wrong settings name the field, what is allowed and the near miss', (t) => {
  const cases: readonly (readonly [Profile, PolicySpec, string, RegExp])[] = [
    [
      sysdig,
      withSettings('sysdig', { region: 'us-2' }),
      'region',
      /is "us-2".*did you mean us2\? give one of us1, us2,/,
    ],
    [sysdig, withSettings('sysdig', { region: 'mars' }), 'region', /is "mars", which is not allowed; give one of us1/],
    [
      sysdig,
      withSettings('sysdig', { regoin: 'us2' }),
      'regoin',
      /is not a setting of profile sysdig; did you mean region\?/,
    ],
    [sysdig, policy('sysdig'), 'region', /is missing.*or spec\.profile\.settings\.collector: give one of us1/],
    [
      sysdig,
      withSettings('sysdig', { region: 'us2', version: 6.3 }),
      'version',
      /is the number 6\.3; put it in quotes/,
    ],
    [
      sysdig,
      withSettings('sysdig', { region: 'us2', collectorPort: '6443' }),
      'collectorPort',
      /"6443"; give a whole number/,
    ],
    [sysdig, withSettings('sysdig', { region: 'us2', collectorPort: 0 }), 'collectorPort', /is 0; give 1 or more/],
    [sysdig, withSettings('sysdig', { region: 'us2', collectorPort: 70000 }), 'collectorPort', /give 65535 or less/],
    [sysdig, withSettings('sysdig', { collector: 'https://x' }), 'collector', /does not match .*; give the host name/],
    [datadog, withSettings('datadog', { verbose: 'yes' }), 'verbose', /is "yes"; give true or false/],
    [datadog, withSettings('datadog', { tags: 'x'.repeat(5000) }), 'tags', /longer than 4096 characters/],
    [datadog, withSettings('datadog', { toString: 'x' }), 'toString', /is not a setting of profile datadog/],
  ];
  for (const [profile, spec, setting, message] of cases) {
    const error = problem(t, () => renderRecipe(profile, spec));
    t.equal(error.code, 'settings_invalid', setting);
    t.equal(error.field, `spec.profile.settings.${setting}`);
    t.match(error.message, message);
    t.ok(error.message.startsWith(`spec.profile.settings.${setting} `) && error.message.endsWith('.'));
  }
  t.end();
});

t.test('what a pod must not be given is refused', (t) => {
  const sidecar = { name: 'agent', image: 'agent', resources: {} };
  const noRequests = problem(t, () => renderRecipe(own({ sidecar }), policy('acme')));
  t.equal(noRequests.field, 'spec.agent.resources.requests.cpu');
  t.match(noRequests.message, /missing or zero.*100m/);
  const zero = { agent: { resources: { requests: { cpu: '0', memory: '0' } } } };
  t.equal(problem(t, () => renderRecipe(datadog, policy('datadog', zero))).field, 'spec.agent.resources.requests.cpu');
  const above = { agent: { resources: { requests: { memory: '1Gi' }, limits: { memory: '512Mi' } } } };
  t.match(
    problem(t, () => renderRecipe(datadog, policy('datadog', above))),
    {
      field: 'spec.agent.resources.requests.memory',
      message: /is 1Gi, above the limit 512Mi/,
    },
  );
  const resources = { requests: { cpu: '1', memory: '1' } };
  t.match(
    problem(t, () => renderRecipe(own({ sidecar: { name: 'agent', resources } }), policy('acme'))),
    {
      field: 'spec.agent.image',
      message: /names no image/,
    },
  );
  t.match(
    problem(t, () => renderRecipe(datadog, policy('datadog', { agent: { resources: { limits: { memroy: '1' } } } }))),
    { field: 'spec.agent.resources.limits.memroy', message: /did you mean memory\?/ },
  );
  t.match(
    problem(t, () => renderRecipe(datadog, policy('datadog', { agent: { image: 'an image' } }))),
    { field: 'spec.agent.image', message: /with a blank in it; give an image reference/ },
  );
  const secretRef = { name: 'a', key: 'a/b' };
  t.match(
    problem(t, () => renderRecipe(datadog, policy('datadog', { credentials: { secretRef } }))),
    { field: 'spec.credentials.secretRef.key', message: /give a key of the Secret/ },
  );
  const env = [{ name: 'KEY', fromSecret: 'credentials' as const }];
  t.match(
    problem(t, () => renderRecipe(own({ env }), policy('acme'))),
    {
      field: 'spec.credentials.secretRef',
      message: /name the Secret and the key/,
    },
  );
  t.match(
    problem(t, () => renderRecipe(own({ wrapper: { argv: ['/w', '${nonsense}'] } }), policy('acme'))),
    {
      code: 'profile_invalid',
      field: 'spec.wrapper.argv[1]',
      message: /names \$\{nonsense\}/,
    },
  );
  const settings = { where: { description: 'a place' } };
  t.match(
    problem(t, () => renderRecipe(own({ settings, wrapper: { argv: ['/w', '${settings.where}'] } }), policy('acme'))),
    {
      code: 'settings_invalid',
      field: 'spec.profile.settings.where',
      message: /give a place/,
    },
  );
  t.match(
    problem(t, () => renderRecipe(own({ wrapper: { argv: ['/w', '${settings.constructor}'] } }), policy('acme'))),
    {
      code: 'profile_invalid',
    },
  );
  t.end();
});

t.test('a profile may have any part and no other: a node agent, as data', (t) => {
  const node = own({
    settings: { remoteConfiguration: { type: 'boolean', description: 'whether rules come by themselves' } },
    containers: [
      {
        containers: ['system-probe', 'security-agent'],
        env: [
          { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
          { name: 'DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED', value: '${settings.remoteConfiguration}' },
        ],
        capabilities: ['SYS_ADMIN', 'SYS_PTRACE'],
        mounts: [
          { volume: 'debugfs', mountPath: '/sys/kernel/debug' },
          { volume: 'os-release', mountPath: '/host/etc/os-release', readOnly: true },
        ],
      },
      {
        containers: ['agent'],
        env: [{ name: 'DD_REMOTE_CONFIGURATION_ENABLED', value: '${settings.remoteConfiguration}' }],
      },
    ],
    hostVolumes: [
      { name: 'debugfs', path: '/sys/kernel/debug' },
      { name: 'os-release', path: '/etc/os-release', type: 'File' },
    ],
    skipWhen: [],
  });
  t.strictSame(checkProfile(node), []);
  const recipe = renderRecipe(node, withSettings('acme', { remoteConfiguration: true }));
  t.equal(recipe.wrapper, undefined);
  t.equal(recipe.sidecar, undefined);
  t.equal(recipe.volume, undefined);
  t.notOk('credentials' in recipe);
  t.equal(recipe.skipWhen.size, 0);
  t.strictSame(recipe.hostVolumes, [
    { name: 'debugfs', path: '/sys/kernel/debug' },
    { name: 'os-release', path: '/etc/os-release', type: 'File' },
  ]);
  t.match(recipe.containers, [
    {
      containers: ['system-probe', 'security-agent'],
      env: [{ value: 'true' }, { value: 'true' }],
      capabilities: ['SYS_ADMIN', 'SYS_PTRACE'],
      mounts: [
        { volume: 'debugfs', mountPath: '/sys/kernel/debug', readOnly: false },
        { volume: 'os-release', readOnly: true },
      ],
    },
    { containers: ['agent'], env: [{ name: 'DD_REMOTE_CONFIGURATION_ENABLED', value: 'true' }] },
  ]);
  t.end();
});

t.test('a sidecar’s uid, gid and user are data', (t) => {
  const resources = { requests: { cpu: '1', memory: '1' } };
  const sidecar = { name: 'agent', image: 'agent', resources, runAsUser: 100, runAsGroup: 0 };
  t.match(renderRecipe(own({ sidecar }), policy('acme')).sidecar, { runAs: 'Own', runAsUser: 100, runAsGroup: 0 });
  t.end();
});

/** Settings of a built-in profile, each given or not, each with a value that is allowed. */
function settingsOf(profile: Profile): fc.Arbitrary<object> {
  const byName = Object.entries(profile.spec.settings).map(([name, setting]) => {
    let value: fc.Arbitrary<string | number | boolean>;
    if (setting.enum !== undefined) value = fc.constantFrom(...setting.enum);
    else if (setting.type === 'boolean') value = fc.boolean();
    else if (setting.type === 'integer')
      value = fc.integer({ min: setting.minimum ?? 0, max: setting.maximum ?? 9999 });
    else if (setting.pattern !== undefined) value = fc.stringMatching(new RegExp(`^(?:${setting.pattern})$`, 'u'));
    else value = fc.string({ unit: fc.constantFrom('a', '1', ' ', '$', '(', ')', ':', '"', 'é'), maxLength: 20 });
    return [name, value] as const;
  });
  return fc.record(Object.fromEntries(byName), { requiredKeys: [] });
}

t.test('every built-in profile renders with any settings that are allowed, and leaves no template behind', (t) => {
  for (const profile of builtInProfiles()) {
    fc.assert(
      fc.property(settingsOf(profile), fc.constantFrom(...prefers), (settings, prefer) => {
        const base = profile.metadata.name === 'sysdig' ? { region: 'us2' } : {};
        const recipe = renderRecipe(profile, withSettings(profile.metadata.name, { ...base, ...settings }, { prefer }));
        const text = JSON.stringify(recipe);
        if (text.includes('${')) throw new Error(`a template stays: ${text}`);
        for (const env of [recipe.env, recipe.sidecar?.env ?? [], ...recipe.containers.map((part) => part.env)]) {
          const names = env.map(({ name }) => name);
          if (new Set(names).size !== names.length) throw new Error(`a variable twice: ${names.join()}`);
        }
        if (recipe.sidecar === undefined) return;
        // The access key is there by reference only, whatever the settings are.
        const key = recipe.sidecar.env.find(({ name }) => /(ACCESS|API)_KEY$/.test(name));
        if (key === undefined || 'value' in key) throw new Error('the key is not by reference');
      }),
      { numRuns: 200 },
    );
  }
  t.pass('holds');
  t.end();
});

t.test('text that a setting puts in is never read as a template, and $${ is a literal ${', (t) => {
  const settings = { free: { description: 'any text' } };
  const profile = own({ settings, env: [{ name: 'A', value: 'x$${y} ${settings.free} ${prefer}' }] });
  t.strictSame(checkProfile(profile), []);
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: fc.constantFrom('$', '{', '}', 'settings.free', 'prefer') }),
      (free) => {
        const [variable] = renderRecipe(profile, withSettings('acme', { free })).env;
        return variable?.['value'] === `x\${y} ${free} Availability`;
      },
    ),
  );
  t.pass('holds');
  t.end();
});

t.test('conditions decide arguments and variables; the first variable that applies is used', (t) => {
  const profile = own({
    settings: { mode: { description: 'a mode', enum: ['on', 'off'] } },
    wrapper: {
      argv: ['/w', { value: '-s', when: { prefer: 'Security' } }, { value: '-m', when: { setting: 'mode' } }],
    },
    env: [
      { name: 'A', value: 'on', when: { setting: 'mode', equals: 'on' } },
      { name: 'A', value: 'fallback' },
      { name: 'A', value: 'never' },
    ],
  });
  const render = (settings: object, prefer: string) =>
    renderRecipe(profile, withSettings('acme', settings, { prefer }));
  t.strictSame(render({}, 'Availability').wrapper, ['/w']);
  t.strictSame(render({ mode: 'off' }, 'Security').wrapper, ['/w', '-s', '-m']);
  t.strictSame(render({ mode: 'off' }, 'Security').env, [{ name: 'A', value: 'fallback' }]);
  t.strictSame(render({ mode: 'on' }, 'Security').env, [{ name: 'A', value: 'on' }]);
  t.end();
});
