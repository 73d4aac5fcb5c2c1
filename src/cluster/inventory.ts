import type * as clientNode from '@kubernetes/client-node';
import type { CoreV1ApiListNodeRequest, KubeConfig, ObservableMiddleware } from '@kubernetes/client-node';
import type { ClusterInventory } from '../doctor/inventory.js';
import { OutriderError } from '../model/error.js';
import { isObject, type JsonObject } from '../model/json.js';

/** Which cluster is asked, and for how long. */
export interface InventoryRequest {
  /** Path of a kubeconfig; absent: what kubectl would take. */
  readonly kubeconfig?: string;
  /** Context in it; absent: the current one. */
  readonly context?: string;
  /** For each request. */
  readonly timeoutMs: number;
}

/** Members of a page of a list. */
const pageSize = 500;
/** The client's own name for the context that it makes up where there is no configuration at all. */
const madeUpContext = 'loaded-context';

type Client = typeof clientNode;
/** A page of a list, as the client gives it. */
interface Page {
  readonly items: readonly unknown[];
  readonly metadata?: { readonly _continue?: string };
}

/**
 * Reads the nodes, the namespaces and the version of a cluster: GET requests and nothing else. The client is loaded by
 * the call, since it takes a second and 70 MB.
 *
 * @throws OutriderError `cluster_unavailable`: no configuration, an unknown context, no answer in time, or a refusal,
 *   each with what helps
 */
export async function readInventory(request: InventoryRequest): Promise<ClusterInventory> {
  const client = await import('@kubernetes/client-node');
  const config = configOf(client, request);
  const server = config.getCurrentCluster()?.server ?? '?';
  const core = config.makeApiClient(client.CoreV1Api);
  const version = config.makeApiClient(client.VersionApi);
  const options = () => ({
    middleware: [withTimeout(client, request.timeoutMs)],
    middlewareMergeStrategy: 'append' as const,
  });
  return {
    nodes: await ask(client, server, 'nodes', () => all((page) => core.listNode(page, options()))),
    namespaces: await ask(client, server, 'namespaces', () => all((page) => core.listNamespace(page, options()))),
    version: (await ask(client, server, 'its version', () => version.getCode({}, options()))).gitVersion,
  };
}

function configOf(client: Client, { kubeconfig, context }: InventoryRequest): KubeConfig {
  const config = new client.KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    const which = kubeconfig ?? 'the kubeconfig';
    throw unavailable(`${which} cannot be read: ${textOf(cause)}; check its path and its form.`, cause);
  }
  if (config.getCurrentContext() === madeUpContext) {
    throw unavailable(
      'there is no kubeconfig; set KUBECONFIG, give --kubeconfig, or use --from with what kubectl get nodes,namespaces -o json prints.',
    );
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const names = config.getContexts().map(({ name }) => name);
      throw unavailable(`there is no context ${context}; there are ${names.join(', ') || 'none'}.`);
    }
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) {
    throw unavailable('the kubeconfig has no current context; give --context.');
  }
  return config;
}

/** Ends a request that gets no answer. */
function withTimeout(client: Client, timeoutMs: number): ObservableMiddleware {
  return {
    pre: (context) => {
      context.setSignal(AbortSignal.timeout(timeoutMs));
      return new client.Observable(Promise.resolve(context));
    },
    post: (context) => new client.Observable(Promise.resolve(context)),
  };
}

async function all(get: (page: CoreV1ApiListNodeRequest) => Promise<Page>): Promise<readonly JsonObject[]> {
  const objects: JsonObject[] = [];
  let next: string | undefined;
  do {
    const page = await get({ limit: pageSize, ...(next === undefined ? {} : { _continue: next }) });
    objects.push(...page.items.map(asJson).filter(isObject));
    next = page.metadata?._continue;
  } while (next !== undefined && next !== '');
  return objects;
}

/** What the client made of an object, as the JSON that it came from. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

async function ask<T>(client: Client, server: string, what: string, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (cause) {
    if (cause instanceof client.ApiException && (cause.code === 401 || cause.code === 403)) {
      const who = cause.code === 401 ? 'does not know the kubeconfig’s user' : `forbids its user to read ${what}`;
      throw unavailable(
        `${server} ${who} (${cause.code}); use an account that may list nodes and namespaces, or --from with what somebody else’s kubectl prints.`,
        cause,
      );
    }
    if (cause instanceof client.ApiException) {
      throw unavailable(`${server} answers ${cause.code} when asked for ${what}; try again later.`, cause);
    }
    throw unavailable(`${server} does not answer: ${textOf(cause)}; check the network and the kubeconfig.`, cause);
  }
}

function unavailable(message: string, cause?: unknown): OutriderError {
  return new OutriderError('cluster_unavailable', message, { cause });
}

/** The innermost message: the outer one of a failed connection says nothing. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return textOf(error.cause);
  return error.message === '' ? error.name : error.message;
}
