import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { parseReview } from '../../../src/admission/review-json.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { madeUp, podOf, reviewText } from '../../bench/pods.js';
import { startApiServer, type ApiServer } from './api-server.js';
import { until } from './guarded-process.js';
import { addNode } from './node.js';
import { mutatingConfiguration } from './webhooks.js';

t.setTimeout(900_000);

const shape = { namespace: 'shop', containers: 2, variables: 12, command: true };

/** A webhook that keeps the bodies it is sent, and allows everything. */
async function startRecorder(t: Test, api: ApiServer): Promise<{ readonly port: number; readonly bodies: string[] }> {
  const { certFile, keyFile } = await api.authority.server('recorder', ['localhost']);
  const bodies: string[] = [];
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      const { uid } = objectAt(JSON.parse(body), 'request');
      const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, bodies };
}

/** The object at a path of fields and indices. @throws when there is none */
function objectAt(value: unknown, ...path: readonly (string | number)[]): JsonObject {
  let at = value;
  for (const step of path) at = typeof step === 'number' ? listOf(at)[step] : isObject(at) ? at[step] : at;
  if (!isObject(at)) throw new Error(`nothing at ${path.join('.')}`);
  return at;
}

/** A Deployment that leads to such a pod. */
function deployment({ metadata, spec }: { readonly metadata: JsonObject; readonly spec: JsonObject }): JsonObject {
  const labels = { app: 'web' };
  const containers = listOf(spec['containers']).map((one) => ({ ...objectOf(one), volumeMounts: [] }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: shape.namespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations: metadata['annotations'] }, spec: { containers } },
    },
  };
}

/** The text of a review with what the API server made up replaced by what the benchmark made up. */
function comparable(text: string): string {
  const request = objectAt(JSON.parse(text), 'request');
  const pod = objectAt(request, 'object');
  const made = (value: JsonValue | undefined): string => stringOf(value) ?? '?';
  const [credential] = listOf(objectAt(request, 'userInfo', 'extra')['authentication.kubernetes.io/credential-id']);
  const owner = objectAt(pod, 'metadata', 'ownerReferences', 0);
  const pairs: readonly (readonly [string, string])[] = [
    [made(request['uid']), madeUp.review],
    [made(objectAt(request, 'userInfo')['uid']), madeUp.user],
    [made(credential), `JTI=${madeUp.credential}`],
    [made(owner['uid']), madeUp.owner],
    [made(owner['name']), madeUp.replicaSet],
    [made(objectAt(pod, 'metadata', 'labels')['pod-template-hash']), madeUp.templateHash],
    [made(objectAt(pod, 'metadata', 'managedFields', 0)['time']), madeUp.time],
    [made(objectAt(pod, 'spec', 'volumes', 0)['name']), madeUp.tokenVolume],
  ];
  return pairs.reduce((changed, [theirs, ours]) => changed.replaceAll(theirs, ours), text.trim());
}

t.test('the reviews of the benchmark are those of an API server, byte for byte', async (t) => {
  const api = await startApiServer({ controllerManager: true });
  t.teardown(() => api.stop());
  await addNode(api);
  const recorder = await startRecorder(t, api);
  const entry = {
    name: 'recorder.outrider.dev',
    url: `https://localhost:${recorder.port}/`,
    caBundle: readFileSync(api.caFile).toString('base64'),
    failurePolicy: 'Fail' as const,
    namespaces: { 'kubernetes.io/metadata.name': shape.namespace },
  };
  const ours = podOf(shape);
  const apply = async (...items: readonly JsonObject[]): Promise<void> => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    t.match(await api.kubectl(['apply', '-f', '-'], list), { exitCode: 0 });
  };
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shape.namespace } },
    mutatingConfiguration('recorder', [entry]),
  );
  await until('a call of the recorder', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe' }, spec: objectAt(ours, 'spec') };
    await api.kubectl(['create', '--dry-run=server', '-n', shape.namespace, '-f', '-'], JSON.stringify(pod));
    return recorder.bodies.length > 0;
  });
  const probes = recorder.bodies.length;
  await apply(deployment({ metadata: objectAt(ours, 'metadata'), spec: objectAt(ours, 'spec') }));
  await until('the review of a pod', () => Promise.resolve(recorder.bodies.length > probes));

  const recorded = recorder.bodies.at(-1) ?? '';
  const [theirText, ourText] = [comparable(recorded), reviewText(ours, shape.namespace)];
  t.same(JSON.parse(theirText), JSON.parse(ourText));
  t.ok(theirText === ourText, 'in the same order');
  const { managedFields } = objectAt(parseReview(Buffer.from(recorded)), 'request', 'object', 'metadata');
  t.same(managedFields, [], 'where Outrider expects managed fields, there they are');
});
