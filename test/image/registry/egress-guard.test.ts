import fc from 'fast-check';
import t from 'tap';
import { OutriderError } from '../../../src/model/error.js';
import { embeddedIPv4, inBlock, parseAddress, parseBlock } from '../../../src/image/registry/address.js';
import { permittedAddresses } from '../../../src/image/registry/connector.js';
import {
  createEgressGuard,
  EgressDeniedError,
  isNearby,
  type EgressGuard,
} from '../../../src/image/registry/egress-guard.js';

function isRefused(guard: EgressGuard, host: string, port = 443, address?: string): boolean {
  try {
    if (address === undefined) guard.checkHost(host, port);
    else guard.checkAddress(host, port, address);
    return false;
  } catch (error) {
    if (error instanceof EgressDeniedError) return true;
    throw error;
  }
}

t.test('E13: what nobody may be sent to', (t) => {
  const guard = createEgressGuard({});
  const refused = `127.0.0.1 127.8.9.10 0.0.0.0 0.1.2.3 169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16
    192.0.0.192 224.0.0.1 239.255.255.250 255.255.255.255 240.0.0.1
    :: ::1 fe80::1 fe80::1%eth0 febf::1 ff02::1 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:c1::a9fe:a9fe
    ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::127.0.0.1 64:ff9b::169.254.169.254 64:ff9b::7f00:1
    64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1:a9:fe:a9fe:: 64:ff9b:1::a9:fea9:fe00:0
    2002:7f00:1:: 2002:a9fe:a9fe::1 2001:0:1:2:3:4:5601:5601 fe80::5efe:1.2.3.4 2a00::5efe:169.254.169.254
    2a00::200:5efe:7f00:1`;
  for (const address of refused.split(/\s+/)) {
    t.ok(isRefused(guard, 'registry.example', 443, address), address);
    t.ok(isRefused(guard, address), `${address} as a host`);
  }
  for (const host of [
    'metadata.google.internal',
    'METADATA.google.internal.',
    'metadata',
    'instance-data.ec2.internal',
  ]) {
    t.ok(isRefused(guard, host), host);
  }
  t.ok(isRefused(guard, 'registry.example', 443, 'nonsense'), 'an address that is none');
  const open = `10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 8.8.8.8 168.63.129.17 169.253.0.1 fd00::1 2a00:1450::1
    ::ffff:10.0.0.1 64:ff9b::8.8.8.8 2002:808:808::1 fc00:ec2::254`;
  for (const address of open.split(/\s+/)) t.notOk(isRefused(guard, 'registry.example', 443, address), address);
  t.notOk(isRefused(guard, 'registry.example'));
  t.end();
});

t.test('F13, F14: an address counts by the one that it holds, and site-local ones are refused', (t) => {
  const guard = createEgressGuard({});
  for (const address of [
    '::ffff:0:a9fe:a9fe',
    '::ffff:0:169.254.169.254',
    '::ffff:0:127.0.0.1',
    'fec0::1',
    'feff:ffff::1',
    '2001:0:7f00:1::',
    '2001:0:a9fe:a9fe:0:0:f7f7:f7f7',
  ]) {
    t.ok(isRefused(guard, 'registry.example', 443, address), address);
    t.ok(isRefused(guard, `[${address}]`), `${address} as a host`);
  }
  t.notOk(isRefused(guard, 'registry.example', 443, '::ffff:0:8.8.8.8'));
  t.notOk(isRefused(guard, 'registry.example', 443, '::ffff:1:169.254.169.254'));
  const closed = createEgressGuard({ deny: ['10.0.0.0/8'], allow: ['127.0.0.1:5000'] });
  t.ok(isRefused(closed, 'registry.example', 443, '::ffff:0:10.1.2.3'));
  t.notOk(isRefused(closed, 'registry.example', 5000, '::ffff:0:127.0.0.1'));
  t.end();
});

t.test('F15: what a registry of the public network may lead to is in no private one', (t) => {
  const { publicOnly } = createEgressGuard({ allow: ['10.1.1.1:443', 'inside.example'] });
  const inside = '10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 198.18.0.1 fd00::1 ::ffff:10.0.0.1';
  for (const address of inside.split(' ')) {
    t.ok(isRefused(publicOnly, 'x.example', 443, address), address);
    t.notOk(isRefused(publicOnly, 'inside.example', 443, address), `${address} of a host that is allowed`);
    t.ok(isNearby(address), address);
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450::1', '64:ff9b::8.8.8.8']) {
    t.notOk(isRefused(publicOnly, 'x.example', 443, address), address);
    t.notOk(isNearby(address), address);
  }
  t.notOk(isRefused(publicOnly, '10.1.1.1', 443));
  t.ok(isRefused(publicOnly, '10.1.1.1', 80));
  t.ok(isNearby('127.0.0.1'));
  t.notOk(isNearby('nonsense'));
  t.end();
});

t.test('E13: deny wins over allow, allow over the default', (t) => {
  const guard = createEgressGuard({
    allow: ['127.0.0.1:5000', 'local.example', '*.lab.example:8443', '[::1]:5000', '169.254.0.0/16'],
    deny: [
      '10.96.0.1',
      '192.168.0.0/24',
      'kubernetes.default.svc',
      '172.20.0.1:443',
      '169.254.169.254',
      '2001:db8::/32',
    ],
  });
  const cases: [string, number, string | undefined, boolean][] = [
    ['127.0.0.1', 5000, '127.0.0.1', false],
    ['127.0.0.1', 5001, '127.0.0.1', true],
    ['other.example', 5000, '127.0.0.1', false],
    ['local.example', 1, '127.0.0.9', false],
    ['x.local.example', 1, '127.0.0.9', true],
    ['a.b.lab.example', 8443, '::1', false],
    ['a.b.lab.example', 443, '::1', true],
    ['::1', 5000, '::1', false],
    ['[::1]', 5000, undefined, false],
    ['x', 5000, '::ffff:127.0.0.1', false],
    ['x', 1, '169.254.1.1', false],
    ['x', 1, '169.254.169.254', true],
    ['x', 1, '::ffff:169.254.169.254', true],
    ['x', 443, '10.96.0.1', true],
    ['x', 443, '::ffff:10.96.0.1', true],
    ['x', 443, '10.96.0.2', false],
    ['x', 443, '192.168.0.77', true],
    ['x', 443, '172.20.0.1', true],
    ['x', 5000, '172.20.0.1', false],
    ['x', 443, '2001:db8::9', true],
    ['kubernetes.default.svc', 443, undefined, true],
    ['KUBERNETES.default.svc.', 443, undefined, true],
    ['local.example', 443, '10.96.0.1', true],
  ];
  for (const [host, port, address, expected] of cases) {
    t.equal(isRefused(guard, host, port, address), expected, `${host} ${port} ${address ?? ''}`);
  }
  for (const entry of ['10.0.0.0/33', '10.0.0.0/x', 'name/8', '::/129', '10.0.0.0/']) {
    t.throws(() => createEgressGuard({ deny: [entry] }), { name: 'OutriderError', code: 'settings_invalid' }, entry);
  }
  t.throws(() => createEgressGuard({ allow: ['a/b'] }), OutriderError);
  t.end();
});

t.test('E13: of a host’s addresses only the permitted are connected to', (t) => {
  const guard = createEgressGuard({});
  const of = (...addresses: string[]) =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  t.strictSame(permittedAddresses(guard, 'x', 443, of('127.0.0.1', '10.0.0.1', '::1')), of('10.0.0.1'));
  t.strictSame(permittedAddresses(guard, 'x', 443, []), []);
  t.throws(() => permittedAddresses(guard, 'x', 443, of('127.0.0.1', '::1')), { name: 'EgressDeniedError' });
  t.end();
});

t.test('laws of addresses and blocks', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (text, bits) => {
      const address = parseAddress(text) ?? [];
      const block = parseBlock(`${text}/${bits}`);
      const mapped = parseAddress(`::ffff:${text}`) ?? [];
      t.strictSame(embeddedIPv4(mapped), [address]);
      return address.length === 4 && block !== undefined && inBlock(address, block) && !inBlock(mapped, block);
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (text, bits) => {
      const address = parseAddress(text);
      const block = parseBlock(`${text}/${bits}`);
      // The URL standard's own parser is the second opinion.
      const again = parseAddress(new URL(`http://[${text}]/`).hostname);
      t.strictSame(address, again);
      return address?.length === 16 && block !== undefined && inBlock(address, block);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => [undefined, 4, 16].includes(parseAddress(text)?.length)));
  t.end();
});
