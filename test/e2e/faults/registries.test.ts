import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { config, sendManifest, sha256, startServer, type Handler } from '../../image/registry/fake-registry.js';
import { imageMapOf, namespaceOf, podOf, policyOf } from '../lookup/documents.js';
import { envelope } from '../review.js';
import { startServing } from '../serving.js';
import { startLoad } from './load.js';

const parent = mkdtempSync(join(tmpdir(), 'outrider-faults-'));
const agent = 'agent.example/agent:1';
const works: Handler = (request, response) => {
  if (request.url?.includes('/blobs/') === true) {
    response.writeHead(200, { 'docker-content-digest': sha256(config) }).end(config);
  } else sendManifest(response);
};
const registry = await startServer(works);
const documents = [
  ...['web', 'pay'].map(namespaceOf),
  policyOf('web', {}, agent),
  policyOf('pay', { prefer: 'Security' }, agent),
  imageMapOf({ [agent]: { entrypoint: ['/agent'] } }),
];
const registries = {
  hosts: [{ host: registry.host, plainHttp: true, headersTimeoutMs: 500, bodyTimeoutMs: 500 }],
  egress: { allow: ['127.0.0.1'] },
};
const cacheFile = join(parent, 'cache.json');
const serving = await startServing({ parent, documents, registries, flags: [`--image-cache-file=${cacheFile}`] });
t.teardown(async () => {
  await registry.close();
  rmSync(parent, { recursive: true, force: true });
});
// Minutes by hand: `OUTAGE_SECONDS=120`.
const outageSeconds = Number(process.env['OUTAGE_SECONDS'] ?? 2);
t.setTimeout(300_000 + 3 * outageSeconds * 1_000);

const image = (name: string): string => `${registry.host}/acme/${name}:1`;

t.test('a registry that is out for a while, under load', async (t) => {
  t.match(await serving.review(podOf('web', image('before'))), { verdict: 'inject/injected' });
  const outages: Readonly<Record<string, Handler>> = {
    hangs: () => undefined,
    'is cut': (request) => request.socket.destroy(),
  };
  for (const [name, outage] of Object.entries(outages)) {
    registry.handler = outage;
    registry.asked.length = 0;
    const subject = image(name.replace(' ', '-'));
    const asks = (namespace: string, door: string) =>
      startLoad({
        path: `/${door}/pods?timeout=10s`,
        body: () => envelope(podOf(namespace, subject)),
        clients: 4,
        choose: () => serving,
      });
    const [web, pay, checked] = [asks('web', 'mutate'), asks('pay', 'mutate'), asks('pay', 'validate')];
    await Promise.all([web.more(300), pay.more(300), checked.more(300), sleep(outageSeconds * 1_000)]);
    await Promise.all([web.stop(), pay.stop(), checked.stop()]);
    t.strictSame([...web.failures, ...pay.failures, ...checked.failures], [], `it ${name}: every review is answered`);
    t.strictSame([...web.verdicts.keys()], ['skip/registry_unreachable'], 'Availability: admitted as it is');
    t.strictSame([...pay.verdicts.keys()], ['skip/registry_unreachable'], 'the mutating door never denies');
    t.ok(
      [...checked.verdicts.keys()].every((verdict) => /^deny\//.test(verdict)),
      'Security: denied at the last door',
    );
    const about = `${registry.asked.length} requests for ${web.answered + pay.answered} reviews in ${outageSeconds} s`;
    t.ok(registry.asked.length <= 10 + outageSeconds / 5, about);
    t.comment(about);
    const denied = await serving.review(podOf('pay', subject), { door: 'validate' });
    t.match(denied, { allowed: false, message: /registry/ }, 'with the reason');
    t.match(denied.message, subject);
  }
  registry.handler = works;
  t.match(
    await serving.review(podOf('web', image('before'))),
    { verdict: 'inject/injected' },
    'what was known still is',
  );
});

t.test('a registry whose name cannot be resolved', async (t) => {
  const subject = 'no-such-registry.invalid/acme/app:1';
  const first = await serving.review(podOf('web', subject));
  t.match(first, { allowed: true, verdict: 'skip/registry_unreachable', warnings: [/does not answer/] });
  t.match(await serving.review(podOf('pay', subject), { door: 'validate' }), { allowed: false, message: subject });
});

t.test('no room for the cache file: it is said, and the end is in order', async (t) => {
  if (!existsSync('/dev/full')) return void t.pass('there is no /dev/full here to write to');
  // What is written before it takes the file's place goes to a full device.
  symlinkSync('/dev/full', `${cacheFile}.${serving.pid}.tmp`);
  t.equal(await serving.stop(), 0);
  t.match(serving.logged('The image cache’s file cannot be written; the cache goes on without it.'), [
    { err: { code: 'ENOSPC' } },
  ]);
  t.strictSame(
    readdirSync(parent).filter((name) => name.startsWith('cache.json.')),
    [],
    'nothing is left behind',
  );
});
