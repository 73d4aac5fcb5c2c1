import { isArray, isObject, type JsonObject, type JsonValue } from './json.js';

/** Where the lists below are from. */
export const defaultsSource = 'defaults of Kubernetes 1.30.14 and 1.36.3, pkg/apis/core/v1/defaults.go';

/**
 * What the API server writes into a pod where its author left a field out: a closed list of fields and values. The doors
 * take some of it in parts of ours, field by field: a row more here allows nothing there.
 */
export const writtenDefaults = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  procMount: 'Default',
  protocol: 'TCP',
  scheme: 'HTTP',
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
  defaultMode: 420,
  expirationSeconds: 3600,
} as const;

/** Fields whose absence says the same as these values. */
export const emptyDefaults = {
  initialDelaySeconds: 0,
  readOnly: false,
  stdin: false,
  stdinOnce: false,
  tty: false,
  optional: false,
  value: '',
  subPath: '',
  subPathExpr: '',
  workingDir: '',
  medium: '',
  type: '',
  service: '',
} as const;

/** What it writes into a reference to a field of the pod. */
export const fieldRefApiVersion = 'v1';

const values: Readonly<Record<string, JsonValue>> = writtenDefaults;
const omitted: Readonly<Record<string, JsonValue>> = emptyDefaults;

/**
 * Whether a field says no more than its absence: the API server writes it, or leaves it out.
 *
 * @param of the object that it is in
 */
export function isServerDefault(field: string, value: JsonValue, of: JsonObject): boolean {
  if (value === null || (isArray(value) && value.length === 0)) return true;
  if (Object.hasOwn(values, field)) return value === values[field];
  if (Object.hasOwn(omitted, field)) return value === omitted[field];
  if (field === 'resources') return isObject(value) && Object.keys(value).length === 0;
  if (field === 'imagePullPolicy') return value === defaultPullPolicy(of['image']);
  if (field === 'pullPolicy') return value === defaultPullPolicy(of['reference']);
  if (field === 'apiVersion') return value === fieldRefApiVersion && of['fieldPath'] !== undefined;
  if (field === 'path') return value === '/' && of['port'] !== undefined;
  return field === 'resizePolicy' && isDefaultResize(value);
}

/** When an image is pulled whose author did not say; `undefined` without an image. */
export function defaultPullPolicy(image: JsonValue | undefined): 'Always' | 'IfNotPresent' | undefined {
  if (typeof image !== 'string') return undefined;
  return isLatest(image) ? 'Always' : 'IfNotPresent';
}

/** Whether an image is pulled each time by default: without a digest, and with the tag `latest` or none. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const last = image.slice(image.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon === -1 || last.slice(colon + 1) === 'latest';
}

/** Whether a resize policy is the default of some versions (1.27 to 1.32), which means the same as none. */
export function isDefaultResize(value: JsonValue): boolean {
  return isArray(value) && value.every(isDefaultEntry);
}

function isDefaultEntry(entry: JsonValue): boolean {
  if (!isObject(entry)) return false;
  const { resourceName, restartPolicy, ...more } = entry;
  return (
    (resourceName === 'cpu' || resourceName === 'memory') &&
    restartPolicy === 'NotRequired' &&
    Object.keys(more).length === 0
  );
}
