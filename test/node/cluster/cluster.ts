import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGuarded, until, type GuardedProcess } from '../../e2e/cluster/guarded-process.js';
import { createAuthority, createTokenKeys, writeKubeconfig, type PairFiles } from '../../e2e/cluster/identity.js';
import {
  apiServerFlags,
  controllerManagerFlags,
  etcdFlags,
  kubeletFlags,
  schedulerFlags,
  type NodeFiles,
} from './component-flags.js';
import { insideOf, type Component, type Inside } from './inside.js';
import { clusterVariable, nodeAddress, nodeName, pauseImage, registryHost } from './layout.js';
import {
  containerdConfiguration,
  containerdSocket,
  kubeletConfiguration,
  networkConfiguration,
  registryHostsFile,
} from './node-configuration.js';
import { cacheFolder, findParts } from './parts.js';
import { startRegistry } from './registry.js';
import { createStateFolder, type StateFolder } from './state-folder.js';

const nameServer = fileURLToPath(new URL('name-server.js', import.meta.url));
const namespacesScript = fileURLToPath(new URL('../../../../test/node/cluster/namespaces.sh', import.meta.url));

/** A running cluster of one node, in namespaces of its own. */
export interface Cluster {
  readonly directory: string;
  readonly inside: Inside;
  /** Environment for programs that run inside: kubeconfig, binaries on the path, and what `describeCluster` reads. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends everything and removes every trace of it. */
  stop(): Promise<void>;
}

/**
 * Starts etcd, API server, controller-manager, scheduler, containerd, kubelet, a name server and a registry, and resolves when the node
 * is Ready. All of it ends with this process at the latest; what a killed one leaves, empty cgroups and a folder, the
 * next start removes.
 * @throws when a part is missing, or one does not come up, with the end of its log
 */
export async function startCluster(): Promise<Cluster> {
  const binaries = findParts();
  const state = createStateFolder();
  let guard: GuardedProcess | undefined;
  const stop = async (): Promise<void> => {
    await guard?.stop();
    await state.remove();
  };
  try {
    guard = startNamespaces(state);
    const initProcess = await idOfInit(state, guard);
    const env = environment(state.path, binaries);
    const inside = insideOf(initProcess, state.path, env);
    await startComponents(state, inside);
    return { directory: state.path, inside, env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startNamespaces({ path, lock }: StateFolder): GuardedProcess {
  const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child'];
  const script = [namespacesScript, path, nodeAddress, nodeName, registryHost.replace(/:.*/, '')];
  return startGuarded('unshare', [...unshare, 'sh', ...script], {}, [lock]);
}

async function idOfInit({ path }: StateFolder, guard: GuardedProcess): Promise<number> {
  const file = join(path, 'pid');
  await until('the namespaces', () => Promise.resolve(existsSync(file)), guard);
  return Number(readFileSync(file, 'utf8'));
}

function environment(directory: string, binaries: string): NodeJS.ProcessEnv {
  const home = join(directory, 'home');
  mkdirSync(home);
  return {
    ...process.env,
    PATH: `${binaries}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    // What is kept below the home outside.
    OUTRIDER_TEST_CACHE: cacheFolder(),
    KUBECONFIG: join(directory, 'admin.kubeconfig'),
    [clusterVariable]: directory,
  };
}

async function startComponents({ path: directory, cgroup }: StateFolder, inside: Inside): Promise<void> {
  const authority = await createAuthority(directory);
  const names = ['localhost', '127.0.0.1', nodeAddress, '10.96.0.1', 'kubernetes.default', 'kubernetes.default.svc'];
  const files: NodeFiles = {
    directory,
    caFile: authority.caFile,
    serving: await authority.server('apiserver', names),
    kubeletServing: await authority.server('kubelet', [nodeName, nodeAddress]),
    adminPair: await authority.client('admin', ['system:masters']),
    tokens: createTokenKeys(directory),
  };
  const kubeconfig = (name: string, pair: PairFiles): string => {
    const file = join(directory, `${name}.kubeconfig`);
    writeKubeconfig(file, `https://${nodeAddress}:443`, authority.caFile, pair);
    return file;
  };
  const kubeconfigOf = async (name: string, user: string, groups: readonly string[]): Promise<string> =>
    kubeconfig(name, await authority.client(user, groups));
  const admin = kubeconfig('admin', files.adminPair);
  const write = (name: string, content: string | object): string => {
    const file = join(directory, name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };

  const components: Component[] = [];
  const start = (name: string, flags: readonly string[], program = name): Component => {
    const component = inside.start(name, program, flags);
    components.push(component);
    return component;
  };
  const ready = (what: string, component: Component, ...command: readonly [string, ...string[]]): Promise<void> =>
    until(what, () => inside.run(...command).then(() => true), component);

  write('cni/10-bridge.conflist', networkConfiguration(directory));
  write(`registries/${registryHost}/hosts.toml`, registryHostsFile);
  const containerd = start('containerd', [`--config=${write('containerd.toml', containerdConfiguration(directory))}`]);
  start('etcd', etcdFlags(files));
  const apiServer = start('kube-apiserver', apiServerFlags(files));
  const registry = startRegistry(directory, inside);
  const ctr = ['ctr', `--address=${containerdSocket(directory)}`, '--namespace=k8s.io'] as const;
  await ready('containerd', containerd, ...ctr, 'version');
  await inside.run(...ctr, 'images', 'import', await makePauseImage(directory, inside));
  await registry;

  await ready('the API server', apiServer, 'kubectl', 'get', '--raw', '/readyz');
  start('name-server', [nameServer, admin], process.execPath);
  const controllers = await kubeconfigOf('controllers', 'system:kube-controller-manager', []);
  const controllerManager = start('kube-controller-manager', controllerManagerFlags(files, controllers));
  start('kube-scheduler', schedulerFlags(await kubeconfigOf('scheduler', 'system:kube-scheduler', [])));
  const configuration = write('kubelet.json', kubeletConfiguration(files, cgroup));
  const node = await kubeconfigOf('kubelet', `system:node:${nodeName}`, ['system:nodes']);
  const kubelet = start('kubelet', kubeletFlags(files, configuration, node));
  await ready('the ServiceAccount default', controllerManager, 'kubectl', 'get', 'serviceaccount', 'default');
  await ready('the node', kubelet, 'kubectl', 'wait', '--for=condition=Ready', '--timeout=1s', `node/${nodeName}`);
  const dead = components.find((component) => component.hasEnded());
  if (dead !== undefined) throw new Error(`${dead.name} has ended:\n${dead.output()}`);
}

/** The container that holds a pod's namespaces: catatonit, which only waits and reaps. */
async function makePauseImage(directory: string, inside: Inside): Promise<string> {
  const context = join(directory, 'pause');
  mkdirSync(context);
  copyFileSync('/usr/bin/catatonit', join(context, 'pause'));
  writeFileSync(
    join(context, 'Containerfile'),
    'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause","-P"]\n',
  );
  const archive = join(directory, 'pause.tar');
  const storage = [`--root=${join(directory, 'buildah')}`, `--runroot=${join(directory, 'buildah-run')}`];
  const buildah = (...parameters: readonly string[]): Promise<string> =>
    inside.run('buildah', ...storage, '--storage-driver=vfs', ...parameters);
  await buildah('bud', '--quiet', '--tag', pauseImage, context);
  await buildah('push', '--quiet', pauseImage, `docker-archive:${archive}:${pauseImage}`);
  return archive;
}
