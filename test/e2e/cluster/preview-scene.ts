import { objectOf, type JsonObject } from '../../../src/model/json.js';
import type { ApiServer } from './api-server.js';
import { clientOf } from './in-cluster.js';

/** How many of what a cluster has. */
export interface PreviewScale {
  readonly namespaces: number;
  /** Spread over the namespaces. */
  readonly workloads: number;
  readonly templates: number;
}

export function namespaceName(index: number): string {
  return `team-${String(index).padStart(2, '0')}`;
}

/** Whether a namespace is labelled for injection. */
export function isLabelled(namespace: number): boolean {
  return namespace % 10 !== 9;
}

/** Whether it enforces Pod Security. */
export function enforces(namespace: number): boolean {
  return namespace % 5 === 0;
}

/** Whether it has a quota of requests. */
export function hasQuota(namespace: number): boolean {
  return namespace % 10 === 0;
}

/**
 * Fills a cluster: namespaces, nine of ten labelled for injection, with the agent's Secret, and workloads of
 * several kinds with distinct templates. Every tenth workload has the host's network.
 */
export async function fillPreview(api: ApiServer, scale: PreviewScale): Promise<void> {
  const admin = clientOf(api.kubeconfig);
  try {
    await atOnce(Array.from({ length: scale.namespaces }, (_, index) => () => addNamespace(index)));
    await atOnce(Array.from({ length: scale.workloads }, (_, index) => () => addWorkload(index)));
  } finally {
    await admin.close();
  }

  async function addNamespace(index: number): Promise<void> {
    const name = namespaceName(index);
    const labels = {
      ...(isLabelled(index) ? { 'outrider.dev/inject': 'enabled' } : {}),
      ...(enforces(index) ? { 'pod-security.kubernetes.io/enforce': 'baseline' } : {}),
    };
    await admin.create('/api/v1/namespaces', { metadata: { name, labels } });
    const at = `/api/v1/namespaces/${name}`;
    await admin.create(`${at}/serviceaccounts`, { metadata: { name: 'default' } });
    await admin.create(`${at}/secrets`, {
      metadata: { name: 'sysdig-agent' },
      stringData: { 'access-key': 'secret' },
    });
    if (!hasQuota(index)) return;
    await admin.create(`${at}/resourcequotas`, {
      metadata: { name: 'compute' },
      spec: { hard: { 'requests.cpu': '2', 'requests.memory': '64Gi' } },
    });
  }

  async function addWorkload(index: number): Promise<void> {
    const { path, object } = workloadOf(index, scale);
    await admin.create(path, object);
  }
}

/** A workload, and the path of the list that it is made in. */
export function workloadOf(
  index: number,
  { namespaces, templates }: PreviewScale,
): { readonly path: string; readonly object: JsonObject } {
  const namespace = namespaceName(index % namespaces);
  const name = `app-${index}`;
  // Workloads of a namespace have different templates, and namespaces have the same ones.
  const template = podTemplate(name, Math.floor(index / namespaces) + ((index % 4) * templates) / 4, templates);
  const labels = { app: name };
  const selector = { matchLabels: labels };
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const metadata = { name, labels };
  if (index % 8 === 5) {
    const spec = { serviceName: name, replicas: 2, selector, template };
    return { path: `${apps}/statefulsets`, object: { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec } };
  }
  if (index % 8 === 6) {
    const spec = { ...objectOf(template['spec']), restartPolicy: 'Never' };
    const job = { template: { ...template, spec } };
    return {
      path: `/apis/batch/v1/namespaces/${namespace}/cronjobs`,
      object: {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata,
        spec: { schedule: '0 3 * * *', jobTemplate: { spec: job } },
      },
    };
  }
  const spec = { replicas: 3, selector, template };
  return { path: `${apps}/deployments`, object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } };
}

function podTemplate(name: string, which: number, templates: number): JsonObject {
  const variant = which % templates;
  return {
    metadata: { labels: { app: name } },
    spec: {
      ...(variant % 10 === 9 ? { hostNetwork: true } : {}),
      containers: [{ name: 'app', image: `acme/app:${variant}`, command: ['/app', `--variant=${variant}`] }],
    },
  };
}

async function atOnce(jobs: readonly (() => Promise<unknown>)[]): Promise<void> {
  const left = jobs.values();
  const work = async (): Promise<void> => {
    for (const job of left) await job();
  };
  await Promise.all(Array.from({ length: 16 }, work));
}
