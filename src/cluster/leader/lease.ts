import { names } from '../../model/names.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { apiVersionOf, resources } from '../client/resources.js';
import { microTime } from '../micro-time.js';

/** What a Lease says of its holder. */
export interface Holding {
  /** Empty: nobody. */
  readonly holder: string;
  /** As it stands there; with the holder's name it tells one term from another. */
  readonly acquireTime: string;
  readonly leaseSeconds: number;
  readonly transitions: number;
}

// The longest that the setting allows. A longer one was written by hand, and would keep everybody out.
const longestLeaseSeconds = 300;

/**
 * Reads a Lease. Anything that is not of its form counts as not there.
 * @param leaseSeconds for a Lease that says none
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

/** What is written: a holding, the time, and what the leader observed. */
export interface Writing extends Holding {
  readonly namespace: string;
  readonly name: string;
  readonly nowMs: number;
  /** Text of the annotation; `undefined` leaves what stands there. */
  readonly observed: string | undefined;
}

/**
 * The Lease to write in the place of another: what others put on it stays.
 * @param before what stands there, whose resourceVersion guards the write; `undefined` to make a new one
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
