import { isObject, objectOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { images } from '../support/images.js';
import { pullSecret } from '../support/inject.js';
import { kubectlOutput, listObjects } from '../support/kubectl.js';
import { until, type Namespace } from '../support/namespace.js';
import { podStatus, type PodStatus } from '../support/pod-status.js';

/** A Deployment of the web server whose image alone says what it starts, unless the container does. */
export function webDeployment(replicas = 1, container: JsonObject = {}): JsonObject {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          imagePullSecrets: [{ name: pullSecret }],
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'app', image: images.web, ...container }],
        },
      },
    },
  };
}

/** Waits for a rollout of `web` as a person does. @throws with what the pods are doing */
export async function rolledOut({ name }: Namespace): Promise<readonly PodStatus[]> {
  const here = ['-n', name];
  await kubectlOutput(['rollout', 'status', 'deployment/web', ...here, '--timeout=4m']).catch(
    async (cause: unknown) => {
      throw new Error(await kubectlOutput(['describe', 'replicasets,pods', ...here]), { cause });
    },
  );
  return podsOf(name);
}

/** The pods of `web` that are not on their way out. */
export async function podsOf(namespace: string): Promise<readonly PodStatus[]> {
  return (await webPods(namespace)).map(podStatus);
}

/** Likewise, whole. */
export async function webPods(namespace: string): Promise<readonly JsonObject[]> {
  return (await listObjects(namespace, 'pods', 'app=web'))
    .filter(isObject)
    .filter((pod) => objectOf(pod['metadata'])?.['deletionTimestamp'] === undefined);
}

/** What the application of the first pod answers. */
export async function answerOf([pod]: readonly PodStatus[]): Promise<string> {
  return (await fetch(`http://${pod?.ip ?? ''}:8080/`)).text();
}

/** The one pod there is. @throws when there are more, or none */
export function only(pods: readonly PodStatus[]): PodStatus {
  const [pod] = pods;
  if (pod === undefined || pods.length !== 1) throw new Error(`there are ${pods.length} pods, not one`);
  return pod;
}

/** Waits until nothing of the namespace's pods is left. */
export function gone(what: string, ...parameters: readonly string[]): Promise<void> {
  return until(`${what} to be gone`, async () => (await kubectlOutput(['get', ...parameters, '-o', 'name'])) === '');
}
