import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readSettings, settingKeys } from '../../src/settings/settings.js';
import type { Settings } from '../../src/settings/table.js';
import { OutriderError } from '../../src/model/error.js';
import { certificateFromFiles as certificates } from '../../src/server/certificates.js';
import { handlersFromFolder, type LoadConfiguration } from '../../src/server/configuration.js';
import type { CallerProof } from '../../src/server/proof.js';
import { startService } from '../../src/server/service.js';
import { issueAuthority, type Issued } from '../../src/tls/issue.js';
import { issueClient } from '../support/client-certificate.js';
import { makePair, observers, open, post, temporaryFolder, until } from './harness.js';

const { ca, pair } = await makePair();
const other = await makePair();
const defaults: Settings = {
  ...readSettings({ flags: {}, env: {} }, settingKeys),
  listenHost: '127.0.0.1',
  listenPort: 0,
  plainPort: 0,
  drainGraceMs: 0,
};

/** Answers with the texts of the files; the text `broken` is not valid. */
const load: LoadConfiguration = (files) => {
  if (files?.some(({ text }) => text === 'broken') === true) {
    throw new OutriderError('policy_invalid', 'spec.mode is not valid.', { file: 'a.yaml' });
  }
  const answer = JSON.stringify(files?.map(({ text }) => text) ?? 'built in');
  return { pods: { mutate: () => answer, validate: () => answer } };
};

async function start(
  t: Parameters<typeof temporaryFolder>[0],
  own: Partial<Settings>,
  loadConfiguration = load,
  proof?: CallerProof,
) {
  const dir = temporaryFolder(t);
  const seen = await observers();
  const settings = { ...defaults, certsDir: join(dir, 'certs'), ...own };
  const service = await startService({
    settings,
    certificates,
    handlers: handlersFromFolder(loadConfiguration),
    ...(proof === undefined ? {} : { proof }),
    ...seen,
  });
  t.teardown(() => service.drain());
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${service.plainPort}${path}`, { headers: { connection: 'close' } });
    return { status: response.status, text: await response.text() };
  };
  return { dir, service, get, ...seen };
}

const authority = (commonName: string): Promise<Issued> => issueAuthority({ commonName, days: 1, nowMs: Date.now() });

/** Writes a file whole: a reader sees the old text or the new one. */
function put(dir: string, name: string, text: string): void {
  writeFileSync(join(dir, `.${name}`), text);
  renameSync(join(dir, `.${name}`), join(dir, name));
}

function writePair(dir: string, { certPem, keyPem }: { readonly certPem: string; readonly keyPem: string }): void {
  put(dir, 'tls.crt', certPem);
  put(dir, 'tls.key', keyPem);
}

t.test('without certificates and configuration it makes the one and uses what is built in', async (t) => {
  const { service, get } = await start(t, {});
  const bundle = Buffer.from(service.caBundle ?? '', 'base64').toString();
  const connection = await open(service.webhookPort, { ca: bundle });
  connection.send(post('1'));
  t.match(await connection.next(), { status: 200, body: '"built in"' });
  connection.socket.destroy();
  t.match(await get('/healthz'), { status: 200, text: 'ok\n' });
  t.match(await get('/readyz'), { status: 200, text: 'ok\n' });
  t.match(await get('/metrics'), { status: 200, text: /outrider_configuration_last_reload_successful 1/ });
  t.match(await get('/debug'), { status: 404, text: /\/healthz/ });
});

t.test('until the configuration is loaded: live, not ready, and 503', async (t) => {
  let loaded = (): void => undefined;
  const wait = new Promise<void>((resolve) => (loaded = resolve));
  const seen = await observers();
  const dir = temporaryFolder(t);
  const lines = (): { readonly webhookPort?: number; readonly plainPort?: number } | undefined =>
    seen
      .lines()
      .map((line): { webhookPort?: number } => JSON.parse(line) as object)
      .find((line) => line.webhookPort);
  const starting = startService({
    settings: { ...defaults, certsDir: dir },
    ...seen,
    certificates,
    handlers: handlersFromFolder(async (files) => {
      await wait;
      return load(files);
    }),
  });
  await until(() => lines() !== undefined);
  const { webhookPort = 0, plainPort = 0 } = lines() ?? {};
  const ready = await fetch(`http://127.0.0.1:${plainPort}/readyz`, { headers: { connection: 'close' } });
  t.equal(ready.status, 503);
  t.equal(await ready.text(), 'configuration: not loaded yet\n');
  const connection = await open(webhookPort, { ca: readFileSync(join(dir, 'ca.crt')) });
  connection.send(post('1'));
  t.match(await connection.next(), { status: 503, body: /not_loaded/, headers: { 'retry-after': '1' } });
  loaded();
  await (await starting).drain();
});

t.test('a changed configuration is taken over on open connections, a broken one is not', async (t) => {
  const config = temporaryFolder(t);
  writeFileSync(join(config, 'a.yaml'), 'one');
  const { service, get, metric, lines } = await start(t, { config });
  const connection = await open(service.webhookPort, { rejectUnauthorized: false });
  t.teardown(() => connection.socket.destroy());
  const answer = async (): Promise<string> => {
    connection.send(post('1'));
    return (await connection.next()).body;
  };
  t.equal(await answer(), '["one"]');
  put(config, 'b.yaml', 'two');
  await until(async () => (await answer()) === '["one","two"]');
  put(config, 'b.yaml', 'broken');
  await until(async () => (await metric('outrider_configuration_last_reload_successful')) === 0);
  t.equal(await answer(), '["one","two"]', 'the last good one stays');
  t.ok(
    lines().some((line) => line.includes('spec.mode is not valid.')),
    'and the log says why',
  );
  t.match(await get('/readyz'), { status: 200 }, 'which is no reason to take it out of service');
  rmSync(join(config, 'b.yaml'));
  await until(async () => (await answer()) === '["one"]');
  t.equal(await metric('outrider_configuration_last_reload_successful'), 1);
});

t.test('E35: a new certificate is presented to new connections, and open ones go on', async (t) => {
  const dir = temporaryFolder(t);
  writePair(dir, pair);
  const files = { tlsCert: join(dir, 'tls.crt'), tlsKey: join(dir, 'tls.key') };
  const { service, metric } = await start(t, files);
  t.equal(service.caBundle, undefined);
  const kept = await open(service.webhookPort, { ca });
  t.teardown(() => kept.socket.destroy());
  const presented = async (): Promise<string> => {
    const connection = await open(service.webhookPort, { rejectUnauthorized: false });
    const fingerprint = connection.socket.getPeerX509Certificate()?.fingerprint256;
    connection.socket.destroy();
    return fingerprint ?? '';
  };
  t.equal(await metric('outrider_certificate_expiry_timestamp_seconds'), pair.notAfter.getTime() / 1000);

  put(dir, 'tls.key', other.pair.keyPem);
  await until(async () => (await metric('outrider_certificate_reloads_total', { result: 'failure' })) === 1);
  t.equal(await presented(), pair.fingerprint, 'a pair that does not match: the old one is served on');
  writePair(dir, other.pair);
  await until(async () => (await metric('outrider_certificate_reloads_total', { result: 'success' })) === 1);
  t.equal(await metric('outrider_certificate_expiry_timestamp_seconds'), other.pair.notAfter.getTime() / 1000);
  const fresh = await open(service.webhookPort, { ca: other.ca });
  t.teardown(() => fresh.socket.destroy());
  t.equal(await presented(), other.pair.fingerprint);
  for (const connection of [kept, fresh]) {
    connection.send(post('1'));
    t.match(await connection.next(), { status: 200, headers: { connection: 'keep-alive' } });
  }
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(open(service.webhookPort, { ca: other.ca, ...old }), /protocol version/, 'still TLS 1.2 or newer');
});

t.test('reviews are answered for clients with a certificate only, by authorities that are watched', async (t) => {
  const dir = temporaryFolder(t);
  const clientCa = join(dir, 'client-ca.crt');
  const [first, second] = [await authority('first'), await authority('second')];
  put(dir, 'client-ca.crt', first.certPem);
  const own = { clientCa, clientNames: ['kube-apiserver', 'other'], reloadIntervalMs: 50 };
  const { service, get, lines, metric } = await start(t, own);
  const ask = async (issuer: Issued | undefined, user = 'kube-apiserver') => {
    const issued = issuer === undefined ? undefined : await issueClient(issuer, user);
    const client = issued === undefined ? {} : { cert: issued.certPem, key: issued.keyPem };
    const connection = await open(service.webhookPort, { rejectUnauthorized: false, ...client });
    connection.send(post('1') + post('1'));
    const answers = [await connection.next(), await connection.next()];
    t.equal(connection.socket.isSessionReused(), false);
    connection.socket.destroy();
    return answers.map(({ status, body }) => (status === 200 ? 200 : `${status} ${body.slice(0, 39)}`));
  };
  const refused = '403 {"error":{"code":"client_unauthorized",';
  t.same(await ask(first), [200, 200]);
  t.same(await ask(undefined), [refused, refused], 'no certificate');
  t.same(await ask(first, 'somebody'), [refused, refused], 'another name');
  t.same(await ask(second), [refused, refused], 'another authority');
  t.same(await get('/readyz'), { status: 200, text: 'ok\n' }, 'health is asked without');
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'client_unauthorized' }), 6);

  put(dir, 'client-ca.crt', 'nothing');
  await until(() => lines().some((line) => line.includes('the new authorities cannot be used')));
  t.same(await ask(first), [200, 200]);
  put(dir, 'client-ca.crt', first.certPem + second.certPem);
  await until(() => lines().some((line) => line.includes('new authorities are used')));
  t.same(await ask(first), [200, 200]);
  t.same(await ask(second, 'other'), [200, 200]);
});

t.test(
  'E35: with client certificates checked, a new certificate is presented and clients are checked on',
  async (t) => {
    const dir = temporaryFolder(t);
    writePair(dir, pair);
    const clients = await authority('clients');
    put(dir, 'client-ca.crt', clients.certPem);
    const files = { tlsCert: join(dir, 'tls.crt'), tlsKey: join(dir, 'tls.key'), clientCa: join(dir, 'client-ca.crt') };
    const { service, lines } = await start(t, { ...files, reloadIntervalMs: 50 });
    const { certPem, keyPem } = await issueClient(clients, 'anybody');
    const status = async (options: ConnectionOptions) => {
      const connection = await open(service.webhookPort, options);
      connection.send(post('1'));
      const answer = await connection.next();
      connection.socket.destroy();
      return answer.status;
    };
    t.equal(await status({ ca, cert: certPem, key: keyPem }), 200);
    writePair(dir, other.pair);
    await until(() => lines().some((line) => line.includes('a new certificate is served')));
    t.equal(await status({ ca: other.ca, cert: certPem, key: keyPem }), 200);
    t.equal(await status({ ca: other.ca }), 403);
  },
);

t.test('F25: with --client-ca the certificate is the proof, with a token behind the path and without', async (t) => {
  const dir = temporaryFolder(t);
  const clients = await authority('clients');
  put(dir, 'client-ca.crt', clients.certPem);
  const { certPem: cert, keyPem: key } = await issueClient(clients, 'anybody');
  const tells: LoadConfiguration = () => ({ pods: { mutate: (_body, { isProven }) => `${isProven}` } });
  const asked: CallerProof = { isProven: () => false };
  const ask = async (own: Partial<Settings>, path: string, client: ConnectionOptions) => {
    const { service } = await start(t, own, tells, asked);
    const connection = await open(service.webhookPort, { rejectUnauthorized: false, ...client });
    connection.send(post('1', { path }));
    const { status, body } = await connection.next();
    connection.socket.destroy();
    return status === 200 ? body : status;
  };
  for (const path of ['/mutate/pods', '/mutate/pods/x']) {
    t.equal(await ask({ clientCa: join(dir, 'client-ca.crt') }, path, { cert, key }), 'true', path);
    t.equal(await ask({ clientCa: join(dir, 'client-ca.crt') }, path, {}), 403, path);
    t.equal(await ask({}, path, {}), 'false', path);
  }
});

t.test('what cannot start says why, and leaves nothing running', async (t) => {
  const dir = temporaryFolder(t);
  writePair(dir, { certPem: pair.certPem, keyPem: other.pair.keyPem });
  writeFileSync(join(dir, 'a.yaml'), 'broken');
  const tls = { tlsCert: join(dir, 'tls.crt'), tlsKey: join(dir, 'tls.key') };
  await t.rejects(start(t, tls), { code: 'certificate_invalid', file: tls.tlsKey });
  await t.rejects(start(t, { ...tls, tlsKey: join(dir, 'none') }), {
    code: 'file_unreadable',
    file: join(dir, 'none'),
  });
  await t.rejects(start(t, { config: dir }), { code: 'policy_invalid' });
  await t.rejects(start(t, { config: join(dir, 'none') }), { code: 'file_unreadable' });
  const { service } = await start(t, {});
  await t.rejects(start(t, { plainPort: service.plainPort }), { code: 'listen_failed', message: /--plain-port/ });
});

/** The service in a process of its own. */
async function child(t: Parameters<typeof temporaryFolder>[0], graceMs: number, ...args: readonly string[]) {
  const script = fileURLToPath(new URL('service-child.js', import.meta.url));
  const env = {
    ...process.env,
    OUTRIDER_CERTS_DIR: temporaryFolder(t),
    OUTRIDER_LISTEN_PORT: '0',
    OUTRIDER_PLAIN_PORT: '0',
    OUTRIDER_DRAIN_GRACE_MS: String(graceMs),
    OUTRIDER_DRAIN_TIMEOUT_MS: '3000',
  };
  const running = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => running.kill('SIGKILL'));
  let log = '';
  running.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const [line] = (await once(createInterface(running.stdout), 'line')) as [string];
  const ports = JSON.parse(line) as { readonly webhookPort: number; readonly plainPort: number };
  const exited = once(running, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const connection = await open(ports.webhookPort, { rejectUnauthorized: false });
  return { ...ports, running, exited, connection, log: () => log };
}

t.test('SIGTERM while the certificate is still waited for: everything is closed, and 0', async (t) => {
  const script = fileURLToPath(new URL('service-child.js', import.meta.url));
  const env = { ...process.env, OUTRIDER_PLAIN_PORT: '0' };
  const running = spawn(process.execPath, [script, '--waits'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => running.kill('SIGKILL'));
  const lines = createInterface(running.stdout);
  t.same(await once(lines, 'line'), ['waiting']);
  const last = once(lines, 'line');
  const exited = once(running, 'exit');
  running.kill('SIGTERM');
  t.same(await last, ['closed']);
  t.same(await exited, [0, null]);
});

t.test('SIGTERM: not ready, answering on with Connection: close, then closed with 0', async (t) => {
  const { running, exited, connection, plainPort, webhookPort, log } = await child(t, 2_000);
  connection.send(post('1'));
  t.match(await connection.next(), { status: 200, headers: { connection: 'keep-alive' } });
  running.kill('SIGTERM');
  await until(() => log().includes('answering on'));
  const ready = await fetch(`http://127.0.0.1:${plainPort}/readyz`);
  t.equal(ready.status, 503);
  t.equal(await ready.text(), 'serving: shutting down\n');
  connection.send(post('1'));
  t.match(await connection.next(), { status: 200, headers: { connection: 'close' } });
  const fresh = await open(webhookPort, { rejectUnauthorized: false });
  fresh.send(post('1'));
  t.match(await fresh.next(), { status: 200, headers: { connection: 'close' } });
  t.same(await exited, [0, null]);
  t.match(log(), /shut down"/);
});

t.test(
  'SIGTERM to a process that stands still when its grace ends: what was asked meanwhile is answered',
  async (t) => {
    const graceMs = 500;
    const { running, exited, connection, webhookPort, log } = await child(t, graceMs);
    connection.send(post('1'));
    t.match(await connection.next(), { status: 200 });
    running.kill('SIGTERM');
    await until(() => log().includes('answering on'));
    running.kill('SIGSTOP');
    connection.send(post('1'));
    const kept = connection.next();
    // The kernel takes connections for a process that doesn't run; the event loop accepts them one by one.
    const opened = Array.from({ length: 5 }, () => open(webhookPort, { rejectUnauthorized: false }));
    await sleep(graceMs * 2);
    running.kill('SIGCONT');
    t.match(await kept, { status: 200 }, 'on a connection that was idle');
    for (const fresh of await Promise.all(opened)) {
      fresh.send(post('1'));
      const { status, headers } = await fresh.next();
      t.ok(status === 200 || (status === 503 && headers['retry-after'] === '1'), `on a new one: ${status}`);
    }
    t.same(await exited, [0, null]);
  },
);

t.test('SIGTERM: the port stays open for those who have not heard of it, but not for ever', async (t) => {
  const { running, exited, connection, webhookPort, log } = await child(t, 3_000);
  connection.socket.destroy();
  running.kill('SIGTERM');
  await until(() => log().includes('answering on'));
  let answered = 0;
  const ask = async (): Promise<void> => {
    const fresh = await open(webhookPort, { rejectUnauthorized: false });
    fresh.send(post('1'));
    await fresh.next();
    if (log().includes('still open connections')) answered++;
  };
  await t.rejects(async () => {
    for (;;) await ask();
  });
  t.ok(answered > 0, `${answered} reviews answered behind the grace`);
  t.same(await exited, [0, null]);
  t.notMatch(log(), /took too long/);
});

t.test('a second signal ends at once', async (t) => {
  const { running, exited, connection, log } = await child(t, 15_000);
  connection.socket.destroy();
  running.kill('SIGTERM');
  await until(() => log().includes('answering on'));
  running.kill('SIGINT');
  t.same(await exited, [1, null]);
  t.match(log(), /a second signal/);
});

t.test('an error that nothing caught ends the process with 1, after a drain', async (t) => {
  const { exited, connection, log } = await child(t, 0, '--crash');
  connection.send(post('1'));
  t.match(await connection.next(), { status: 200 });
  t.same(await exited, [1, null]);
  t.match(log(), /nobody caught this/);
  t.match(log(), /shut down"/);
});
