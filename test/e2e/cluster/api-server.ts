import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../registry/processes.js';
import { createAuditFiles, readAudit, type AuditedRequest } from './audit.js';
import { compact } from './compaction.js';
import { apiServerFlags, controllerManagerFlags, etcdFlags, type ClusterFiles } from './component-flags.js';
import { startGuarded, until, type GuardedProcess } from './guarded-process.js';
import { createAuthority, createTokenKeys, writeKubeconfig, type Authority, type PairFiles } from './identity.js';
import { runKubectl, type KubectlResult } from './kubectl.js';
import { createWorkspace } from './workspace.js';

const buildScript = fileURLToPath(new URL('../../../../test/e2e/cluster/build.sh', import.meta.url));
// Between finding a free port and listening on it someone else may take it.
const attempts = 3;

/** Someone who may call the API server: a client certificate, and a kubeconfig with it. */
export interface Identity extends PairFiles {
  readonly kubeconfig: string;
}

/** A real API server with a real etcd, on loopback, for one test file. */
export interface ApiServer {
  readonly url: string;
  readonly caFile: string;
  /** Kubeconfig of an admin (`system:masters`). */
  readonly kubeconfig: string;
  /** A folder for the test's own files, removed with the server. */
  readonly directory: string;
  readonly authority: Authority;
  /** The folder of `kubectl` and the servers. */
  readonly binaries: string;
  /** Runs kubectl as the admin; a failure is an exit code, not an error. */
  kubectl(parameters: readonly string[], input?: string): Promise<KubectlResult>;
  /** Makes a user of these groups. */
  certificateFor(user: string, groups: readonly string[]): Promise<Identity>;
  /** Every request so far, with `audit`. */
  audited(): readonly AuditedRequest[];
  /** Starts another API server on the same etcd, as a cluster with several has it. */
  addServer(): Promise<{ readonly port: number; stop(): Promise<void> }>;
  /** Has etcd forget how things were before now: continue tokens of lists expire. */
  compact(): Promise<void>;
  /** Kills the API server and etcd; what is stored stays. */
  halt(): Promise<void>;
  /** Starts the two again, on the ports and with the data that they had. */
  resume(): Promise<void>;
  /** Ends every process and removes every file. */
  stop(): Promise<void>;
}

/** What of Kubernetes runs. */
export interface ApiServerOptions {
  /** Also run kube-controller-manager: it makes ServiceAccounts, root CA ConfigMaps, pods of controllers. */
  readonly controllerManager: boolean;
  /** Write down every request. */
  readonly audit?: boolean;
  /** Admission plugins beside those that are on by default. */
  readonly plugins?: readonly string[];
}

/**
 * Starts etcd and kube-apiserver, and kube-controller-manager when it is asked for. All of it ends with this process at
 * the latest.
 * @throws when the binaries are not built yet, or a server does not come up
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { stdout } = await promisify(execFile)('bash', [buildScript, '--where']);
  const binaries = stdout.trim();
  const workspace = createWorkspace();
  const { directory } = workspace;
  const processes: GuardedProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((process) => process.stop()));
    await workspace.remove();
  };
  try {
    const authority = await createAuthority(directory);
    const files: ClusterFiles = {
      directory,
      caFile: authority.caFile,
      serving: await authority.server('kube-apiserver', ['localhost', '127.0.0.1', 'kubernetes.default.svc']),
      tokens: createTokenKeys(directory),
    };
    const audit = options.audit === true ? createAuditFiles(directory) : undefined;
    const adminPair = await authority.client('admin', ['system:masters']);
    const etcd = await startOnFreePort(
      processes,
      join(binaries, 'etcd'),
      (port) => etcdFlags(files, port),
      (port) => isHealthy(`http://127.0.0.1:${port}/health`),
    );
    const server = await startOnFreePort(
      processes,
      join(binaries, 'kube-apiserver'),
      (port) => [
        ...apiServerFlags(files, etcd.port, port, audit),
        ...(options.plugins ?? []).map((plugin) => `--enable-admission-plugins=${plugin}`),
      ],
      twice((port) => isReady(port, authority.caPem, adminPair)),
    );
    const url = `https://127.0.0.1:${server.port}`;
    const identity = (name: string, pair: PairFiles): Identity => {
      const kubeconfig = join(directory, `${name}.kubeconfig`);
      writeKubeconfig(kubeconfig, url, authority.caFile, pair);
      return { ...pair, kubeconfig };
    };
    const { kubeconfig } = identity('admin', adminPair);
    const home = join(directory, 'home');
    mkdirSync(home);
    const kubectl: ApiServer['kubectl'] = (parameters, input) =>
      runKubectl({ program: join(binaries, 'kubectl'), kubeconfig, home }, parameters, input);

    if (options.controllerManager) {
      const own = identity('controller-manager', await authority.client('system:kube-controller-manager', []));
      const controllers = startControllerManager(binaries, controllerManagerFlags(files, own.kubeconfig));
      processes.push(controllers);
      const hasServiceAccount = async () => (await kubectl(['get', 'serviceaccount', 'default'])).exitCode === 0;
      await until('the ServiceAccount of namespace default', hasServiceAccount, controllers);
    }
    let users = 0;
    return {
      url,
      caFile: authority.caFile,
      kubeconfig,
      directory,
      authority,
      binaries,
      kubectl,
      audited: () => (audit === undefined ? [] : readAudit(audit)),
      certificateFor: async (user, groups) => identity(`user-${users++}`, await authority.client(user, groups)),
      addServer: () =>
        startOnFreePort(
          processes,
          join(binaries, 'kube-apiserver'),
          (port) => apiServerFlags(files, etcd.port, port),
          twice((port) => isReady(port, authority.caPem, adminPair)),
        ),
      compact: () => compact(`http://127.0.0.1:${etcd.port}`),
      halt: async () => {
        await server.stop();
        await etcd.stop();
      },
      resume: async () => {
        await etcd.start();
        await server.start();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startControllerManager(binaries: string, flags: readonly string[]): GuardedProcess {
  const program = join(binaries, 'kube-controller-manager');
  // The folders of setup-envtest have none.
  if (!existsSync(program)) throw new Error(`${program} is needed and is not there`);
  return startGuarded(program, flags);
}

/** A server that can be stopped and started again. */
interface Restartable {
  readonly port: number;
  stop(): Promise<void>;
  /** Starts it with the flags that it had, its port among them. */
  start(): Promise<void>;
}

/** Starts a server on a free port, once more on another when that one was taken meanwhile. */
async function startOnFreePort(
  processes: GuardedProcess[],
  program: string,
  flags: (port: number) => readonly string[],
  isUp: (port: number) => Promise<boolean>,
): Promise<Restartable> {
  const start = async (port: number): Promise<GuardedProcess> => {
    const process = startGuarded(program, flags(port));
    processes.push(process);
    try {
      await until(`${program} on port ${port}`, () => isUp(port), process);
    } catch (error) {
      if (process.output().includes('address already in use'))
        throw new PortTaken('the port is taken', { cause: error });
      throw error;
    }
    return process;
  };
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      let process = await start(port);
      return {
        port,
        stop: () => process.stop(),
        start: async () => {
          process = await start(port);
        },
      };
    } catch (error) {
      if (attempt === attempts || !(error instanceof PortTaken)) throw error;
    }
  }
}

class PortTaken extends Error {}

/** The API server is ready for a moment before its RBAC bootstrap roles are all there. */
function twice(isUp: (port: number) => Promise<boolean>): (port: number) => Promise<boolean> {
  let inARow = 0;
  return async (port) => {
    inARow = (await isUp(port)) ? inARow + 1 : 0;
    return inARow >= 2;
  };
}

async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.ok;
}

function isReady(port: number, ca: string, pair: PairFiles): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const client = { ca, cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) };
    get({ host: '127.0.0.1', port, path: '/readyz', agent: false, ...client }, (response) => {
      text(response).then((body) => resolve(response.statusCode === 200 && body === 'ok'), reject);
    }).on('error', reject);
  });
}
