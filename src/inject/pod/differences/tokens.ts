import { apiTokenPath } from '../../../model/api-token.js';
import { isArray, isObject, listOf, type JsonObject, type JsonValue } from '../../../model/json.js';
import { mountPoint } from '../../path.js';
import type { Terms } from './difference.js';

/**
 * ServiceAccount tokens that others mount into every container. A volume's name proves nothing, so such a mount is
 * recognised by the volume's sources, and its variables only count if the mount exists.
 */
export interface TokenPlace {
  readonly mountPath: string;
  /** Path of the token in the volume. */
  readonly path: string;
  /** Whether the volume may also have the API server's other two sources. */
  readonly withIdentity: boolean;
  /** Variables that come with it, each with the form of its value. */
  readonly variables: Readonly<Record<string, RegExp>>;
  readonly source: string;
}

const regions = /^[a-z]{2}(-[a-z]+)+-[0-9]+$/;
const aws = {
  AWS_STS_REGIONAL_ENDPOINTS: /^(regional|legacy)$/,
  AWS_DEFAULT_REGION: regions,
  AWS_REGION: regions,
};
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const azure = {
  AZURE_CLIENT_ID: uuid,
  AZURE_TENANT_ID: uuid,
  AZURE_AUTHORITY_HOST:
    /^https:\/\/login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|chinacloudapi\.cn)\/$/,
};

/** Every place at which a token may be mounted into a container of ours. */
export const tokenPlaces: readonly TokenPlace[] = [
  {
    mountPath: apiTokenPath,
    path: 'token',
    withIdentity: true,
    variables: {},
    source: 'the API server’s plug-in ServiceAccount, 1.30.14 and 1.36.3',
  },
  {
    mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    path: 'token',
    withIdentity: false,
    variables: {
      ...aws,
      AWS_ROLE_ARN: /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[A-Za-z0-9+=,.@_/-]+$/,
      AWS_WEB_IDENTITY_TOKEN_FILE: /^\/var\/run\/secrets\/eks\.amazonaws\.com\/serviceaccount\/token$/,
    },
    source: 'amazon-eks-pod-identity-webhook, IAM roles for ServiceAccounts',
  },
  {
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    path: 'eks-pod-identity-token',
    withIdentity: false,
    variables: {
      ...aws,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: /^http:\/\/(169\.254\.170\.23|\[fd00:ec2::23\])\/v1\/credentials$/,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE:
        /^\/var\/run\/secrets\/pods\.eks\.amazonaws\.com\/serviceaccount\/eks-pod-identity-token$/,
    },
    source: 'amazon-eks-pod-identity-webhook, EKS Pod Identity',
  },
  {
    mountPath: '/var/run/secrets/azure/tokens',
    path: 'azure-identity-token',
    withIdentity: false,
    variables: {
      ...azure,
      AZURE_FEDERATED_TOKEN_FILE: /^\/var\/run\/secrets\/azure\/tokens\/azure-identity-token$/,
    },
    source: 'azure-workload-identity 1.5.1 and before',
  },
  {
    mountPath: '/var/run/secrets/azure/wi',
    path: 'token/azure-identity-token',
    withIdentity: false,
    variables: {
      ...azure,
      AZURE_FEDERATED_TOKEN_FILE: /^\/var\/run\/secrets\/azure\/wi\/token\/azure-identity-token$/,
    },
    source: 'azure-workload-identity 1.6.0',
  },
  {
    mountPath: '/var/run/secrets/sts.googleapis.com/serviceaccount',
    path: 'token',
    withIdentity: false,
    variables: { CLOUDSDK_COMPUTE_REGION: /^([a-z]+-[a-z]+[0-9]+)?$/, CLOUDSDK_CORE_PROJECT: /^([a-z][a-z0-9-]*)?$/ },
    source: 'gcp-workload-identity-federation-webhook',
  },
];

/** The token place of a mount; `undefined` for a mount of anything else. */
export function tokenPlaceOf(mount: JsonObject, planned: JsonObject, terms: Terms): TokenPlace | undefined {
  const place = tokenPlaces.find(({ mountPath }) => mountPath === mount['mountPath']);
  if (place === undefined || mount['readOnly'] !== true) return undefined;
  for (const field in mount) {
    if (field !== 'name' && field !== 'mountPath' && field !== 'readOnly' && isThere(mount[field])) return undefined;
  }
  const volume = terms.volumes.find(({ name }) => name === mount['name']);
  if (volume === undefined || !isTokenVolume(volume, place, terms)) return undefined;
  return liesOverOurs(place, planned, volume['name']) ? undefined : place;
}

/** Whether a variable comes with a token that the container has. */
export function isTokenVariable(variable: JsonObject, places: readonly TokenPlace[]): boolean {
  const { name, value, ...more } = variable;
  if (typeof name !== 'string' || Object.values(more).some(isThere)) return false;
  const text = value ?? '';
  if (typeof text !== 'string') return false;
  return places.some(({ variables }) => Object.hasOwn(variables, name) && variables[name]?.test(text) === true);
}

function isTokenVolume(volume: JsonObject, place: TokenPlace, { facts }: Terms): boolean {
  for (const field in volume) {
    if (field !== 'name' && field !== 'projected' && isThere(volume[field])) return false;
  }
  const projected = volume['projected'];
  if (!isObject(projected)) return false;
  for (const field in projected) {
    if (field !== 'sources' && field !== 'defaultMode' && isThere(projected[field])) return false;
  }
  const sources = listOf(projected['sources']);
  return (
    sources.some((source) => isTokenSource(source, place)) &&
    sources.every(
      (source) => isTokenSource(source, place) || (place.withIdentity && isIdentitySource(source, facts.openShift)),
    )
  );
}

function isTokenSource(source: JsonValue, { path }: TokenPlace): boolean {
  const token = onlyField(source, 'serviceAccountToken');
  if (token === undefined) return false;
  const { path: at, audience, expirationSeconds, ...more } = token;
  return (
    at === path &&
    (audience === undefined || audience === null || typeof audience === 'string') &&
    (expirationSeconds === undefined || typeof expirationSeconds === 'number') &&
    !Object.values(more).some(isThere)
  );
}

/** The certificate authorities that the API server publishes in each namespace, and the namespace's name. */
function isIdentitySource(source: JsonValue, openShift: boolean): boolean {
  const configMap = onlyField(source, 'configMap');
  if (configMap !== undefined) {
    return (
      isConfigMapItem(configMap, 'kube-root-ca.crt', 'ca.crt') ||
      // OpenShift's API server adds its service authority (Red Hat's fork, plugin/pkg/admission/serviceaccount).
      (openShift && isConfigMapItem(configMap, 'openshift-service-ca.crt', 'service-ca.crt'))
    );
  }
  const downward = onlyField(source, 'downwardAPI');
  if (downward === undefined) return false;
  const { items, ...more } = downward;
  if (Object.values(more).some(isThere) || !isArray(items) || items.length !== 1) return false;
  const [item] = items;
  if (!isObject(item) || item['path'] !== 'namespace' || Object.keys(item).some((key) => !namespaceItem.has(key))) {
    return false;
  }
  const field = item['fieldRef'];
  return isObject(field) && field['fieldPath'] === 'metadata.namespace';
}

const namespaceItem: ReadonlySet<string> = new Set(['path', 'fieldRef']);

function isConfigMapItem(configMap: JsonObject, name: string, key: string): boolean {
  const { name: of, items, ...more } = configMap;
  if (of !== name || Object.values(more).some(isThere) || !isArray(items) || items.length !== 1) return false;
  const [item] = items;
  return isObject(item) && item['key'] === key && item['path'] === key && Object.keys(item).length === 2;
}

/** The object at a field of a source that has no other field. */
function onlyField(source: JsonValue, field: string): JsonObject | undefined {
  if (!isObject(source)) return undefined;
  for (const other in source) if (other !== field && isThere(source[other])) return undefined;
  const value = source[field];
  return isObject(value) ? value : undefined;
}

/**
 * Whether the token's folder would hide something that our container needs. The planned mount of the token does not count.
 */
function liesOverOurs({ mountPath }: TokenPlace, planned: JsonObject, token: JsonValue | undefined): boolean {
  const place = mountPoint(mountPath);
  const isUnder = (path: JsonValue | undefined): boolean =>
    typeof path === 'string' && path.startsWith('/') && mountPoint(path).startsWith(place);
  for (const mount of listOf(planned['volumeMounts'])) {
    if (!isObject(mount) || (mount['mountPath'] === mountPath && mount['name'] === token)) continue;
    if (isUnder(mount['mountPath'])) return true;
  }
  for (const word of listOf(planned['command'])) if (isUnder(word)) return true;
  return false;
}

function isThere(value: JsonValue | undefined): boolean {
  return (
    value !== undefined && value !== null && value !== '' && value !== false && !(isArray(value) && value.length === 0)
  );
}
