import { selfTestName } from '../../../src/cluster/registration/entry-names.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { mutatingCalls, sumOfCalls } from '../../e2e/cluster/admission-calls.js';
import { until } from '../../e2e/cluster/guarded-process.js';
import { clientOf } from '../../e2e/cluster/in-cluster.js';
import { install, type Installation } from '../../e2e/cluster/installation.js';
import { objectIn } from '../../e2e/cluster/kubectl.js';
import { accessKey, conditionsOf, namespace, policy, serviceAccount } from '../../e2e/cluster/objects.js';
import { pod } from '../../e2e/cluster/pods.js';
import { clear } from '../scale/clear.js';
import { registerConstant } from '../scale/constant.js';
import { labelPolicy } from './label-policy.js';
import { scenes, withParts, withPartsOf, type Scene, type Variant } from './variants.js';
import { usageOf, type Usage } from './usage.js';

/** What the processes have spent so far. */
export interface Spent extends Usage {
  /** Calls of the variants' mutating webhooks. */
  readonly calls: number;
  /** CPU time of all replicas of ours. */
  readonly ownCpuSeconds: number;
}

/** An API server with all that some variants need on it. */
export interface BenchCluster {
  readonly kubeconfig: string;
  /** The pods of the variant that come with our parts. */
  readonly template: JsonObject | undefined;
  spent(): Promise<Spent>;
  /** Removes every pod of a namespace. */
  clear(namespace: string): Promise<void>;
  stop(): Promise<void>;
}

const secretName = 'sysdig-agent';

/**
 * Starts an API server, and what the variants need: two replicas of Outrider, a policy for each of its variants, and the
 * webhook that answers a constant. There are no controllers and no kubelet.
 */
export async function startBenchCluster(variants: readonly Variant[]): Promise<BenchCluster> {
  const here = await install({ controllerManager: false, values: { apiServerPolicies: 'Auto' } });
  const client = clientOf(here.api.kubeconfig);
  const ends: (() => Promise<unknown>)[] = [() => here.stop(), () => client.close()];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const wanted = new Map(variants.map((variant) => [scenes[variant].namespace, scenes[variant]]));
    for (const [name, scene] of wanted) {
      await here.apply([namespace(name, { bench: name }), serviceAccount(name)]);
      if (scene.prefer !== undefined) await here.apply([accessKey(name, secretName)]);
    }
    const own = [...wanted.values()].filter(({ prefer }) => prefer !== undefined);
    if (own.length > 0) {
      await here.addReplica('one');
      await here.addReplica('two');
      for (const scene of own) await here.apply(policiesOf(scene));
      for (const scene of own) await inForce(here, scene);
    }
    if (wanted.has('label')) {
      await here.apply(labelPolicy);
      await until('the label', async () => JSON.stringify(await dryRun(here, 'label')).includes('"made":"so"'));
    }
    if (wanted.has('constant')) ends.push(await registerConstant(here, client));
    return {
      kubeconfig: here.api.kubeconfig,
      template: variants.includes(withParts) ? await instrumentedPod(here) : undefined,
      spent: async () => {
        const usage = await usageOf(here.api);
        const calls = sumOfCalls(await mutatingCalls(here.api), (name) => name !== selfTestName);
        const cpu = await Promise.all(here.replicas.map((replica) => replica.metric('process_cpu_seconds_total')));
        return { ...usage, calls: calls.calls, ownCpuSeconds: cpu.reduce<number>((sum, one) => sum + (one ?? NaN), 0) };
      },
      clear: (name) => clear(client, name),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A policy that the webhook is to carry out gets one beside it that is off: those overlap, so the API server leaves both. */
function policiesOf({ namespace: name, prefer, byApiServer }: Scene): readonly JsonObject[] {
  const labels = { bench: name };
  // The same parts in each variant, whatever the nodes are.
  const own = policy(name, labels, { prefer, precedence: 1, delivery: 'Copy' });
  return byApiServer ? [own] : [own, policy(`${name}-beside`, labels, { mode: 'Off' })];
}

/** Waits until the policy is carried out as it is to be, and its pods are judged so too. */
async function inForce(here: Installation, { namespace: name, byApiServer, prefer }: Scene): Promise<void> {
  const wanted = byApiServer ? 'ApiServerInjects=True ApiServerInjects' : 'ApiServerInjects=False NotClaimable';
  let conditions: readonly string[] = [];
  await until(
    `policy ${name}`,
    async () => {
      conditions = conditionsOf(await here.get('ipol', name));
      if (!conditions.includes(wanted) || !conditions.some((one) => one.startsWith('InForce=True'))) return false;
      const configuration = JSON.stringify(await here.get('validatingwebhookconfiguration', 'outrider'));
      if (byApiServer && prefer === 'Security' && !configuration.includes(names.by)) return false;
      const made = await dryRun(here, name);
      const labels = objectOf(objectOf(made['metadata'])?.['labels']) ?? {};
      return labels[names.status] === 'injected' && labels[names.by] === (byApiServer ? 'api-server' : undefined);
    },
    { output: () => conditions.join('\n'), hasEnded: () => false },
    120_000,
  );
}

/** A pod as it would be stored. */
async function dryRun(here: Installation, name: string): Promise<JsonObject> {
  return objectIn(await here.create(name, pod('probe', { labels: { app: 'web' } }), '--dry-run=server'));
}

/** A pod as our webhook leaves it, without what the API server writes itself. */
async function instrumentedPod(here: Installation): Promise<JsonObject> {
  const { namespace: name } = scenes[withPartsOf];
  const made = await dryRun(here, name);
  const metadata = objectOf(made['metadata']);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: objectOf(metadata?.['labels']) ?? {}, annotations: objectOf(metadata?.['annotations']) ?? {} },
    spec: objectOf(made['spec']) ?? {},
  };
}
