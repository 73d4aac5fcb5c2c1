import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { createAdminReader, type AdminReader } from './admin-reader.js';
import { startApiServer, type ApiServer } from './api-server.js';
import { applyAll } from './apply.js';
import { startBalancer, type Balancer } from './balancer.js';
import { installDefinitions } from './definitions.js';
import { findHelm, release, type Values } from './helm.js';
import { objectIn, type KubectlResult } from './kubectl.js';
import { summaryOf, type PodSummary } from './pods.js';
import { addNode } from './node.js';
import { startReplica, type Replica } from './replica.js';
import { installIdentity, type ChartIdentity } from './service-account.js';

/** An API server with Outrider on it, as the chart installs it: its rights, its Service, its replicas as processes. */
export interface Installation {
  readonly api: ApiServer;
  readonly identity: ChartIdentity;
  readonly balancer: Balancer;
  /** The replicas that were started and not taken away. */
  readonly replicas: readonly Replica[];
  /** Starts a replica, and waits until it is ready. */
  addReplica(name: string, flags?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Replica>;
  /** Starts a replica of another version, without the chart's flags that it does not know. */
  addOther(name: string, bundle: string, unknownFlags: RegExp): Promise<Replica>;
  /** Kills a replica, without a chance to say goodbye. */
  kill(replica: Replica): Promise<void>;
  /** Applies objects as the admin. @throws with what the API server said */
  apply(objects: readonly object[]): Promise<void>;
  /** Creates an object in a namespace; a refusal is an exit code. */
  create(namespace: string, object: JsonObject, ...flags: readonly string[]): Promise<KubectlResult>;
  /** Creates a pod and reports it as it is stored, with the warnings that came with it. @throws when it is refused */
  created(namespace: string, object: JsonObject, ...flags: readonly string[]): Promise<CreatedPod>;
  /** Reads an object as the admin. @throws when it is not there */
  readonly get: AdminReader['get'];
  /** Reads the objects of a kind in a namespace, as the admin. */
  readonly list: AdminReader['list'];
  stop(): Promise<void>;
}

/** A pod as it is stored, and what the API server told whoever made it. */
export interface CreatedPod extends PodSummary {
  readonly warnings: string;
}

/** What an installation is made with. */
export interface InstallationOptions {
  readonly controllerManager?: boolean;
  /** Write down every request. */
  readonly audit?: boolean;
  /** Of the chart: they decide which rights and flags the replicas have. */
  readonly values?: Values;
  /** Further ones of `outrider serve`, for every replica. */
  readonly flags?: readonly string[];
}

/**
 * Installs what the chart does without its pods: definitions, identity, rights and ConfigMap, and a Service of the
 * chart's name, of type ExternalName, since an API server on loopback reaches no other.
 */
export async function install(options: InstallationOptions = {}): Promise<Installation> {
  const api = await startApiServer({
    controllerManager: options.controllerManager ?? true,
    audit: options.audit ?? false,
  });
  const reader = createAdminReader(api.kubeconfig);
  const balancer = await startBalancer();
  const replicas: Replica[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await balancer.stop();
    await reader.close();
    await api.stop();
  };
  const apply = (objects: readonly object[]): Promise<void> => applyAll(api, objects);
  const create: Installation['create'] = (namespace, object, ...flags) =>
    api.kubectl(['create', '-n', namespace, '-f', '-', '-o', 'json', ...flags], JSON.stringify(object));
  try {
    await installDefinitions(api);
    await addNode(api);
    const identity = await installIdentity(api, options.values);
    const chartFlags = await flagsOf(api, options.values);
    await apply([service(balancer.port)]);
    const flags = [
      ...chartFlags,
      `--webhook-service=${release.name}:${balancer.port}`,
      // No registry is asked: nothing here is to depend on the network.
      '--lookup=false',
      ...(options.flags ?? []),
    ];
    const added = async (replica: Replica): Promise<Replica> => {
      replicas.push(replica);
      balancer.setBackends(replicas);
      await replica.ready();
      return replica;
    };
    return {
      api,
      identity,
      balancer,
      get replicas() {
        return replicas;
      },
      addReplica: async (name, more = [], env = {}) =>
        added(await startReplica(name, identity.kubeconfig, [...flags, ...more], env)),
      addOther: async (name, bundle, unknownFlags) => {
        const known = flags.filter((flag) => !unknownFlags.test(flag));
        return added(await startReplica(name, identity.kubeconfig, known, {}, bundle));
      },
      kill: async (replica) => {
        replicas.splice(replicas.indexOf(replica), 1);
        balancer.setBackends(replicas);
        await replica.stop();
      },
      apply,
      create,
      created: async (namespace, object, ...flags) => {
        const result = await create(namespace, object, ...flags);
        return { ...summaryOf(objectIn(result)), warnings: result.stderr };
      },
      get: reader.get,
      list: reader.list,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function service(port: number): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: release.name, namespace: release.namespace },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port, name: 'webhook' }] },
  };
}

/** What the chart starts `outrider serve` with, apart from where it listens: that is the test's own. */
async function flagsOf(api: ApiServer, values: Values | undefined): Promise<readonly string[]> {
  const objects = await (await findHelm(api)).render(values, ['--no-hooks']);
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const template = objectOf(objectOf(deployment?.['spec'])?.['template']);
  const [container] = listOf(objectOf(template?.['spec'])?.['containers']);
  return listOf(objectOf(container)?.['args'])
    .map((argument) => stringOf(argument) ?? '')
    .filter(
      (argument) => argument.startsWith('--') && !/^--(cluster$|listen-port=|plain-port=|log-format=)/.test(argument),
    );
}
