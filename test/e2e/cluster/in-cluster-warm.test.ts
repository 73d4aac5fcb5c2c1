import t from 'tap';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { makeUmociImage, push } from '../registry/images.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { objectIn } from './kubectl.js';
import { minorOf } from './node.js';
import { accessKey, namespace, policy } from './objects.js';
import { pod, summaryOf } from './pods.js';
import { startPrivateRegistry } from './private-registry.js';

// What look-ups learn is known to replicas that start, and to the API server, without a registry.

t.setTimeout(900_000);

const images = Number(process.env['WARM_IMAGES'] ?? 20);
const pods = Number(process.env['WARM_PODS'] ?? 100);
const { registry, proxy, directory, flags, secretIn } = await startPrivateRegistry(t);
const built = await makeUmociImage(directory, '/app', ['--serve', '$HOME']);
for (let index = 0; index < images; index++) await push(registry, built, `private/app-${index}:1.2.3`);
await push(registry, built, 'private/app-0:latest');
const secure = { tier: 'secure' };
const here = await install({
  values: { apiServerPolicies: 'Auto' },
  flags,
});
t.teardown(() => here.stop());
const isNew = (await minorOf(here.api)) >= 36;
await here.apply([namespace('payments', secure)]);
await here.apply([accessKey('payments'), secretIn('payments'), policy('payments', secure, { prefer: 'Security' })]);
await here.addReplica('one');
await here.addReplica('two');

const withImage = (name: string, reference: string): JsonObject =>
  pod(name, {
    container: { image: `${proxy.host}/private/${reference}`, command: [], args: [] },
    spec: { imagePullSecrets: [{ name: 'registry' }] },
  });
const labelOf = (object: JsonObject): string | undefined =>
  stringOf(objectOf(objectOf(object['metadata'])?.['labels'])?.['outrider.dev/by']);

t.test('W62: what a look-up learned stands in the namespace within seconds', async (t) => {
  await until('an instrumented pod', async () => {
    const made = await here.create('payments', withImage('first', 'app-0:1.2.3'), '--dry-run=server');
    return made.exitCode === 0 && summaryOf(objectIn(made)).status === 'injected';
  });
  const startMs = performance.now();
  for (let index = 0; index < images; index++) {
    const made = await here.create('payments', withImage(`app-${index}`, `app-${index}:1.2.3`));
    t.equal(made.exitCode, 0, made.stderr);
  }
  const latest = await here.create('payments', withImage('latest', 'app-0:latest'));
  t.equal(latest.exitCode, 0, latest.stderr);
  const lastMs = performance.now();
  await until('all of them', async () => {
    const learned = objectOf(
      objectOf((await here.get('iplan', 'images.outrider.dev', 'payments'))['learned'])?.['images'],
    );
    return Object.keys(learned ?? {}).length === images + 1;
  });
  t.comment(
    `${images + 1} images in ${Math.round(lastMs - startMs)} ms, written ${Math.round(performance.now() - lastMs)} ms after the last`,
  );
  t.ok(performance.now() - lastMs < 5_000, 'within 5 s');
  if (!isNew) return;
  await until('the API server to be told of those that do not change', async () => {
    const { spec } = await here.get('iplan', 'payments', 'payments');
    return Object.keys(objectOf(objectOf(spec)?.['images']) ?? {}).length === images;
  });
});

t.test('W62: replicas that all start again ask no registry for what is known', async (t) => {
  for (const replica of [...here.replicas]) await here.kill(replica);
  proxy.seen.length = 0;
  await here.addReplica('three');
  await here.addReplica('four');
  let claimed = 0;
  for (let index = 0; index < pods; index++) {
    const made = await here.create('payments', withImage(`again-${index}`, `app-${index % images}:1.2.3`));
    t.equal(made.exitCode, 0, made.stderr);
    if (made.exitCode === 0 && labelOf(objectIn(made)) !== undefined) claimed++;
  }
  // Nobody claims this one: its tag may change.
  const latest = await here.create('payments', withImage('latest-again', 'app-0:latest'));
  t.equal(latest.exitCode, 0, latest.stderr);
  t.equal(labelOf(objectIn(latest)), undefined);
  t.same(summaryOf(objectIn(latest)).containers[0]?.argv.slice(1, 4), ['/app', '--serve', '$$HOME']);
  t.same(proxy.seen, [], 'no request to the registry');
  t.comment(`${claimed} of ${pods} by the API server`);
  if (isNew) t.equal(claimed, pods);
});

t.test('W60: with every replica killed and the registry gone, pods of known images are instrumented', async (t) => {
  if (!isNew) return;
  await registry.stop();
  for (const replica of [...here.replicas]) await here.kill(replica);
  const made = await here.create('payments', withImage('alone', 'app-1:1.2.3'));
  t.equal(made.exitCode, 0, made.stderr);
  t.same(summaryOf(objectIn(made)).containers[0]?.argv, ['/opt/draios/bin/instrument', '/app', '--serve', '$$HOME']);
  t.match(await here.create('payments', withImage('other', 'app-1:9.9.9')), { exitCode: 1 });
  await registry.restart();
});
