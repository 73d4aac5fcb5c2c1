import { isArray, isObject, type JsonObject, type JsonValue } from '../../../model/json.js';
import {
  defaultPullPolicy,
  defaultsSource,
  emptyDefaults,
  fieldRefApiVersion,
  isDefaultResize,
  writtenDefaults,
} from '../../../model/server-defaults.js';
import { isSamePlace } from '../../path.js';
import type { Terms } from './difference.js';

/**
 * One way in which a part of ours may differ from the plan. The rows are a closed list: anything that none of them
 * allows is a difference, including fields of future Kubernetes versions.
 */
export interface Row {
  /** The path from the container or volume on; `*` is any member of a list or map. */
  readonly path: string;
  /** Values that are equivalent to the planned one, as text for people. */
  readonly values: string;
  readonly why: string;
  /** Who writes it. */
  readonly source: string;
  /**
   * @param value what the pod has; never absent
   * @param planned the plan's value there; `undefined` for nothing
   * @param owner the planned container or volume
   */
  readonly allows: (value: JsonValue, planned: JsonValue | undefined, owner: JsonObject, terms: Terms) => boolean;
}

const constraints = 'OpenShift’s security context constraints, restricted and restricted-v2, release-4.22';

/** Where a container of ours may differ, except in variables, mounts and amounts, which have their own files. */
export const containerRows: readonly Row[] = [
  {
    path: 'imagePullPolicy',
    values: 'what the image’s tag defaults to, or Always',
    why: 'a default, or stricter than it; Never would take what lies on the node',
    source: `${defaultsSource}; the plug-in AlwaysPullImages`,
    allows: (value, planned, { image }) => planned === undefined && isPullPolicy(value, image),
  },
  asWritten('terminationMessagePath', 'a default; the kubelet mounts a file there, so any other place is a mount'),
  asWritten('terminationMessagePolicy', 'a default'),
  {
    path: 'resizePolicy',
    values: 'restartPolicy NotRequired for cpu and memory',
    why: 'a default of some versions, and means the same as none',
    source: 'Kubernetes 1.27 to 1.32 with InPlacePodVerticalScaling, pkg/apis/core/v1/defaults.go',
    allows: (value, planned) => planned === undefined && isDefaultResize(value),
  },
  {
    path: 'securityContext.capabilities.drop',
    values: 'all that is planned, and more',
    why: 'only takes rights away',
    source: `${constraints}; GKE Autopilot (NET_RAW)`,
    allows: (value, planned) => {
      const wanted = isArray(planned) ? planned : [];
      return isArray(value) && value.every(isText) && wanted.every((name) => value.includes(name));
    },
  },
  ...(['runAsNonRoot', 'readOnlyRootFilesystem'] as const).map((field): Row => ({
    path: `securityContext.${field}`,
    values: 'true',
    why: 'only takes rights away',
    source: constraints,
    allows: (value) => value === true,
  })),
  ...(['allowPrivilegeEscalation', 'privileged'] as const).map((field): Row => ({
    path: `securityContext.${field}`,
    values: 'false',
    why: 'only takes rights away, or says what holds anyway',
    source: constraints,
    allows: (value) => value === false,
  })),
  {
    path: 'securityContext.runAsUser',
    values: 'on OpenShift, where none is planned: a uid that is not 0',
    why: 'the namespace’s uid; one that is planned stays',
    source: constraints,
    allows: (value, planned, _owner, { facts }) =>
      facts.openShift && planned === undefined && typeof value === 'number' && Number.isInteger(value) && value > 0,
  },
];

/** Where a volume of ours may differ. */
export const volumeRows: readonly Row[] = [
  {
    path: 'hostPath.path',
    values: 'the planned path, written otherwise',
    why: 'the kubelet cleans a path',
    source: 'whoever wrote the pod: a node agent’s own chart or manifest',
    allows: (value, planned) => typeof value === 'string' && typeof planned === 'string' && isSamePlace(value, planned),
  },
  {
    path: 'image.pullPolicy',
    values: 'what the image’s tag defaults to, or Always',
    why: 'a default, or stricter than it',
    source: `${defaultsSource} (since 1.32); the plug-in AlwaysPullImages`,
    allows: (value, planned, { image }) =>
      planned === undefined && isPullPolicy(value, isObject(image) ? image['reference'] : undefined),
  },
];

/** What the API server adds to a planned variable. */
export const variableDefaults: Readonly<Record<string, JsonValue>> = {
  'valueFrom.fieldRef.apiVersion': fieldRefApiVersion,
  'valueFrom.secretKeyRef.optional': emptyDefaults.optional,
};

/** A field whose default the API server writes if nothing is planned. */
function asWritten(field: keyof typeof writtenDefaults, why: string): Row {
  const written = writtenDefaults[field];
  return {
    path: field,
    values: String(written),
    why,
    source: defaultsSource,
    allows: (value, planned) => planned === undefined && value === written,
  };
}

function isPullPolicy(value: JsonValue, image: JsonValue | undefined): boolean {
  return value === 'Always' || (value === 'IfNotPresent' && defaultPullPolicy(image) === value);
}

function isText(value: JsonValue): boolean {
  return typeof value === 'string';
}
