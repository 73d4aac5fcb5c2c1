import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { issueAuthority, issueServer } from '../../../src/tls/issue.js';
import { namespaceOf, podOf, policyOf } from '../lookup/documents.js';
import { envelope } from '../review.js';
import { startServing } from '../serving.js';
import { startLoad } from './load.js';

const parent = mkdtempSync(join(tmpdir(), 'outrider-faults-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));
t.setTimeout(900_000);

const rounds = 8;
const about = { days: 30, nowMs: Date.now() };
const authorities = await Promise.all(['one', 'two'].map((name) => issueAuthority({ commonName: name, ...about })));
const pairs = await Promise.all(
  authorities.map((authority) => issueServer({ authority, names: ['localhost'], ...about })),
);
const ca = authorities.map(({ certPem }) => certPem);

/** Replaces a file in one step. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

t.test('certificates and configurations change under load, and no review fails', async (t) => {
  const [tlsCert, tlsKey] = [join(parent, 'tls.crt'), join(parent, 'tls.key')];
  const serveWith = (round: number): void => {
    const pair = pairs[round % 2];
    put(tlsCert, pair?.certPem ?? '');
    put(tlsKey, pair?.keyPem ?? '');
  };
  serveWith(0);
  const serving = await startServing({
    parent,
    documents: [namespaceOf('web'), policyOf('web', {})],
    flags: [`--tls-cert=${tlsCert}`, `--tls-key=${tlsKey}`, '--log-level=warn', '--log-level=info'],
  });
  t.teardown(() => serving.stop());
  const body = envelope(podOf('web', 'acme/app:1', { command: ['/app'] }));
  const kept = { path: '/mutate/pods', body: () => body, choose: () => ({ port: serving.port, ca }) };
  const reviews = startLoad({ ...kept, clients: 6 });
  const reloads = (result: string) => serving.metric(`outrider_configuration_reloads_total{result="${result}"}`);
  const changed = (result: string) => serving.metric(`outrider_certificate_reloads_total{result="${result}"}`);
  const policyFile = join(serving.folder, 'config', '1.json');
  const policy = (spec: JsonObject): string => JSON.stringify(policyOf('web', spec));
  for (let round = 1; round <= rounds; round++) {
    const [before, certificates] = [await reloads('success'), await changed('success')];
    serveWith(round);
    put(policyFile, policy(round % 2 === 0 ? {} : { mode: 'Report' }));
    await until(async () => (await reloads('success')) > before && (await changed('success')) > certificates);
    const failed = await reloads('failure');
    put(policyFile, '{"kind": "InstrumentationPolicy", "spec": {');
    await until(async () => (await reloads('failure')) > failed);
    // Also new connections, which are handed the new certificate.
    const fresh = startLoad({ ...kept, clients: 2 });
    await fresh.more(20);
    await fresh.stop();
    t.strictSame(fresh.failures, [], `round ${round}`);
  }
  await reviews.more(50);
  await reviews.stop();
  t.strictSame(reviews.failures, []);
  t.strictSame(
    [...reviews.verdicts.keys()].sort(),
    ['inject/injected', 'skip/report_mode'],
    'by one configuration or the other',
  );
  t.comment(`${reviews.answered} reviews over ${rounds} changes of both`);
});
