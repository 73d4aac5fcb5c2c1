import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { release } from '../../e2e/cluster/helm.js';
import { getObject, kubectl, kubectlOutput, listObjects } from '../support/kubectl.js';
import { createNamespace, until } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { answerOf, only, podsOf, rolledOut, webDeployment } from './deployment.js';
import { installOutrider } from './installation.js';

// Nobody says what the agent's image starts: no image map, no profile. The leader looks it up in the private registry.

t.setTimeout(900_000);

const heldMs = 60_000;

t.before(() => installOutrider(t));

const agentOf = async (policy: string): Promise<JsonObject> =>
  objectOf(objectOf((await getObject('', 'instrumentationpolicy', policy))['status'])?.['agent']) ?? {};

/** Whether the API server goes by a policy as it is now. */
async function isInForce(policy: string): Promise<boolean> {
  const { metadata, status } = await getObject('', 'instrumentationpolicy', policy);
  const inForce = listOf(objectOf(status)?.['conditions'])
    .filter(isObject)
    .find(({ type }) => type === 'InForce');
  return inForce?.['status'] === 'True' && inForce['observedGeneration'] === objectOf(metadata)?.['generation'];
}

t.test('the leader finds out what the agent’s image starts, once for all policies that name it', async (t) => {
  for (const policy of ['default', 'crashing', 'mirrored', 'dogs']) {
    await until(`${policy} to know its agent`, async () => (await agentOf(policy))['argvKnown'] === true);
    t.match(await agentOf(policy), { digest: /^sha256:[0-9a-f]{64}$/, foundAt: /Z$/, problem: undefined });
  }
  t.same(await agentOf('payments'), {}, 'a policy that prefers Security has no keeper');
  const { data } = await getObject(release.namespace, 'configmap', `${release.name}-agent-images`);
  const found = Object.values(objectOf(data) ?? {}).map((entry) => JSON.stringify(entry));
  for (const agent of ['sysdig/workload-agent', 'datadog/agent']) {
    t.equal(found.filter((entry) => entry.includes(`/${agent}:`)).length, 1, `${agent}, once`);
  }
});

for (const delivery of ['ImageVolume', 'Copy'] as const) {
  t.test(`E31: an agent that crashes and crashes, by ${delivery}: the pod keeps its endpoints`, async (t) => {
    const here = await createNamespace(t, `crashing-${delivery.toLowerCase()}`, { labels: { team: 'crashing' } });
    const patch = JSON.stringify({ spec: { delivery } });
    await kubectlOutput(['patch', 'instrumentationpolicy', 'crashing', '--type=merge', '-p', patch]);
    await until('the change to be in force', () => isInForce('crashing'));
    const ports = [{ port: 80, targetPort: 8080 }];
    await here.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports },
    });
    await here.create(webDeployment());
    const web = only(await rolledOut(here));
    await here.waitForLog(web.name, sysdigAgent, 'the agent ended with 3, starting it again in 2 s');
    t.ok(tracedIn(containerOf(web, 'app').id, sysdigWrapper).allTraced, 'the application is traced');

    const endpointReady = async (): Promise<boolean> => {
      const slices = (await listObjects(here.name, 'endpointslices', 'kubernetes.io/service-name=web')).filter(
        isObject,
      );
      const endpoints = slices.flatMap((slice) => listOf(slice['endpoints']).filter(isObject));
      return endpoints.length === 1 && objectOf(endpoints[0]?.['conditions'])?.['ready'] === true;
    };
    await until('the endpoint', endpointReady);
    // The kubelet would have backed off several times by then.
    const untilMs = Date.now() + heldMs;
    let looks = 0;
    while (Date.now() < untilMs) {
      const now = only(await podsOf(here.name));
      const isHeld = now.ready && (await endpointReady()) && containerOf(now, sysdigAgent).restarts === 0;
      if (!isHeld) {
        t.fail(`after ${looks} looks: ${JSON.stringify(now)}`);
        break;
      }
      looks++;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    t.comment(`${looks} looks in ${heldMs / 1000} s: ready, an endpoint, no restart of the agent's container`);
    t.ok(looks > 30, 'it was looked at all the time');
    t.equal(await answerOf(await podsOf(here.name)), 'the application answers\n');
    const log = await kubectlOutput(['logs', '-n', here.name, web.name, '-c', sysdigAgent]);
    const crashes = [...log.matchAll(/the agent ended with 3/g)].length;
    t.comment(`the agent crashed ${crashes} times meanwhile`);
    t.ok(crashes >= 3, 'the agent crashed again and again');
    const volumes = listOf(objectOf((await getObject(here.name, 'pod', web.name))['spec'])?.['volumes']).filter(
      isObject,
    );
    t.equal(
      volumes.some(({ image }) => image !== undefined),
      delivery === 'ImageVolume',
      'by what it should be',
    );
  });
}

t.test('what a keeper is started with survives every replica, and nobody’s edit of it lasts', async (t) => {
  const name = `${release.name}-agent-images`;
  const at = ['-n', release.namespace];
  const before = objectOf((await getObject(release.namespace, 'configmap', name))['data']);
  const [key = ''] = Object.keys(before ?? {});
  const forged = stringOf(before?.[key])?.replace(/"argv":\[[^\]]*\]/, '"argv":["/bin/sh","-c","sleep 9"]') ?? '';
  await kubectlOutput([
    'patch',
    'configmap',
    name,
    ...at,
    '--type=merge',
    '-p',
    JSON.stringify({ data: { [key]: forged } }),
  ]);
  await until('the leader to put it right', async () => {
    const now = objectOf((await getObject(release.namespace, 'configmap', name))['data']);
    return JSON.stringify(now) === JSON.stringify(before);
  });
  await kubectl(['delete', 'configmap', name, ...at]);
  await until('the leader to make it again', async () => {
    const { exitCode, stdout } = await kubectl(['get', 'configmap', name, ...at, '-o', 'json']);
    return exitCode === 0 && stdout.includes('/opt/draios/bin/sidecar');
  });
  t.pass('and so it stands');
});
