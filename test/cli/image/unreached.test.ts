import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { objectOf } from '../../../src/model/json.js';
import { ensureDevelopmentCertificates } from '../../../src/tls/development.js';
import { workplace } from '../harness.js';
import { pod, withSysdig } from '../manifests.js';

t.setTimeout(120_000);

async function portOf(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  t.teardown(() => void server.close());
  await once(server, 'listening');
  return Number(objectOf(server.address())?.['port']);
}

t.test('U13: image says whether a registry refuses, has no such name, is not trusted or takes too long', async (t) => {
  const place = await workplace(t);
  const { pair } = await ensureDevelopmentCertificates({
    dir: join(place.cwd, 'tls'),
    dnsNames: ['127.0.0.1'],
    nowMs: Date.now(),
  });
  const tls = await portOf(
    t,
    createTlsServer({ cert: pair.certPem, key: pair.keyPem }, (_, response) => response.end()),
  );
  const silent = await portOf(
    t,
    createServer(() => undefined),
  );
  const env = { HOME: place.cwd };
  const image = async (reference: string, ...argv: readonly string[]) => {
    const { code, stdout } = await place.outrider(['image', reference, ...argv], { env });
    t.equal(code, 1, reference);
    const json: unknown = JSON.parse(
      (await place.outrider(['image', reference, '-o', 'json', ...argv], { env })).stdout,
    );
    return { stdout, json };
  };
  const refused = await image('127.0.0.1:1/acme/app:1');
  t.match(refused.stdout, /app:1 → the registry’s host refuses the connection \(ECONNREFUSED\)\n *fix +Check the port/);
  t.match(refused.json, { reason: 'registry_unreachable', cause: 'refused', remedy: /^Check the port/ });
  const unknown = await image('no-such-registry.invalid/acme/app:1');
  t.match(unknown.stdout, /the registry’s host (is a name that does not exist|cannot be looked up)/);
  const untrusted = await image(`127.0.0.1:${tls}/acme/app:1`);
  t.match(untrusted.stdout, 'the registry’s host has a TLS certificate that is not trusted here');
  t.match(untrusted.json, { cause: 'tls' });
  const late = await image(`127.0.0.1:${silent}/acme/app:1`, '--insecure');
  t.match(late.stdout, 'the registry’s host does not answer in time');
  t.match(late.json, { cause: 'timed_out' });
});

t.test('U5: pods whose registry hangs are waited for together, and it is then left alone', async (t) => {
  const place = await workplace(t);
  let asked = 0;
  const port = await portOf(
    t,
    createServer(() => {
      asked += 1;
    }),
  );
  const pods = Array.from({ length: 12 }, (_, index) =>
    pod
      .replace('name: one', `name: p${index}`)
      .replace(/image: .*/, `image: 127.0.0.1:${port}/acme/app${index}:1`)
      .replace(/\n +command: .*/, ''),
  );
  for (const [index, text] of pods.slice(0, 6).entries()) await place.write(`m/${index}.yaml`, text);
  await place.write('m/rest.yaml', pods.slice(6).join('---\n'));
  await place.write(
    'registries.yaml',
    'apiVersion: outrider.dev/v1alpha1\nkind: RegistryConfiguration\nhosts: [{host: 127.0.0.1, plainHttp: true}]\negress: {allow: [127.0.0.1]}\n',
  );
  const startMs = performance.now();
  const { code, stderr } = await place.outrider(
    ['inject', 'm', ...withSysdig, '--lookup=true', '--registry-config', 'registries.yaml', '-o', 'diff'],
    { env: { HOME: place.cwd } },
  );
  const tookMs = performance.now() - startMs;
  t.equal(code, 0, stderr);
  t.match(stderr, '12 pod templates: 0 inject, 0 partial, 12 skip');
  t.ok(asked >= 1, `${asked} asked`);
  t.ok(tookMs < 16_000, `${Math.round(tookMs)} ms: about one time-out, not twelve`);
});
