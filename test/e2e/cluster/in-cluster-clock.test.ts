import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { objectOf, stringOf } from '../../../src/model/json.js';
import { certificatesIn } from '../../../src/tls/bundle.js';
import { issueAuthority, issueServer } from '../../../src/tls/issue.js';
import { createSetClock } from '../../support/set-clock.js';
import { until } from './guarded-process.js';
import { startHandshakes, type Handshakes } from './handshakes.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { accessKey, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import type { Replica } from './replica.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

t.setTimeout(900_000);

const own = 'outrider-system';
const secret = 'outrider-certificate';
const secure = { tier: 'secure' };
const hourMs = 60 * 60_000;

const parent = mkdtempSync(join(tmpdir(), 'outrider-clocks-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));
const clocks = { one: createSetClock(parent, '+0'), two: createSetClock(parent, '+0') };

// By a clock eight hours ahead, every certificate of such a life has ended, and another has to be made.
const here = await install({ flags: ['--leaf-lifetime-minutes=60', '--ca-overlap-seconds=5', '--lease-seconds=5'] });
t.teardown(() => here.stop());
const one = await here.addReplica('one', [], clocks.one.env);
await until('a leader', async () => (await one.metric('outrider_leader')) === 1);
const two = await here.addReplica('two', [], clocks.two.env);
await here.apply([namespace('payments', secure)]);
await here.apply([accessKey('payments'), policy('payments', secure, { prefer: 'Security' })]);
await until('the policy', async () => {
  return (await here.created('payments', pod('probe'), '--dry-run=server')).status === 'injected';
});

const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());

/** What the Secret holds, decoded. */
const held = async (): Promise<(key: string) => string> => {
  const data = objectOf((await here.get('secret', secret, own))['data']) ?? {};
  return (key) => Buffer.from(stringOf(data[key]) ?? '', 'base64').toString();
};
const edit = async (texts: Readonly<Record<string, string>>): Promise<void> => {
  const data: Record<string, string> = {};
  for (const [key, text] of Object.entries(texts)) data[key] = Buffer.from(text).toString('base64');
  const patch = JSON.stringify({ data });
  const { exitCode } = await here.api.kubectl(['patch', 'secret', secret, '-n', own, '--type=merge', '-p', patch]);
  if (exitCode !== 0) throw new Error('the Secret cannot be written');
};
const leads = (replica: Replica): Promise<void> =>
  until(`${replica.name} to lead`, async () => (await replica.metric('outrider_leader')) === 1, replica.process);
const skewOf = async (replica: Replica): Promise<number> =>
  (await replica.metric('outrider_clock_skew_seconds')) ?? Number.NaN;

/** Creates pods and makes handshakes meanwhile, and creates more on connections of afterwards; none of them may fail. */
async function undisturbed(t: Tap, act: (handshakes: Handshakes) => Promise<void>): Promise<void> {
  const handshakes = startHandshakes(client, {
    port: here.balancer.port,
    serverName: `outrider.${own}.svc`,
    configuration: 'outrider',
    everyMs: 100,
  });
  const during = startTraffic(client, { namespace: 'payments', perSecond: 10, dryRun: true });
  try {
    await during.more(20);
    await act(handshakes);
    await during.more(20);
  } finally {
    await Promise.all([handshakes.stop(), during.stop()]);
  }
  // The API server judges a certificate by a handshake, and keeps its connections.
  here.balancer.cut();
  await sleep(1_000);
  const afterwards = startTraffic(client, { namespace: 'payments', perSecond: 10, dryRun: true });
  await afterwards.more(20);
  await afterwards.stop();
  for (const { creations } of [during, afterwards]) {
    t.same(refusals(creations), []);
    t.equal(uninstrumented(creations), 0);
  }
  t.same(handshakes.failures, []);
}
type Tap = Pick<typeof t, 'same' | 'equal'>;

t.test('F27: the leader’s clock jumps by hours: it issues nothing, another one leads, and creates go on', async (t) => {
  for (const [offset, seconds] of [
    ['+8h', 8 * 3_600],
    // Further back, the certificate of the test's own API server has not begun.
    ['-40m', -40 * 60],
  ] as const) {
    const [leader, other] = (await one.metric('outrider_leader')) === 1 ? [one, two] : [two, one];
    const clock = leader === one ? clocks.one : clocks.two;
    const before = await held();
    t.ok(Math.abs(await skewOf(leader)) < 2, 'both clocks agree');
    await undisturbed(t, async (handshakes) => {
      clock.set(offset);
      await leads(other);
      t.equal(await leader.metric('outrider_leader'), 0);
      t.ok(Math.abs((await skewOf(leader)) - seconds) < 5, 'its metric tells how far it is off');
      t.ok(Math.abs(await skewOf(other)) < 2, 'and the other’s that it is not');
      t.match(leader.process.output(), 'too far from the API server’s');
      await sleep(10_000);
      const after = await held();
      t.equal(after('tls.crt'), before('tls.crt'), 'the certificate is the same');
      t.equal(after('ca.crt'), before('ca.crt'), 'and so is the authority');
      t.equal(await leader.metric('outrider_leader'), 0);
      t.equal(handshakes.serials.length, 1);
    });
    clock.set('+0');
    await until('its clock to agree', async () => Math.abs(await skewOf(leader)) < 2);
  }
});

t.test('F27: certificates of a leader with a wrong clock are adopted by nobody, and replaced', async (t) => {
  const before = await held();
  const nowMs = Date.now() + 8 * hourMs;
  const names =
    certificatesIn(before('tls.crt'))[0]
      ?.subjectAltName?.split(', ')
      .map((name) => name.slice(4)) ?? [];
  const authority = { certPem: before('ca.crt'), keyPem: before('ca.key') };
  const early = await issueServer({ authority, names, lifetimeMs: hourMs, nowMs });
  await undisturbed(t, async (handshakes) => {
    await edit({ 'tls.crt': early.certPem, 'tls.key': early.keyPem });
    await until('another certificate in its place', async () => {
      const now = (await held())('tls.crt');
      return now !== early.certPem && now !== before('tls.crt');
    });
    await until('it to be served', () => Promise.resolve(handshakes.serials.length >= 2));
    t.notOk(handshakes.serials.includes(certificatesIn(early.certPem)[0]?.serialNumber ?? ''));
  });
});

t.test('F27: an authority of 4,000 days ahead throws the working one out of no bundle', async (t) => {
  const before = await held();
  const nowMs = Date.now() + 4_000 * 24 * hourMs;
  const names =
    certificatesIn(before('tls.crt'))[0]
      ?.subjectAltName?.split(', ')
      .map((name) => name.slice(4)) ?? [];
  const authority = await issueAuthority({ commonName: 'ahead', days: 10, nowMs });
  const early = await issueServer({ authority, names, lifetimeMs: hourMs, nowMs });
  await undisturbed(t, async (handshakes) => {
    await edit({
      'ca.crt': authority.certPem,
      'ca.key': authority.keyPem,
      'tls.crt': early.certPem,
      'tls.key': early.keyPem,
    });
    await until('a valid certificate in the Secret', async () => {
      const [leaf] = certificatesIn((await held())('tls.crt'));
      return leaf !== undefined && Date.parse(leaf.validFrom) < Date.now();
    });
    await until('it to be served', () => Promise.resolve(handshakes.serials.length >= 2));
    t.notOk(handshakes.serials.includes(certificatesIn(early.certPem)[0]?.serialNumber ?? ''));
    t.match((await held())('ca.crt'), before('ca.crt').trim(), 'the working authority stays');
  });
});
