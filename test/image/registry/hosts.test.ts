import fc from 'fast-check';
import t from 'tap';
import { RegistryError } from '../../../src/image/types.js';
import { matchesHost, splitHostPort } from '../../../src/image/registry/host-pattern.js';
import { createHosts, defaultHostSettings } from '../../../src/image/registry/hosts.js';
import { checkProxies, proxyFor, proxyFromEnvironment } from '../../../src/image/registry/proxy.js';

t.test('patterns of hosts', (t) => {
  const cases: [string, string, boolean][] = [
    ['ghcr.io', 'ghcr.io', true],
    ['ghcr.io', 'GHCR.IO:443', true],
    ['ghcr.io:443', 'ghcr.io', false],
    ['ghcr.io', 'ghcr.io.evil.example', false],
    ['*', 'anything:1', true],
    ['*.corp.example', 'a.b.corp.example:5000', true],
    ['*.corp.example', 'corp.example', false],
    ['*.corp.example:5000', 'a.corp.example:5001', false],
    ['reg*.*.example', 'reg1.eu.example', true],
    ['a*a', 'a', false],
    ['*.dkr.ecr.*.amazonaws.com', '1.dkr.ecr.eu-west-1.amazonaws.com', true],
    ['[::1]:5000', '[::1]:5000', true],
    ['[::1]', '[::1]:5000', true],
    ['a.', 'a', true],
  ];
  for (const [pattern, host, expected] of cases) t.equal(matchesHost(pattern, host), expected, `${pattern} ${host}`);
  t.strictSame(splitHostPort('[2001:DB8::1]:80'), { host: '2001:db8::1', port: '80' });
  t.strictSame(splitHostPort('2001:db8::1'), { host: '2001:db8::1', port: undefined });
  t.end();
});

t.test('law: a glob matches as its regular expression does', (t) => {
  const text = fc.stringMatching(/^[ab.]{0,10}$/);
  fc.assert(
    fc.property(
      fc.stringMatching(/^[ab*]{1,6}[ab*]$/),
      text.map((host) => `${host}x`),
      (glob, host) => {
        const expression = new RegExp(`^${`${glob}x`.replaceAll('*', '.*')}$`);
        return matchesHost(`${glob}x`, host) === expression.test(host);
      },
    ),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('settings: the first that matches, with defaults', (t) => {
  const hosts = createHosts(
    [
      { host: 'docker.io', mirrors: [{ host: 'mirror.example' }] },
      { host: '*.lab.example', plainHttp: true, concurrency: 2 },
      { host: 'x.lab.example', concurrency: 3 },
    ],
    {},
  );
  t.match(hosts.settings('x.lab.example:5000'), {
    plainHttp: true,
    concurrency: 2,
    maxSockets: defaultHostSettings.maxSockets,
  });
  t.equal(hosts.settings('a.lab.example'), hosts.settings('b.lab.example'), 'one object for all of them');
  t.equal(hosts.settings('ghcr.io'), defaultHostSettings);
  const hub = createHosts([{ host: 'registry-1.docker.io', concurrency: 5 }], {});
  t.equal(hub.settings('docker.io').concurrency, 5, 'Docker Hub by either of its names');
  t.equal(hosts.settings('localhost:5000').plainHttp, false, 'not even localhost speaks HTTP unasked');
  t.end();
});

t.test('allow and deny', (t) => {
  const reasonOf = (check: () => void): string | undefined => {
    try {
      check();
      return undefined;
    } catch (error) {
      return error instanceof RegistryError ? error.reason : 'other';
    }
  };
  const hosts = createHosts([], {
    allow: ['docker.io', '*.corp.example'],
    deny: ['bad.corp.example', 'registry-1.docker.io:444'],
  });
  t.equal(
    reasonOf(() => hosts.checkRegistry('docker.io')),
    undefined,
  );
  t.equal(
    reasonOf(() => hosts.checkRegistry('a.corp.example:5000')),
    undefined,
  );
  t.equal(
    reasonOf(() => hosts.checkRegistry('bad.corp.example')),
    'registry_denied',
  );
  t.equal(
    reasonOf(() => hosts.checkRegistry('ghcr.io')),
    'registry_denied',
  );
  t.equal(
    reasonOf(() => hosts.checkHost('ghcr.io')),
    undefined,
    'the allow list is for references',
  );
  t.equal(
    reasonOf(() => hosts.checkHost('BAD.corp.example:1')),
    'registry_denied',
  );
  const hub = createHosts([], { deny: ['registry-1.docker.io'] });
  t.equal(
    reasonOf(() => hub.checkRegistry('docker.io')),
    'registry_denied',
    'by its API’s name too',
  );
  t.equal(
    reasonOf(() => createHosts([], { allow: [] }).checkRegistry('docker.io')),
    'registry_denied',
  );
  t.end();
});

t.test('proxies from the environment', (t) => {
  t.strictSame(proxyFromEnvironment({}), {});
  t.strictSame(
    proxyFromEnvironment({ HTTPS_PROXY: 'http://a', https_proxy: 'http://b', HTTP_PROXY: '', NO_PROXY: 'x' }),
    {
      https: 'http://b',
      noProxy: 'x',
    },
  );
  t.strictSame(proxyFromEnvironment({ HTTPS_PROXY: 'proxy:3128' }), { https: 'http://proxy:3128' });
  checkProxies({ https: 'http://user:pw@proxy:3128', http: 'https://proxy', noProxy: '???' });
  for (const text of ['socks5://user:secret@proxy', 'http://', 'proxy', 'proxy:secret']) {
    t.throws(() => checkProxies({ http: text }), {
      code: 'settings_invalid',
      field: 'proxies.http',
      message: /^(?!.*secret)/,
    });
  }
  const settings = {
    https: 'http://proxy',
    noProxy: 'corp.example, .lab.example,*.glob.example 10.0.0.0/8,2001:db8::/32,192.168.1.1,port.example:8443',
  };
  const cases: [string, boolean][] = [
    ['https://ghcr.io/', true],
    ['http://ghcr.io/', false],
    ['https://corp.example/', false],
    ['https://a.corp.example:5000/', false],
    ['https://notcorp.example/', true],
    ['https://a.lab.example/', false],
    ['https://a.glob.example/', false],
    ['https://10.1.2.3/', false],
    ['https://11.1.2.3/', true],
    ['https://[2001:db8::5]/', false],
    ['https://192.168.1.1:5000/', false],
    ['https://port.example:8443/', false],
    ['https://port.example/', true],
    ['https://localhost:5000/', false],
    ['https://127.0.0.2/', false],
    ['https://[::1]/', false],
  ];
  for (const [url, isProxied] of cases) {
    t.equal(proxyFor(new URL(url), settings), isProxied ? 'http://proxy' : undefined, url);
  }
  t.equal(proxyFor(new URL('https://ghcr.io/'), { https: 'http://proxy', noProxy: '*' }), undefined);
  t.equal(proxyFor(new URL('http://ghcr.io/'), { http: 'http://plain' }), 'http://plain');
  t.end();
});
