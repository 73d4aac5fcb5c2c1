import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parse } from 'yaml';
import { isObject } from '../../../src/model/json.js';
import { images } from '../support/images.js';
import { datadog, keySecret, pullSecret } from '../support/inject.js';
import { createNamespace, type Namespace } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import {
  datadogAgent,
  datadogWrapper,
  idle,
  injectAll,
  pod,
  shell,
  sysdigAgent,
  sysdigWrapper,
} from '../support/pods.js';
import { processesOf, tracedIn } from '../support/processes.js';

t.setTimeout(900_000);

const profileFile = fileURLToPath(new URL('../../../../test/agent/profile.yaml', import.meta.url));
const both = ['Availability', 'Security'] as const;
const key = { secretRef: { name: keySecret, key: 'key' } };
const agent = { image: images.datadogAgent, imagePullSecrets: [pullSecret] };

async function isTraced(here: Namespace, name: string, wrapper: string): Promise<boolean> {
  return tracedIn(containerOf(await here.ready(name), 'app').id, wrapper).allTraced;
}

t.test('two profiles in two namespaces at once', async (t) => {
  const [left, right] = [await createNamespace(t, 'two-sysdig'), await createNamespace(t, 'two-datadog')];
  for (const prefer of both) {
    const name = prefer.toLowerCase();
    await left.create(await injectAll([pod(name, shell(idle))], { prefer }));
    await right.create(
      await injectAll([pod(name, shell(idle))], { prefer, spec: { profile: datadog, agent, credentials: key } }),
    );
  }
  for (const prefer of both) {
    const name = prefer.toLowerCase();
    t.ok(await isTraced(left, name, sysdigWrapper), `sysdig, ${prefer}`);
    t.ok(await isTraced(right, name, datadogWrapper), `datadog, ${prefer}`);
    t.match(await left.waitForLog(name, sysdigAgent, 'exec'), /exec \d+ sh -c .*\(sees sh/);
    t.match(await right.waitForLog(name, datadogAgent, 'exec'), /exec \d+ sh -c .*\(sees sh/);
    const session = [
      datadogWrapper,
      'inject',
      '--session-type',
      'k8s',
      '--data',
      '{"user":"jane"}',
      '--',
      'cat',
      '/etc/group',
    ];
    t.match((await right.exec(name, 'app', ...session)).stdout, 'root:x:0:', 'an exec session that says whose it is');
    t.match(await right.waitForLog(name, datadogAgent, 'session'), 'session k8s {"user":"jane"}');
  }
});

t.test('a profile of one’s own: the worked example of test/agent', async (t) => {
  const here = await createNamespace(t, 'custom');
  const profile: unknown = parse(readFileSync(profileFile, 'utf8'));
  if (!isObject(profile)) throw new Error(`${profileFile} is no object`);
  for (const prefer of both) {
    const name = prefer.toLowerCase();
    const spec = { profile: { name: 'stand-in' }, agent: { imagePullSecrets: [pullSecret] }, credentials: key };
    await here.create(await injectAll([pod(name, shell(idle))], { prefer, spec, documents: [profile] }));
    t.ok(await isTraced(here, name, '/stand-in-files/cws-instrumentation'), prefer);
    t.match(await here.waitForLog(name, 'stand-in', 'exec'), /port 7007\n[^]*exec \d+ sh -c/);
  }
});

t.test('delivery by an image volume, and an agent that is a plain container', async (t) => {
  const here = await createNamespace(t, 'delivery');
  for (const prefer of both) {
    const name = prefer.toLowerCase();
    const volume = await injectAll([pod(`volume-${name}`, shell(idle))], { prefer, spec: { delivery: 'ImageVolume' } });
    t.notMatch(JSON.stringify(volume), 'emptyDir');
    await here.create(volume);
    await here.create(
      await injectAll([pod(`plain-${name}`, shell(idle))], { prefer, options: ['--native-sidecars=false'] }),
    );
  }
  for (const prefer of both) {
    for (const kind of ['volume', 'plain']) {
      const name = `${kind}-${prefer.toLowerCase()}`;
      t.ok(await isTraced(here, name, sysdigWrapper), name);
      t.match(await here.waitForLog(name, sysdigAgent, 'exec'), /exec \d+ sh -c/);
      const written = await here.exec(name, 'app', 'touch', '/opt/draios/mine');
      t.match(written.stderr, 'Read-only', 'the agent’s files are mounted read-only');
    }
  }
});

t.test('the copy runs twice on one volume when the pod’s sandbox is made anew', async (t) => {
  const here = await createNamespace(t, 'twice');
  await here.create(await injectAll([pod('twice', shell(idle))]));
  const before = await here.ready('twice');
  const sandbox = processesOf(`pod${before.uid}`).find(({ argv }) => argv[0] === '/pause');
  process.kill(sandbox?.pid ?? -1, 'SIGKILL');
  const copy = 'sysdig-workload-agent-copy';
  const again = await here.waitFor('twice', 'Ready with another copy', (seen) => {
    return seen.ready && containerOf(seen, copy).id !== containerOf(before, copy).id;
  });
  t.equal(containerOf(again, copy).exitCode, 0);
  t.ok(await isTraced(here, 'twice', sysdigWrapper));
});

t.test('files that only root can read: Availability goes on with a stub, Security does not', async (t) => {
  const here = await createNamespace(t, 'root-only');
  const spec = { agent: { image: images.rootOnlyAgent, imagePullSecrets: [pullSecret] } };
  const tool = { image: images.web, env: [{ name: 'X', value: 'y' }] };
  await here.create(await injectAll([pod('availability', tool)], { spec }));
  await here.create(await injectAll([pod('security', tool)], { spec, prefer: 'Security' }));

  const web = await here.ready('availability');
  const app = tracedIn(containerOf(web, 'app').id, sysdigWrapper);
  t.same(
    app.workload.map(({ argv, tracer }) => [argv.join(' '), tracer]),
    [['/bin/httpd -f -p 8080 -h /www', 0]],
    'the application runs as it would, untraced, with nothing around it',
  );
  t.equal(await (await fetch(`http://${web.ip}:8080/`)).text(), 'the application answers\n');
  t.match(await here.log('availability', 'sysdig-workload-agent-copy'), 'the workload runs untraced');

  const stuck = await here.waitFor('security', 'its copy fails again', (seen) => {
    return containerOf(seen, 'sysdig-workload-agent-copy').restarts >= 1;
  });
  t.equal(containerOf(stuck, 'app').state, 'waiting', 'the application has not started');
  t.match(await here.log('security', 'sysdig-workload-agent-copy'), /secret.*Permission denied/);
});
