import { createHash } from 'node:crypto';
import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';

/** One key of the Secret that is copied. The value is base64, as the API server has it, and is never logged. */
export interface SourceKey {
  readonly value: string;
  readonly version: string;
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
export function copyObject({ policy, source, copy }: MirroredSecret, namespace: string, key: SourceKey): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: copy,
      namespace,
      labels: { [managedBy]: 'outrider', [names.mirrorOf]: policyLabel(policy) },
      annotations: { [names.mirrorSource]: key.version },
    },
    type: 'Opaque',
    data: { [source.key]: key.value },
  };
}

/** What the marks on a Secret say: whose copy it is, as `policyLabel` has it, and of which version. */
export interface CopyMarks {
  readonly copyOf: string;
  readonly version: string;
}

/**
 * The marks of a copy; `undefined` for a Secret that is none. Label and annotation must both be there, and the type must
 * be the one we write: another one could not be put right.
 */
export function marksOf(secret: JsonObject): CopyMarks | undefined {
  const metadata = objectOf(secret['metadata']);
  const copyOf = stringOf(objectOf(metadata?.['labels'])?.[names.mirrorOf]);
  const version = stringOf(objectOf(metadata?.['annotations'])?.[names.mirrorSource]);
  if (copyOf === undefined || version === undefined || secret['type'] !== 'Opaque') return undefined;
  return { copyOf, version };
}

/** The version that a policy's copy says it has; `undefined` for a Secret that is not that copy. */
export function versionOfCopy(secret: JsonObject, policy: string): string | undefined {
  const marks = marksOf(secret);
  return marks?.copyOf === policyLabel(policy) ? marks.version : undefined;
}

/** Whether a copy of ours holds what it should, and nothing else. */
export function isCurrent(secret: JsonObject, { policy, source }: MirroredSecret, key: SourceKey): boolean {
  const data = objectOf(secret['data']) ?? {};
  return (
    versionOfCopy(secret, policy) === key.version &&
    Object.keys(data).length === 1 &&
    Object.hasOwn(data, source.key) &&
    data[source.key] === key.value
  );
}
