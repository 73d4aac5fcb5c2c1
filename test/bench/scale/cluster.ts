import { selfTestName } from '../../../src/cluster/registration/entry-names.js';
import { mutatingCalls, sumOfCalls, type WebhookCalls } from '../../e2e/cluster/admission-calls.js';
import { until } from '../../e2e/cluster/guarded-process.js';
import { clientOf } from '../../e2e/cluster/in-cluster.js';
import { install } from '../../e2e/cluster/installation.js';
import { accessKey, labelled, namespace, policy, serviceAccount } from '../../e2e/cluster/objects.js';
import { pod } from '../../e2e/cluster/pods.js';
import type { Replica } from '../../e2e/cluster/replica.js';
import { clear } from './clear.js';
import { registerConstant } from './constant.js';

/** What is in the way of a pod in each variant. */
export const variants = ['no webhook', 'constant answer', 'Outrider, 1 replica', 'Outrider, 2 replicas'] as const;
export type Variant = (typeof variants)[number];

const namespaces: Readonly<Record<Variant, string>> = {
  'no webhook': 'none',
  'constant answer': 'constant',
  'Outrider, 1 replica': 'instrumented',
  'Outrider, 2 replicas': 'instrumented',
};

/** An API server with all that the variants need on it. */
export interface ScaleCluster {
  readonly kubeconfig: string;
  readonly replicas: readonly Replica[];
  /** Makes a variant's webhook the one that is called. Returns the namespace whose pods it is called for. */
  use(variant: Variant): string;
  /** Calls of the variants' webhooks so far, by the API server's own count. */
  calls(): Promise<WebhookCalls>;
  /** Seconds that both replicas worked on reviews so far. */
  workedSeconds(): Promise<number>;
  /** Removes every pod of a namespace. */
  clear(namespace: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an API server, two replicas of Outrider behind one port, and a webhook that answers a constant at another.
 * Nobody but the API server and these does anything: there are no controllers and no kubelet.
 */
export async function startScaleCluster(): Promise<ScaleCluster> {
  const here = await install({ controllerManager: false });
  const client = clientOf(here.api.kubeconfig);
  const ends: (() => Promise<unknown>)[] = [() => here.stop(), () => client.close()];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const labels = { instrumented: labelled, constant: { bench: 'constant' }, none: {} };
    await here.apply(
      Object.entries(labels).flatMap(([name, of]) => [namespace(name, of), serviceAccount(name), accessKey(name)]),
    );
    const one = await here.addReplica('one');
    const two = await here.addReplica('two');
    await here.apply([policy('default', labelled)]);
    await until('the policy', async () => {
      const { status } = await here.created('instrumented', pod('probe'), '--dry-run=server');
      return status === 'injected';
    });
    ends.push(await registerConstant(here, client));
    return {
      kubeconfig: here.api.kubeconfig,
      replicas: [one, two],
      use: (variant) => {
        here.balancer.setBackends(variant === 'Outrider, 1 replica' ? [one] : [one, two]);
        // What is open would go on to the replicas that it is open to.
        here.balancer.cut();
        return namespaces[variant];
      },
      calls: async () => sumOfCalls(await mutatingCalls(here.api), (name) => name !== selfTestName),
      workedSeconds: async () => {
        const of = (replica: Replica) => replica.metric('outrider_admission_duration_seconds_sum', 'door="mutate"');
        const [ofOne = 0, ofTwo = 0] = await Promise.all([of(one), of(two)]);
        return ofOne + ofTwo;
      },
      clear: (name) => clear(client, name),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
