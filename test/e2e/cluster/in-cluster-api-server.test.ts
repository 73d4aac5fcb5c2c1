import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { outrider } from './cli.js';
import { installDefinitions } from './definitions.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented } from './instrumented.js';
import { objectIn } from './kubectl.js';
import { minorOf } from './node.js';
import { accessKey, conditionsOf, messageOf, namespace, policy } from './objects.js';
import { pod, summaryOf } from './pods.js';
import type { Replica } from './replica.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

// What the API server does by itself while no replica of Outrider answers: from Kubernetes 1.36 on.

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const here = await install({ values: { apiServerPolicies: 'Auto' }, flags: ['--lease-seconds=5'] });
t.teardown(() => here.stop());
const isNew = (await minorOf(here.api)) >= 36;
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());
await here.addReplica('one');
await here.addReplica('two');
const payments = (region: string): JsonObject =>
  policy('payments', secure, { prefer: 'Security', profile: { name: 'sysdig', settings: { region } } });
await here.apply([namespace('payments', secure), accessKey('payments'), payments('us2')]);

const conditions = async (): Promise<readonly string[]> => conditionsOf(await here.get('ipol', 'payments'));
const labelOf = (object: JsonObject): string | undefined =>
  stringOf(objectOf(objectOf(object['metadata'])?.['labels'])?.['outrider.dev/by']);
const leavesOut = async (): Promise<boolean> =>
  JSON.stringify(await here.get('validatingwebhookconfiguration', 'outrider')).includes('outrider.dev/by');
const killAll = async (): Promise<void> => {
  for (const replica of [...here.replicas]) await here.kill(replica);
};
/** A pod's agent's region, as its sidecar has it. */
const collectorOf = ({ spec }: JsonObject): string => {
  const env = listOf(objectOf(spec)?.['initContainers'])
    .filter(isObject)
    .flatMap((container) => listOf(container['env']).filter(isObject));
  return stringOf(env.find(({ name }) => name === 'SYSDIG_COLLECTOR')?.['value']) ?? '';
};
const settled = (): Promise<void> =>
  until('the API server to instrument, and to judge', async () => {
    const now = await conditions();
    return (
      now.includes('ApiServerInjects=True ApiServerInjects') &&
      now.includes('InForce=True Proven') &&
      (await leavesOut())
    );
  });

if (!isNew) {
  t.test('an API server that serves none of it is asked for none of it, and the policy says so', async () => {
    await until('the condition', async () => (await conditions()).includes('ApiServerInjects=False NotServed'));
  });
} else {
  t.test('W60: with every replica killed, known pods are instrumented, and forged ones refused', async (t) => {
    await settled();
    t.comment(messageOf(await here.get('ipol', 'payments'), 'ApiServerInjects'));
    await killAll();
    const created = await here.create('payments', pod('web'));
    t.equal(created.exitCode, 0, created.stderr);
    t.equal(labelOf(objectIn(created)), 'api-server');
    isInstrumented(t, summaryOf(objectIn(created)));
    const forged = await here.create(
      'payments',
      pod('forged', { labels: { 'outrider.dev/by': 'api-server', 'outrider.dev/inject': 'disabled' } }),
    );
    t.match(forged, { exitCode: 1, stderr: /ValidatingAdmissionPolicy 'outrider-1'.*denied request: outrider:/ });
    const unknown = await here.create('payments', pod('unknown', { container: { command: [], args: [] } }));
    t.match(
      unknown,
      { exitCode: 1, stderr: /failed calling webhook "payments.outrider.outrider.dev"/ },
      'as documented',
    );
  });

  t.test('W61: nobody but Outrider writes what the API server is given', async (t) => {
    const patch = JSON.stringify({ spec: { podSecurity: 'privileged' } });
    const edited = await here.api.kubectl([
      'patch',
      'iplan',
      'payments',
      '-n',
      'payments',
      '--type=merge',
      '-p',
      patch,
    ]);
    t.match(edited, { exitCode: 1, stderr: /Only Outrider writes InstrumentationPlans/ });
    const made = {
      ...(await here.get('iplan', 'payments', 'payments')),
      metadata: { name: 'own', namespace: 'payments' },
    };
    t.match(await here.create('payments', made), { exitCode: 1, stderr: /Only Outrider writes/ });
  });

  t.test('W62: replicas that start again keep what stands', async (t) => {
    const before = await here.get('validatingadmissionpolicy', 'outrider-1');
    const one = await here.addReplica('three');
    await until('a leader', async () => (await one.metric('outrider_leader')) === 1);
    await sleep(3_000);
    t.ok(await leavesOut(), 'the entry leaves claimed pods out all the while');
    const after = await here.get('validatingadmissionpolicy', 'outrider-1');
    t.equal(objectOf(after['metadata'])?.['generation'], objectOf(before['metadata'])?.['generation']);
    await here.addReplica('four');
  });

  t.test('W63: policy edits and killed leaders during creates deny nothing', async (t) => {
    await settled();
    const traffic = startTraffic(client, { namespace: 'payments', perSecond: 15 });
    const edits = Number(process.env['EDITS'] ?? 100);
    for (let edit = 0; edit < edits; edit++) {
      await here.apply([payments(['us2', 'us3', 'eu1', 'us4'][edit % 4] ?? 'us2')]);
      if (edit % 40 === 20) {
        const leader: Replica | undefined = here.replicas[0];
        if (leader !== undefined) await here.kill(leader);
        await here.addReplica(`next-${edit}`);
      }
    }
    await here.apply([payments('us4')]);
    await traffic.more(30);
    const creations = await traffic.stop();
    // A process that is killed takes the calls along that it has not answered: nobody decided on those.
    const unanswered = refusals(creations).filter((text) =>
      /failed to call webhook: .*(?:EOF|reset by peer)/.test(text),
    );
    t.same(
      refusals(creations).filter((text) => !unanswered.includes(text)),
      [],
    );
    t.ok(unanswered.length <= 10, `${unanswered.length} calls that a killed process had`);
    t.equal(uninstrumented(creations), 0);
    const claimed = creations.filter(({ pod: made }) => made !== undefined && labelOf(made) !== undefined).length;
    t.comment(`${creations.length} pods, ${claimed} of them by the API server, ${edits} edits`);
    let last: readonly (string | undefined)[] = [];
    await until('the last version', async () => {
      const made = objectIn(await here.create('payments', pod('probe'), '--dry-run=server'));
      last = [labelOf(made), collectorOf(made), messageOf(await here.get('ipol', 'payments'), 'ApiServerInjects')];
      return labelOf(made) !== undefined && /us4/.test(collectorOf(made));
    }).catch(async (error: unknown) => {
      t.comment(JSON.stringify(last), JSON.stringify(await here.get('iplan', 'payments', 'payments')));
      throw error;
    });
  });

  t.test('W64: a new namespace is given its plan, and a namespace goes', async (t) => {
    await here.apply([namespace('later', secure)]);
    await here.apply([accessKey('later')]);
    await until(
      'a plan',
      async () => (await here.api.kubectl(['get', 'iplan', 'payments', '-n', 'later'])).exitCode === 0,
    );
    await settled();
    const went = await here.api.kubectl(['delete', 'namespace', 'later', '--timeout=60s']);
    t.equal(went.exitCode, 0, went.stderr);
  });

  t.test('W65: a pause takes all of it along, and resume puts it back', async (t) => {
    const left = async (): Promise<string> => {
      const kinds =
        'mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,validatingadmissionpolicybindings';
      const { stdout } = await here.api.kubectl(['get', kinds, '-o', 'name']);
      return stdout
        .split('\n')
        .filter((name) => /outrider-(\d+|probe)$/.test(name))
        .join();
    };
    t.not(await left(), '');
    const paused = await outrider(here.api.kubeconfig, 'pause', '--for=1h');
    t.match(paused, { exitCode: 0 }, paused.stdout + paused.stderr);
    t.equal(await left(), '');
    t.equal(summaryOf(objectIn(await here.create('payments', pod('paused')))).status, undefined);
    await outrider(here.api.kubeconfig, 'resume');
    await settled();
    await killAll();
    const again = await outrider(here.api.kubeconfig, 'pause', '--for=1h');
    t.match(again, { exitCode: 0 }, again.stdout + again.stderr);
    t.equal(await left(), '', 'also while no replica runs');
    await outrider(here.api.kubeconfig, 'resume');
    await here.addReplica('five');
    await settled();
  });

  t.test('W66: without the definition, nothing denies', async (t) => {
    await here.api.kubectl(['delete', 'crd', 'instrumentationplans.outrider.dev']);
    await until('the webhook to judge all pods', async () => !(await leavesOut()));
    await until(
      'nothing left',
      async () => (await here.api.kubectl(['get', 'validatingadmissionpolicy', 'outrider-1'])).exitCode !== 0,
    );
    const made = await here.create('payments', pod('undefined'));
    t.equal(made.exitCode, 0, made.stderr);
    isInstrumented(t, summaryOf(objectIn(made)));
  });

  t.test('W65: what is left of an installation without its hook goes with its ClusterRole', async (t) => {
    await installDefinitions(here.api);
    await settled();
    await killAll();
    await here.api.kubectl(['delete', 'clusterrole', 'outrider', 'outrider-api-server-policies']);
    await until('nothing left', async () => {
      const { stdout } = await here.api.kubectl([
        'get',
        'mutatingadmissionpolicies,validatingadmissionpolicies,iplan',
        '-A',
        '-o',
        'name',
      ]);
      return !/outrider-\d|instrumentationplan/.test(stdout);
    });
    const made = await here.create('payments', pod('after'));
    t.equal(made.exitCode, 0, made.stderr);
  });
}
