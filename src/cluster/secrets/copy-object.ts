import { createHash } from 'node:crypto';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { versionOfValue } from './credentials-version.js';

/** One key of the Secret that is copied. The value is base64, as the API server has it, and is never logged. */
export interface SourceKey {
  readonly value: string;
  readonly version: string;
  /** Name of the Secret that holds it. */
  readonly uid: string;
}

const managedBy = 'app.kubernetes.io/managed-by';
const longestLabel = 63;

/** A policy's name as a label's value, which is shorter than a name may be. */
export function policyLabel(policy: string): string {
  if (policy.length <= longestLabel) return policy;
  const hash = createHash('sha256').update(policy).digest('hex').slice(0, 12);
  return `${policy.slice(0, longestLabel - hash.length - 1).replace(/[-.]+$/, '')}-${hash}`;
}

/** The copy of a source in a namespace. */
export function copyObject(
  { policy, instance, type, source, copy }: MirroredSecret,
  namespace: string,
  key: SourceKey,
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: copy,
      namespace,
      labels: { [managedBy]: 'outrider', [names.mirrorOf]: policyLabel(policy) },
      annotations: { [names.mirrorSource]: key.version, [names.mirrorBy]: instance },
    },
    type,
    data: { [source.key]: key.value },
  };
}

/** The marks on a Secret: the policy whose copy it is, as in `policyLabel`, and its version. */
export interface CopyMarks {
  readonly copyOf: string;
  readonly version: string;
  /** The installation; `undefined` on a copy by a version that did not record it. */
  readonly by: string | undefined;
}

/**
 * The marks of a copy; `undefined` for a Secret that is not a copy. Both label and annotation must exist. Anyone who may
 * write Secrets in the namespace can write them too. They only mean that the Secret may be replaced, and say nothing about
 * its contents.
 */
export function marksOf(secret: JsonObject): CopyMarks | undefined {
  const metadata = objectOf(secret['metadata']);
  const copyOf = stringOf(objectOf(metadata?.['labels'])?.[names.mirrorOf]);
  const annotations = objectOf(metadata?.['annotations']);
  const version = stringOf(annotations?.[names.mirrorSource]);
  if (copyOf === undefined || version === undefined) return undefined;
  return { copyOf, version, by: stringOf(annotations?.[names.mirrorBy]) };
}

/** Which policy's copy to look for. */
export type CopyOwner = Pick<MirroredSecret, 'policy' | 'instance'>;

/**
 * The version that a policy's copy says it has; `undefined` for a Secret that is not that copy, such as one that another
 * installation made.
 */
export function versionOfCopy(secret: JsonObject, { policy, instance }: CopyOwner): string | undefined {
  const marks = marksOf(secret);
  if (marks?.copyOf !== policyLabel(policy)) return undefined;
  return marks.by === undefined || marks.by === instance ? marks.version : undefined;
}

/**
 * How a Secret with our marks relates to its source. `outdated`: it holds a value that the source has or had, and can be
 * updated in place. `differs`: it holds a value that was never the source's, or cannot be updated.
 */
export type Standing = 'current' | 'outdated' | 'differs';

/** Compares a Secret that carries our marks with its source. */
export function standingOf(secret: JsonObject, mirror: MirroredSecret, key: SourceKey): Standing {
  const { source, instance } = mirror;
  const data = objectOf(secret['data']) ?? {};
  const value = Object.hasOwn(data, source.key) ? stringOf(data[source.key]) : undefined;
  if (value === undefined || !canBeReplaced(secret, mirror)) return 'differs';
  const version = versionOfCopy(secret, mirror);
  if (value !== key.value) return versionOfValue(key.uid, value) === version ? 'outdated' : 'differs';
  const isMarked = version === key.version && marksOf(secret)?.by === instance;
  return isMarked && Object.keys(data).length === 1 ? 'current' : 'outdated';
}

/** Whether the API server allows an update to turn a Secret into our copy. */
export function canBeReplaced(secret: JsonObject, { type }: Pick<MirroredSecret, 'type'>): boolean {
  return secret['type'] === type && secret['immutable'] !== true;
}
