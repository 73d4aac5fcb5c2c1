import t from 'tap';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { minorOf } from './node.js';
import { accessKey, conditionsOf, namespace, policy } from './objects.js';
import type { Replica } from './replica.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';

// Replicas that know nothing of the API server's policies, beside some that keep them, as in an upgrade and on the way back.
// OLDER_BUNDLE is the command of another version; without it the older ones are of this version, and told Off.

t.setTimeout(900_000);

const bundle = process.env['OLDER_BUNDLE'];
const secure = { tier: 'secure' };
const here = await install({ values: { apiServerPolicies: 'Auto' }, flags: ['--lease-seconds=5'] });
t.teardown(() => here.stop());
const isNew = (await minorOf(here.api)) >= 36;
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());

const addOlder = (name: string): Promise<Replica> =>
  bundle === undefined
    ? here.addReplica(name, ['--api-server-policies=Off'])
    : here.addOther(name, bundle, /^--(api-server-policies|immutable-tags|plan-)/);
const payments = (region: string): JsonObject =>
  policy('payments', secure, { prefer: 'Security', profile: { name: 'sysdig', settings: { region } } });
const labelOf = (pod: JsonObject | undefined): string | undefined =>
  stringOf(objectOf(objectOf(pod?.['metadata'])?.['labels'])?.[names.by]);
const isLeader = async (replica: Replica): Promise<boolean> => (await replica.metric('outrider_leader')) === 1;
const conditionIs = (wanted: string): Promise<void> =>
  until(wanted, async () => conditionsOf(await here.get('ipol', 'payments')).includes(wanted));
const leavesOut = async (): Promise<boolean> =>
  JSON.stringify(await here.get('validatingwebhookconfiguration', 'outrider')).includes(names.by);
const kept = [
  ['mutatingwebhookconfiguration', 'outrider'],
  ['validatingwebhookconfiguration', 'outrider'],
  ['validatingadmissionpolicy', 'outrider-1'],
  ['mutatingadmissionpolicy', 'outrider-1'],
  ['mutatingadmissionpolicybinding', 'outrider-1'],
] as const;
/** How often each object was changed so far. */
const generations = (): Promise<readonly unknown[]> =>
  Promise.all(kept.map(async ([kind, name]) => objectOf((await here.get(kind, name))['metadata'])?.['generation']));

const older = await addOlder('older');
await here.apply([namespace('payments', secure), accessKey('payments'), payments('us2')]);
await conditionIs('InForce=True Proven');

t.test(
  'W63: beside a replica that knows nothing of it, nothing is denied and nobody fights',
  { skip: !isNew },
  async (t) => {
    const traffic = startTraffic(client, { namespace: 'payments', perSecond: 10 });
    t.teardown(() => traffic.stop());
    /** Calls at one time, at ten pods a second: on a slow machine one takes up to half a second. */
    const mostInFlight = 6;
    let seen = 0;
    /** Lets some more pods be created. @returns the labels that say who instrumented them */
    const goesOn = async (what: string, count = 60): Promise<ReadonlySet<string | undefined>> => {
      await traffic.more(count);
      const all = traffic.creations.slice(seen);
      seen = traffic.creations.length;
      // A process that is killed takes the calls along that it has not answered: nobody decided on those. Where that was the
      // mutating call, the pod comes to the other replica's validating door as it was.
      const lost = /failed to call webhook: .*(?:EOF|reset by peer)|parts_missing.*or the mutating call failed/;
      const denied = refusals(all);
      const others = denied.filter((text) => !lost.test(text));
      t.same(others, [], what);
      t.ok(denied.length - others.length <= mostInFlight, `${what}: ${denied.length - others.length} were lost`);
      t.equal(uninstrumented(all), 0, what);
      return new Set(all.flatMap(({ pod }) => (pod === undefined ? [] : [labelOf(pod)])));
    };

    await here.addReplica('one');
    t.ok(await isLeader(older), 'the older one goes on leading');
    t.same([...(await goesOn('beside an older leader'))], [undefined]);

    await here.kill(older);
    await conditionIs('ApiServerInjects=True ApiServerInjects');
    await until('the API server to judge', leavesOut);
    await goesOn('upgraded');

    const second = await addOlder('older-2');
    const before = await generations();
    const labels = await goesOn('beside an older follower', 200);
    t.ok(labels.has('api-server') || labels.has('webhook'), 'the API server instruments them');
    t.same(await generations(), before, 'nobody changes what is written');

    const one = here.replicas.find(({ name }) => name === 'one');
    if (one === undefined) throw new Error('the newer replica is gone');
    await here.kill(one);
    await until('the older one to lead', () => isLeader(second));
    await goesOn('led by an older one', 150);

    const two = await here.addReplica('two');
    await here.kill(second);
    await until('the newer one to lead', () => isLeader(two));
    await here.apply([payments('us3')]);
    await until('the API server to judge', leavesOut);
    await conditionIs('ApiServerInjects=True ApiServerInjects');
    await goesOn('upgraded again, and edited', 150);
    t.comment(`${(await traffic.stop()).length} pods`);
  },
);
