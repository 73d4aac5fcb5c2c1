import { readFileSync } from 'node:fs';
import t from 'tap';
import { settingsMarkdown } from '../tools/settings-reference.js';
import { camelCase, environmentName } from '../../src/settings/setting.js';
import { certificateNames } from '../../src/cluster/certificates/certificate-names.js';
import { parseSettingsFile } from '../../src/documents/configuration/settings-file.js';
import { readSettings, settingKeys, settingsFileName } from '../../src/settings/settings.js';
import { settingsTable, type Settings } from '../../src/settings/table.js';
import { certificateMode } from '../../src/settings/check.js';

const read = (
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
  text?: string,
): Settings =>
  readSettings(
    {
      flags,
      env,
      file: text === undefined ? undefined : { name: 'settings.yaml', value: parseSettingsFile(text, 'settings.yaml') },
    },
    settingKeys,
  );

t.test('defaults hold where nothing is given, and are valid themselves', (t) => {
  const settings = read({});
  t.match(settings, {
    listenPort: 8443,
    plainPort: 8080,
    config: '',
    certsDir: 'certs',
    maxBodyBytes: 20_971_520,
    maxPendingBytes: 201_326_592,
    maxContainers: 500,
  });
  t.same(settings.dnsNames, ['localhost', 'outrider.outrider.svc']);
  t.same(settings.sandboxedRuntimeClasses, ['gvisor', 'runsc*', 'kata*']);
  t.match(settings.toolsImage, /^ghcr\.io\/outrider\/outrider:\d/);
  t.same(
    readSettings({ flags: {}, env: {}, file: { name: 'x', value: parseSettingsFile('', 'x') } }, settingKeys),
    settings,
    'an empty file',
  );
  for (const key of settingKeys) {
    const { parse, defaultText } = settingsTable[key];
    t.same(parse(defaultText), settings[key], `${key}: the default, written out, reads as the default`);
  }
  t.end();
});

t.test('a flag wins over a variable, that over the file, that over the default', (t) => {
  const file = 'listenPort: 3\nmaxInFlight: 3\nlogLevel: error\n';
  const env = { OUTRIDER_LISTEN_PORT: '2', OUTRIDER_MAX_IN_FLIGHT: '2' };
  const settings = read({ listenPort: '1' }, env, file);
  t.match(settings, { listenPort: 1, maxInFlight: 2, logLevel: 'error', plainPort: 8080 });
  t.end();
});

t.test('every setting can be given in each of the three ways, by names that follow one rule', (t) => {
  const examples: Readonly<Record<string, string>> = {
    tlsCert: 'a.crt',
    tlsKey: 'a.key',
    imageRewrites: 'a=b',
    ownPartsMayDiffer: '[{"path": "/agent/env/DD_ENV", "value": "prod"}]',
    webhookAnnotations: '{"admissions.enforcer/disabled": "true"}',
    webhookUrl: 'https://outrider.test:8443',
    clientNames: 'kube-apiserver',
  };
  const pair = { tlsCert: 'a.crt', tlsKey: 'a.key' };
  // What a setting is refused without.
  const companions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    tlsCert: pair,
    tlsKey: pair,
    kubeconfig: { cluster: 'true' },
    caBundle: { ...pair, cluster: 'true' },
    clientNames: { clientCa: 'ca.crt' },
  };
  for (const key of settingKeys) {
    const setting = settingsTable[key];
    const text = examples[key] ?? (setting.defaultText === '' ? 'given' : setting.defaultText);
    const pairs = companions[key] ?? {};
    const byFlag = read({ ...pairs, [camelCase(setting.flag)]: text });
    const byEnv = read(pairs, { [environmentName(setting.flag)]: text });
    t.same(byEnv, byFlag, key);
    if (key !== 'settingsFile') t.same(read(pairs, {}, `${key}: ${JSON.stringify(text)}`), byFlag, key);
    t.same(setting.parse(text), byFlag[key], key);
    t.match(setting.flag, /^[a-z][a-z-]*$/);
    t.match(setting.help, /^\S.*\.$/, `${key}: help is a sentence`);
  }
  t.equal(settingsFileName({ flags: { settingsFile: 'a.yaml' }, env: { OUTRIDER_SETTINGS_FILE: 'b.yaml' } }), 'a.yaml');
  t.equal(settingsFileName({ flags: {}, env: {} }), undefined);
  t.end();
});

t.test('what is not asked for is not read', (t) => {
  const flags = { listenPort: '1', plainPort: 'none' };
  const settings = readSettings({ flags, env: { OUTRIDER_LOG_LEVEL: 'loud' } }, ['listenPort', 'config']);
  t.strictSame(settings, { listenPort: 1, config: '' });
  // @ts-expect-error: the type has the keys that are asked for, and no others
  t.equal(settings.plainPort, undefined);
  t.strictSame(readSettings({ flags, env: {} }, []), {});
  t.end();
});

t.test('settings are checked together where all that a check needs are asked for', (t) => {
  const flags = { listenPort: '9', plainPort: '9', tlsCert: 'a.crt', cluster: true, certificates: 'development' };
  t.same(readSettings({ flags, env: {} }, ['listenPort', 'tlsCert']), { listenPort: 9, tlsCert: 'a.crt' });
  t.throws(() => readSettings({ flags, env: {} }, ['plainPort', 'listenPort']), { message: /are both 9/ });
  t.throws(() => readSettings({ flags, env: {} }, ['tlsKey', 'tlsCert']), { message: /--tls-key is not/ });
  t.same(readSettings({ flags, env: {} }, ['certificates', 'tlsCert']), {
    certificates: 'development',
    tlsCert: 'a.crt',
  });
  t.throws(() => readSettings({ flags, env: {} }, ['cluster', 'certificates', 'tlsCert']), {
    message: /is development and --tls-cert is given/,
  });
  t.end();
});

t.test('a settings file with a key that is no setting’s is refused, whatever is asked for', (t) => {
  const file = (value: object) => ({ flags: {}, env: {}, file: { name: 'settings.yaml', value } });
  t.throws(() => readSettings(file({ port: 1 }), ['logLevel']), { message: /unknown setting port/ });
  t.throws(() => readSettings(file({ port: 1 }), []), { message: /unknown setting port/ });
  t.same(readSettings(file({ listenPort: 'none', logLevel: 'warn' }), ['logLevel']), { logLevel: 'warn' });
  t.end();
});

t.test('each kind of value takes what it should', (t) => {
  t.equal(read({ nativeSidecars: false }).nativeSidecars, false);
  t.equal(read({ nativeSidecars: 'false' }).nativeSidecars, false);
  t.equal(read({ imageVolumes: true }).imageVolumes, true);
  t.same(read({ dnsName: ['a', 'b,c'] }).dnsNames, ['a', 'b', 'c'], 'repeated and comma-separated add up');
  t.same(read({}, { OUTRIDER_EXCLUDED_NAMESPACES: '' }).excludedNamespaces, [], 'an empty list can be said');
  t.same(read({}, {}, 'dnsNames: [x, y]').dnsNames, ['x', 'y']);
  t.same(read({ imageRewrite: ['docker.io/=mirror/', 'a=b'] }).imageRewrites, [
    { from: 'docker.io/', to: 'mirror/' },
    { from: 'a', to: 'b' },
  ]);
  const entry = { path: '/*/env/DD_ENV', value: { valueFrom: null } };
  t.same(read({ ownPartsMayDiffer: JSON.stringify([entry]) }).ownPartsMayDiffer, [entry]);
  t.same(read({}, {}, JSON.stringify({ ownPartsMayDiffer: [entry] })).ownPartsMayDiffer, [entry]);
  t.same(read({}, { OUTRIDER_OWN_PARTS_MAY_DIFFER: '' }).ownPartsMayDiffer, []);
  t.same(read({ webhookAnnotations: '{"a.example/b": "c"}' }).webhookAnnotations, { 'a.example/b': 'c' });
  t.same(read({}, {}, 'webhookAnnotations: {a: b}').webhookAnnotations, { a: 'b' });
  t.end();
});

const wrong: readonly (readonly [Parameters<typeof read>, RegExp])[] = [
  [[{ listenPort: 'https' }], /^--listen-port is "https": it must be a whole number from 0 to 65535\.$/],
  [[{ listenPort: '70000' }], /--listen-port/],
  [[{ ownPartsMayDiffer: '[' }], /^--own-parts-may-differ is "\[": it must be a JSON list/],
  [[{ ownPartsMayDiffer: '{}' }], /JSON list/],
  [[{ ownPartsMayDiffer: '[{"path": "/web/env/A", "value": 1}]' }], /JSON list/],
  [[{ ownPartsMayDiffer: '[{"path": "/agent", "value": 1}]' }], /JSON list/],
  [[{ ownPartsMayDiffer: '[{"path": "/agent/env/A"}]' }], /JSON list/],
  [[{ ownPartsMayDiffer: '[{"path": "/agent/env/A", "value": 1, "why": 1}]' }], /JSON list/],
  [[{ webhookAnnotations: '{"outrider.dev/paused": "x"}' }], /none of them outrider\.dev/],
  [[{ webhookAnnotations: '{"a b": "x"}' }], /JSON object of texts/],
  [[{ webhookAnnotations: '{"a": 1}' }], /JSON object of texts/],
  [[{ webhookAnnotations: '[]' }], /JSON object of texts/],
  [[{ listenPort: '1.5' }], /whole number/],
  [[{}, { OUTRIDER_MAX_IN_FLIGHT: '0' }], /^OUTRIDER_MAX_IN_FLIGHT is "0"/],
  [[{}, {}, 'maxInFlight: many'], /^maxInFlight in settings\.yaml is "many"/],
  [[{ drainGraceMs: '16000' }], /from 0 to 15000/],
  [[{ logLevel: 'loud' }], /one of trace, debug, info/],
  [[{ logFormat: '' }], /one of auto, json, pretty/],
  [[{ openshift: 'yes' }], /true, false or auto/],
  [[{ imageRewrite: ['nothing'] }], /of the form FROM=TO/],
  [[{ imageRewrite: ['=b'] }], /of the form FROM=TO/],
  [[{ certsDir: '' }], /not empty/],
  [[{}, {}, 'dnsNames: [1]'], /a list of texts/],
  [[{}, {}, 'dnsNames: {a: b}'], /a list of texts/],
  [[{}, {}, 'port: 1'], /settings\.yaml has the unknown setting port; known are config, /],
  [[{}, {}, 'constructor: 1'], /unknown setting constructor/],
  [[{}, {}, 'settingsFile: other.yaml'], /unknown setting settingsFile/],
  [[{}, {}, '[1]'], /must be a mapping/],
  [[{}, {}, 'a: [1'], /settings\.yaml:1.* is not valid YAML/],
  [[{}, {}, 'logLevel: info\nlogLevel: warn'], /settings\.yaml:2.*the key "logLevel" twice/],
  [[{}, {}, 'logLevel: info\n---\nlogLevel: warn'], /more than one document/],
  // Found by fuzzing: both ended as internal errors.
  [[{}, {}, '*a'], /has the alias \*a, which nothing above it defines/],
  [[{}, {}, `${'['.repeat(5_000)}${']'.repeat(5_000)}`], /deeper than|not valid YAML/],
  [[{ tlsCert: 'a.crt' }], /--tls-cert is given and --tls-key is not/],
  [[{ tlsKey: 'a.key' }], /--tls-key is given and --tls-cert is not/],
  [[{ listenPort: '9', plainPort: '9' }], /are both 9/],
  [[{ dnsName: '' }], /--dns-name is empty/],
  [[{ cluster: true, config: 'policies' }], /^--config is given with --cluster: .*leave one out/],
  [[{ kubeconfig: 'k' }], /^--kubeconfig is given without --cluster/],
  [[{ certificates: 'self-managed' }], /^--certificates is self-managed without --cluster/],
  [[{ certificates: 'files' }], /--tls-cert and --tls-key/],
  [[{ certificates: 'development', tlsCert: 'a', tlsKey: 'b' }], /is development and --tls-cert is given/],
  [[{ certificates: 'self-managed', cluster: true, tlsCert: 'a', tlsKey: 'b' }], /is self-managed and --tls-cert/],
  [[{ caBundle: 'ca.crt', cluster: true }], /^--ca-bundle needs --tls-cert and --cluster/],
  [[{ caBundle: 'ca.crt', tlsCert: 'a', tlsKey: 'b' }], /^--ca-bundle needs --tls-cert and --cluster/],
  [[{ clientName: 'kube-apiserver' }], /^--client-name is given without --client-ca/],
  [[{ webhookUrl: 'outrider.test' }], /^--webhook-url is "outrider.test": it must be https:\/\/HOST/],
  [[{ webhookUrl: 'http://outrider.test' }], /^--webhook-url/],
  [[{ webhookUrl: 'https://outrider.test/mutate' }], /^--webhook-url/],
  [[{ webhookUrl: 'https://outrider.test?a=b' }], /^--webhook-url/],
  [[{ webhookUrl: 'https://u:p@outrider.test' }], /^--webhook-url/],
  [[{ caLifetimeMinutes: '60', leafLifetimeMinutes: '31' }], /^--ca-lifetime-minutes is 60: .*twice .* 31\.$/],
  [
    [{ caLifetimeMinutes: '4', leafLifetimeMinutes: '2', caOverlapSeconds: '61' }],
    /^--ca-overlap-seconds is 61: .*quarter/,
  ],
];

t.test('what is not allowed is an error that says where it came from and what is', (t) => {
  for (const [given, message] of wrong) t.throws(() => read(...given), { code: 'usage', message });
  t.end();
});

t.test('where the certificate comes from, and for which names', (t) => {
  const pair = { tlsCert: 'a', tlsKey: 'b' };
  t.equal(certificateMode(read({})), 'development');
  t.equal(certificateMode(read(pair)), 'files');
  t.equal(certificateMode(read({ cluster: true })), 'self-managed');
  t.equal(certificateMode(read({ cluster: true, ...pair })), 'files');
  t.equal(certificateMode(read({ cluster: true, certificates: 'development' })), 'development');
  t.same(certificateNames(read({})), ['outrider.outrider-system.svc', 'outrider.outrider-system.svc.cluster.local']);
  t.same(
    certificateNames(read({ webhookService: 'a:9443', ownNamespace: 'b', webhookUrl: 'https://[fd00::1]:8443' })),
    ['a.b.svc', 'a.b.svc.cluster.local', 'fd00::1'],
  );
  t.end();
});

t.test('the variables that Kubernetes sets for a Service of our name are no settings', (t) => {
  const service = (name: string): Readonly<Record<string, string>> => ({
    [`${name}_SERVICE_HOST`]: '10.0.0.1',
    [`${name}_SERVICE_PORT`]: '443',
    [`${name}_SERVICE_PORT_HTTPS`]: '443',
    [`${name}_PORT`]: 'tcp://10.0.0.1:443',
    [`${name}_PORT_443_TCP`]: 'tcp://10.0.0.1:443',
    [`${name}_PORT_443_TCP_PORT`]: '443',
  });
  const env = { ...service('OUTRIDER'), ...service('OUTRIDER_METRICS'), ...service('OUTRIDER_HEALTH') };
  t.same(read({}, env), read({}));
  t.end();
});

t.test('the reference page has a row for every setting', (t) => {
  const page = settingsMarkdown();
  t.equal(page, readFileSync('docs/reference/settings.md', 'utf8'), 'what is committed is what is generated');
  for (const key of settingKeys) {
    t.ok(page.includes(`\`--${settingsTable[key].flag} `), key);
    t.ok(page.includes(`\`${environmentName(settingsTable[key].flag)}\``), key);
  }
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  t.equal(rows.length, settingKeys.length + 2);
  for (const row of rows) t.equal(row.replaceAll('\\|', '').split('|').length, 7, row);
  t.end();
});

t.test('a duration is written as Go does, and 0 means never', (t) => {
  const after = (text: unknown): number => read({ takeBackAfter: text }).takeBackAfter;
  t.same(['5m', '90s', '1m30s', '0', 0].map(after), [300_000, 90_000, 90_000, 0, 0]);
  t.equal(read({}).takeBackAfter, 300_000);
  for (const text of ['', '5', 'soon', '31m', '1ms', '-5m', 5]) {
    t.throws(
      () => after(text),
      { message: /it must be 0 or a duration from 1s to 30m, such as 90s or 5m/ },
      String(text),
    );
  }
  t.end();
});
