import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type CountingProxy, type Fault, startCountingProxy, startRegistry } from '../registry/harness.js';
import { digestOf, makeUmociImage, push } from '../registry/images.js';
import { freePort } from '../registry/processes.js';
import { imageMapOf, namespaceOf, podOf, policyOf } from './documents.js';
import { openDoors } from './doors.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
const registry = await startRegistry(directory, { mode: 'none' });
await push(registry, await makeUmociImage(directory, '/through-faults', []), 'acme/app:1');
const agent = 'agent.example/agent:1';
const longestMs = 3_000;
const doors = await openDoors(
  [
    ...['web', 'strict', 'pay'].map(namespaceOf),
    policyOf('web', {}, agent),
    policyOf('strict', { onUnresolvedImage: 'Deny' }, agent),
    policyOf('pay', { prefer: 'Security' }, agent),
    imageMapOf({ [agent]: { entrypoint: ['/agent'] } }),
  ],
  {
    hosts: [{ host: '127.0.0.1', plainHttp: true, headersTimeoutMs: 1_500, bodyTimeoutMs: 1_500 }],
    egress: { allow: ['127.0.0.1'] },
  },
);
const proxies: CountingProxy[] = [];
t.teardown(async () => {
  await doors.images.close();
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await registry.stop();
  rmSync(directory, { recursive: true, force: true });
});

const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
const nowhere = `127.0.0.1:${await freePort()}`;
const secret = 'only-for-the-log';

/** For blobs only; manifests come from the registry. */
const ofBlobs =
  (fault: Fault): Fault =>
  (request, response) =>
    request.url?.includes('/blobs/') === true ? fault(request, response) : 'pass';

interface Case {
  readonly fault: Fault;
  readonly reason: string;
  /** What of the registry's answer the pod's author is told. */
  readonly told: RegExp;
  /** Time after which the registry is asked again, where that is not a minute. */
  readonly againMs?: number;
}

const cases: Readonly<Record<string, Case>> = {
  hanging: { fault: () => undefined, reason: 'registry_unreachable', told: /does not answer/ },
  'hanging in the body': {
    fault: (_, r) => r.writeHead(200, type).write('{'),
    reason: 'registry_unreachable',
    told: /does not answer/,
  },
  'trickling for ever': {
    fault: (q, r) => {
      r.writeHead(200, type);
      const timer = setInterval(() => r.write(' '), 200);
      q.socket.on('close', () => clearInterval(timer));
    },
    reason: 'lookup_timeout',
    told: /no answer in the time there was/,
  },
  'cut connection': { fault: (q) => q.socket.destroy(), reason: 'registry_unreachable', told: /does not answer/ },
  'cut within the body': {
    fault: (_, r) => r.writeHead(200, { ...type, 'content-length': 900 }).write('{', () => r.destroy()),
    reason: 'registry_unreachable',
    told: /does not answer/,
  },
  '429': { fault: (_, r) => r.writeHead(429).end(secret), reason: 'registry_rate_limited', told: /429/ },
  '429 with Retry-After': {
    fault: (_, r) => r.writeHead(429, { 'retry-after': '120' }).end(secret),
    reason: 'registry_rate_limited',
    told: /429/,
    againMs: 121_000,
  },
  '500': { fault: (_, r) => r.writeHead(500).end(secret), reason: 'registry_error', told: /500/ },
  '503 of a gateway': {
    fault: (_, r) => r.writeHead(503).end(`<html>${secret}</html>`),
    reason: 'registry_error',
    told: /503/,
  },
  'garbage in the manifest': {
    fault: (_, r) => r.writeHead(200, type).end(`\0${secret}`),
    reason: 'image_config_invalid',
    told: /not JSON|damaged/,
  },
  'garbage in the config': {
    fault: ofBlobs((_, r) => r.writeHead(200).end(secret)),
    reason: 'image_config_invalid',
    told: /damaged/,
  },
  'another digest': {
    fault: (_, r) => r.writeHead(200, { ...type, 'docker-content-digest': digestOf('x') }).end('{}'),
    reason: 'image_config_invalid',
    told: /damaged/,
  },
  'a huge manifest': {
    fault: (_, r) => r.writeHead(200, { ...type, 'content-length': 1e9 }).write('{'),
    reason: 'image_config_invalid',
    told: /damaged/,
  },
  'a manifest without end': {
    fault: (q, r) => {
      r.writeHead(200, type);
      const piece = Buffer.alloc(65_536, ' ');
      const fill = (): void => {
        while (!q.socket.destroyed && r.write(piece));
      };
      r.on('drain', fill);
      fill();
    },
    reason: 'image_config_invalid',
    told: /damaged/,
  },
  'a redirect to a metadata service': {
    fault: (_, r) => r.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
    reason: 'registry_denied',
    told: /not one Outrider may talk to/,
  },
  'a blob’s redirect to a metadata service': {
    fault: ofBlobs((_, r) => r.writeHead(307, { location: 'http://[fd00:ec2::254]/latest' }).end()),
    reason: 'registry_denied',
    told: /not one Outrider may talk to/,
  },
  'a redirect in a circle': {
    fault: (q, r) => r.writeHead(302, { location: q.url ?? '' }).end(),
    reason: 'registry_error',
    told: /302|cannot be used/,
  },
  'a token server that is down': {
    fault: (_, r) => r.writeHead(401, { 'www-authenticate': `Bearer realm="http://${nowhere}/token"` }).end(secret),
    reason: 'registry_unreachable',
    told: /does not answer/,
  },
  'a token server at a metadata service': {
    fault: (_, r) =>
      r.writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token"' }).end(secret),
    reason: 'registry_denied',
    told: /not one Outrider may talk to/,
  },
};

for (const [name, { fault, reason, told, againMs = 60_000 }] of Object.entries(cases)) {
  t.test(`E13, E16: ${name}`, async (t) => {
    const proxy = await startCountingProxy(registry.host);
    proxies.push(proxy);
    const image = `${proxy.host}/acme/app:1`;
    proxy.fault = fault;
    const first = await doors.review(podOf('web', image), { timeoutMs: longestMs });
    t.match(first, { allowed: true, verdict: `skip/${reason}`, patch: [], warnings: [told] });
    t.match(first.warnings[0], image);
    t.notMatch(first.warnings[0], secret, 'its body is for the log alone');
    t.ok(first.tookMs < longestMs + 1_000, `within the deadline: ${first.tookMs} ms`);
    for (const namespace of ['strict', 'pay']) {
      t.match(await doors.review(podOf(namespace, image)), { allowed: true, patch: [] }, 'this door never denies');
      const denied = await doors.review(podOf(namespace, image), { door: 'validate' });
      t.match(denied, { allowed: false, verdict: /^deny\//, message: image }, `${namespace} denies`);
      t.ok(denied.tookMs < 500);
    }
    t.match(await doors.review(podOf('web', image), { door: 'validate' }), { allowed: true });

    proxy.fault = undefined;
    doors.passMs(againMs);
    t.match(await doors.review(podOf('web', image)), { verdict: 'inject/injected' }, 'and recovers');
  });
}

t.test('E13: a slow registry: in time, or in time for the retry', async (t) => {
  const proxy = await startCountingProxy(registry.host);
  proxies.push(proxy);
  const pod = podOf('web', `${proxy.host}/acme/app:1`);
  proxy.fault = (_, response) => {
    proxy.fault = undefined;
    setTimeout(
      () => response.writeHead(307, { location: `http://${registry.host}/v2/acme/app/manifests/1` }).end(),
      800,
    );
  };
  t.match(await doors.review(pod, { timeoutMs: 300 }), { verdict: 'skip/lookup_timeout' });
  t.match(await doors.review(pod), { verdict: 'inject/injected' }, 'joins the look-up that went on');
});
