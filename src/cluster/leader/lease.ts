import { names } from '../../model/names.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { apiVersionOf, resources } from '../client/resources.js';
import { microTime } from '../micro-time.js';

/** What a Lease says about its holder. */
export interface Holding {
  /** Empty: no holder. */
  readonly holder: string;
  /** The value in the object. Together with the holder's name it identifies a term. */
  readonly acquireTime: string;
  readonly leaseSeconds: number;
  readonly transitions: number;
}

// The longest duration that the setting allows. A longer one was written by hand, and would keep all replicas out.
const longestLeaseSeconds = 300;

/**
 * Reads a Lease. Fields of the wrong form count as missing.
 * @param leaseSeconds for a Lease without a duration
 */
export function holdingOf(lease: JsonObject, leaseSeconds: number): Holding {
  const spec = objectOf(lease['spec']) ?? {};
  return {
    holder: stringOf(spec['holderIdentity']) ?? '',
    acquireTime: stringOf(spec['acquireTime']) ?? '',
    leaseSeconds: Math.min(numberOf(spec['leaseDurationSeconds']) ?? leaseSeconds, longestLeaseSeconds),
    transitions: numberOf(spec['leaseTransitions']) ?? 0,
  };
}

/** What to write: the holder's data, the time, and what the leader observed. */
export interface Writing extends Holding {
  readonly namespace: string;
  readonly name: string;
  readonly nowMs: number;
  /** Text of the annotation; `undefined` leaves the existing one. */
  readonly observed: string | undefined;
}

/**
 * The Lease to write in place of another. What others put on it stays.
 * @param before the existing Lease, whose resourceVersion guards the write; `undefined` to create a new one
 */
export function leaseOf(before: JsonObject | undefined, writing: Writing): JsonObject {
  const metadata = objectOf(before?.['metadata']) ?? {};
  const annotations = objectOf(metadata['annotations']);
  const { observed } = writing;
  return {
    apiVersion: apiVersionOf(resources.leases),
    kind: resources.leases.kind,
    metadata: {
      ...metadata,
      namespace: writing.namespace,
      name: writing.name,
      ...(observed === undefined ? {} : { annotations: { ...annotations, [names.observed]: observed } }),
    },
    spec: {
      holderIdentity: writing.holder,
      leaseDurationSeconds: writing.leaseSeconds,
      acquireTime: writing.acquireTime,
      renewTime: microTime(writing.nowMs),
      leaseTransitions: writing.transitions,
    },
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
