import type { JsonObject } from '../../src/model/json.js';
import { draft, draftsOf, drop, isDraftObject, listAt, objectAt, type Draft, type DraftObject } from './json.js';

/**
 * What a pod looks like when it comes again: what the API server's own admission and defaults, and typed decoding, make
 * of it. Token mounts and LimitRanger's amounts are in every container, ours too (E17).
 */
export function throughTheServer(pod: JsonObject): JsonObject {
  const copy = draft(pod);
  const spec = objectAt(copy, 'spec');
  dropEmpty(spec);
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'schedulerName', 'default-scheduler');
  setDefault(spec, 'securityContext', {});
  for (const list of ['initContainers', 'containers']) for (const one of draftsOf(spec[list])) settle(one);
  for (const volume of draftsOf(spec['volumes'])) {
    const { emptyDir, image } = volume;
    if (isDraftObject(emptyDir) && emptyDir['sizeLimit'] === '1Gi') emptyDir['sizeLimit'] = '1073741824';
    if (isDraftObject(image)) setDefault(image, 'pullPolicy', 'IfNotPresent');
  }
  const volumes = listAt(spec, 'volumes');
  if (!draftsOf(volumes).some(({ name }) => name === tokens.name)) volumes.push(structuredClone(tokens));
  return copy;
}

/** The volume of the plug-in ServiceAccount. */
const tokens = {
  name: 'kube-api-access-x7x2x',
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 420,
  },
};

function settle(container: DraftObject): void {
  const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
  const mounts = listAt(container, 'volumeMounts');
  if (!draftsOf(mounts).some((mount) => mount['mountPath'] === mountPath)) {
    mounts.push({ name: tokens.name, readOnly: true, mountPath });
  }
  const resources = objectAt(container, 'resources');
  // A request that is absent is the limit, before anybody else sees the pod.
  for (const [name, limit] of Object.entries(objectAt(resources, 'limits'))) {
    setDefault(objectAt(resources, 'requests'), name, limit ?? null);
  }
  setDefault(objectAt(resources, 'requests'), 'cpu', '50m');
  setDefault(objectAt(resources, 'limits'), 'memory', '1Gi');
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'imagePullPolicy', 'IfNotPresent');
  for (const variable of draftsOf(container['env'])) {
    const source = variable['valueFrom'];
    const field = isDraftObject(source) ? source['fieldRef'] : undefined;
    if (isDraftObject(source) && isDraftObject(field)) source['fieldRef'] = { apiVersion: 'v1', ...field };
    // An empty value is left out on the wire.
    if (variable['value'] === '') delete variable['value'];
  }
  const probe = container['livenessProbe'];
  if (isDraftObject(probe)) setDefault(probe, 'timeoutSeconds', 1);
}

function setDefault(parent: DraftObject, field: string, value: Draft): void {
  if (parent[field] === undefined || parent[field] === null) parent[field] = value;
}

/** Typed decoding keeps neither nulls nor empty lists. */
function dropEmpty(value: DraftObject): void {
  for (const [field, inside] of Object.entries(value)) {
    if (inside === null || (Array.isArray(inside) && inside.length === 0)) drop(value, field);
    else if (isDraftObject(inside)) dropEmpty(inside);
    else for (const member of draftsOf(inside)) dropEmpty(member);
  }
}
