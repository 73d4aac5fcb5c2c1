import { isArray, isObject, type JsonObject, type JsonValue } from './json.js';

/**
 * The token of a pod's ServiceAccount, as the API server's plug-in ServiceAccount brings it into a pod
 * (plugin/pkg/admission/serviceaccount/admission.go, 1.30 to 1.36): a projected volume, mounted in each container that
 * mounts nothing at exactly this path. Where the pod or its ServiceAccount says `automountServiceAccountToken: false`, it
 * brings nothing.
 */
export const apiTokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What the name of its volume begins with. The plug-in takes any volume of such a name for its own, whatever is in it. */
export const apiTokenVolumePrefix = 'kube-api-access-';

const token: JsonValue = { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } };
const authority = configMapSource('kube-root-ca.crt', 'ca.crt');
const namespace: JsonValue = {
  downwardAPI: {
    items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
  },
};
const sources: readonly JsonValue[] = [token, authority, namespace];
/** OpenShift's API server adds its service authority (Red Hat's fork of the plug-in). */
const sourcesOfOpenShift = [...sources, configMapSource('openshift-service-ca.crt', 'service-ca.crt')];
const defaultMode = 420;

/** What the plug-in makes the volume of, but on OpenShift. */
export const apiTokenProjection: JsonObject = { defaultMode, sources };

/** Whether a volume has exactly the sources that the plug-in gives it. Its name proves nothing. */
export function isApiTokenVolume({ name, projected, ...more }: JsonObject, openShift: boolean): boolean {
  if (typeof name !== 'string' || !isObject(projected) || Object.keys(more).length > 0) return false;
  const { sources: found, defaultMode: mode, ...others } = projected;
  if (mode !== defaultMode || Object.keys(others).length > 0) return false;
  return isEqual(found, sources) || (openShift && isEqual(found, sourcesOfOpenShift));
}

function configMapSource(name: string, key: string): JsonValue {
  return { configMap: { name, items: [{ key, path: key }] } };
}

function isEqual(actual: JsonValue | undefined, wanted: JsonValue | undefined): boolean {
  if (isArray(actual) && isArray(wanted)) {
    return actual.length === wanted.length && actual.every((member, index) => isEqual(member, wanted[index]));
  }
  if (!isObject(actual) || !isObject(wanted)) return actual === wanted;
  const fields = Object.keys(wanted);
  return (
    Object.keys(actual).length === fields.length &&
    fields.every((field) => Object.hasOwn(actual, field) && isEqual(actual[field], wanted[field]))
  );
}
