import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import type { Installation } from './installation.js';
import { appCommand, pod } from './pods.js';

/** A Deployment of pods that say what they start. */
export function deployment(namespace: string, name: string, replicas: number, spec: JsonObject = {}): JsonObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1', command: appCommand }], ...spec },
      },
    },
  };
}

/** Makes so many Deployments, and waits until all of their pods are there. */
export async function deploy(
  here: Installation,
  namespace: string,
  prefix: string,
  { workloads, replicas, spec = {} }: { workloads: number; replicas: number; spec?: JsonObject },
): Promise<void> {
  const names = Array.from({ length: workloads }, (_, index) => `${prefix}-${index}`);
  await here.apply(names.map((name) => deployment(namespace, name, replicas, spec)));
  const selector = `app in (${names.join(',')})`;
  await until(`pods of ${prefix}`, async () => {
    return (await here.list('pod', namespace, selector)).length === workloads * replicas;
  });
}

/** A pod that claims what it does not have. */
export function forgedPod(name: string, plan: string): JsonObject {
  return pod(name, {
    labels: { 'outrider.dev/status': 'injected' },
    annotations: { 'outrider.dev/plan': plan, 'outrider.dev/reason': 'injected' },
  });
}

/** What a policy's status says about running pods, as `state=count` of the states that have some. */
export function countsIn(policy: JsonObject): string {
  const coverage = objectOf(objectOf(policy['status'])?.['coverage']);
  const states = ['instrumented', 'partial', 'stale', 'excused', 'missed', 'unproven', 'forged'];
  return states
    .flatMap((state) => {
      const count = coverage?.[state];
      return count === 0 ? [] : [`${state}=${typeof count === 'number' ? count : '?'}`];
    })
    .join(' ');
}

/** The workloads that a policy's status names, as `kind/name state reason`. */
export function workloadsIn(policy: JsonObject): readonly string[] {
  return listOf(objectOf(objectOf(policy['status'])?.['coverage'])?.['workloads']).map((item) => {
    const { kind, name, state, reason } = objectOf(item) ?? {};
    return [`${stringOf(kind) ?? ''}/${stringOf(name) ?? ''}`, stringOf(state), stringOf(reason)].join(' ');
  });
}
