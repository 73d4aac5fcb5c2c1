import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { isObject, listOf, objectOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import type { ApiServer } from './api-server.js';

/** What another team's webhook does to a pod that is being created: JSON Patch operations. */
export type Change = (pod: JsonObject) => readonly JsonObject[];

/** What another team's webhook has against a pod that is being created; `undefined` for nothing. */
export type Objection = (pod: JsonObject) => string | undefined;

/** Someone else's webhook, with one path for each of its habits. */
export interface OtherWebhook {
  url(habit: string): string;
  stop(): Promise<void>;
}

/** Serves the changes and objections, each under the path of its name, with a certificate of the cluster's authority. */
export async function startOtherWebhook(
  api: ApiServer,
  changes: Readonly<Record<string, Change>>,
  objections: Readonly<Record<string, Objection>> = {},
): Promise<OtherWebhook> {
  const { certFile, keyFile } = await api.authority.server('other', ['localhost']);
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
    const habit = request.url?.split('?')[0]?.slice(1) ?? '';
    const change = changes[habit];
    const objection = objections[habit];
    json(request).then(
      (review) => {
        const asked = isObject(review) ? objectOf(review['request']) : undefined;
        const pod = objectOf(asked?.['object']) ?? {};
        const message = objection?.(pod);
        const patch = { patchType: 'JSONPatch', patch: encoded(change === undefined ? [] : change(pod)) };
        const answer = {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: {
            uid: asked?.['uid'],
            allowed: message === undefined,
            ...(message === undefined ? {} : { status: { code: 403, reason: 'Forbidden', message } }),
            // A validating webhook must not have one.
            ...(objection === undefined ? patch : {}),
          },
        };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer));
      },
      () => response.destroy(),
    );
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    url: (habit) => `https://localhost:${address.port}/${habit}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function encoded(patch: readonly JsonObject[]): string {
  return Buffer.from(JSON.stringify(patch)).toString('base64');
}

/** Takes the agent's sidecar off again, as a clean-up webhook with an allow-list would. */
export function strip(name: string): Change {
  return (pod) => {
    const index = containers(pod, 'initContainers').findIndex((container) => container['name'] === name);
    return index < 0 ? [] : [{ op: 'remove', path: `/spec/initContainers/${index}` }];
  };
}

/** Adds a container once, as a service mesh would. */
export function add(container: JsonObject): Change {
  return (pod) =>
    containers(pod, 'containers').some(({ name }) => name === container['name'])
      ? []
      : [{ op: 'add', path: '/spec/containers/-', value: container }];
}

function containers(pod: JsonObject, list: 'containers' | 'initContainers'): readonly JsonObject[] {
  return listOf(objectOf(pod['spec'])?.[list]).filter(isObject);
}
