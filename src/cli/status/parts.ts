import { isOlderMarkIgnored, pauseAt, untilText } from '../../cluster/registration/pause-record.js';
import { known, mapPart, type Part } from '../../cluster/overview/part.js';
import type { Snapshot } from '../../cluster/overview/snapshot.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { readObserved, type Observed } from '../../model/observed.js';
import type { Leader, PauseReport, Replica, Replicas, StatusReport } from './report.js';

/** Reads the state of the installation from its objects. Pure. */
export function installationParts(
  snapshot: Snapshot,
): Pick<
  StatusReport,
  | 'elsewhere'
  | 'replicas'
  | 'leader'
  | 'selfTest'
  | 'certificate'
  | 'port'
  | 'pause'
  | 'clocks'
  | 'takenBack'
  | 'webhooks'
  | 'versions'
  | 'metrics'
> {
  const { nowMs, lease } = snapshot;
  const observed = mapPart(lease, (object) => readObserved(annotationOf(object, names.observed) ?? '') ?? {});
  const { versions } = observed.known ? observed.value : {};
  return {
    ...elsewhereOf(snapshot),
    replicas: replicasOf(snapshot),
    leader: leaderOf(lease, nowMs),
    selfTest: mapPart(observedPart(observed, 'selfTest'), (test) => ({
      ...test,
      secondsAgo: seconds(nowMs - Date.parse(test.at)),
    })),
    certificate: mapPart(observedPart(observed, 'certificate'), (certificate) => ({
      ...certificate,
      secondsLeft: seconds(Date.parse(certificate.notAfter) - nowMs),
    })),
    port: observedPart(observed, 'port'),
    pause: pauseOf(snapshot),
    clocks: [...snapshot.clocks].map(([replica, secondsAhead]) => ({ replica, secondsAhead })),
    takenBack: takenBackOf(snapshot.takenBack),
    webhooks: { mutating: entriesOf(snapshot.mutating), validating: entriesOf(snapshot.validating) },
    versions: {
      kubernetes: snapshot.version,
      ...(versions === undefined ? {} : { outrider: versions.outrider }),
    },
    metrics: metricsOf(snapshot),
  };
}

/** Without the ConfigMap, nothing was ever taken back. */
function takenBackOf(part: Snapshot['takenBack']): StatusReport['takenBack'] {
  if (!part.known && part.cause === 'absent') return known({ workloads: 0, trying: 0, invalid: 0 });
  return mapPart(part, ({ entries, invalid }) => ({
    workloads: entries.size,
    trying: [...entries.values()].filter(({ stage }) => stage === 'Trying').length,
    invalid: invalid.length,
  }));
}

/** The namespace whose Service the webhooks with that name call, if it is another namespace. */
function elsewhereOf({ mutating, validating, ownNamespace }: Snapshot): { readonly elsewhere?: string } {
  const found = [mutating, validating].flatMap((part) => (part.known ? listOf(part.value['webhooks']) : []));
  const namespaces = found.flatMap((webhook) => {
    const service = objectOf(objectOf(objectOf(webhook)?.['clientConfig'])?.['service']);
    return stringOf(service?.['namespace']) ?? [];
  });
  const [other] = namespaces;
  return other === undefined || namespaces.includes(ownNamespace) ? {} : { elsewhere: other };
}

function replicasOf({ deployments, pods }: Snapshot): Part<Replicas> {
  const replicas = mapPart(pods, (objects) => objects.map(replicaOf));
  const wanted = mapPart(deployments, (objects) =>
    objects.reduce((sum, { spec }) => sum + numberOf(objectOf(spec)?.['replicas'], 1), 0),
  );
  if (!wanted.known) return wanted;
  const ready = replicas.known
    ? replicas.value.filter((replica) => replica.ready).length
    : (deployments.known ? deployments.value : []).reduce(
        (sum, { status }) => sum + numberOf(objectOf(status)?.['readyReplicas'], 0),
        0,
      );
  const count = deployments.known ? deployments.value.length : 0;
  return known({ deployments: count, wanted: wanted.value, ready, pods: replicas });
}

function replicaOf({ metadata, spec, status }: JsonObject): Replica {
  const conditions = listOf(objectOf(status)?.['conditions']).map(objectOf);
  const containers = listOf(objectOf(status)?.['containerStatuses']).map(objectOf);
  const ending = objectOf(metadata)?.['deletionTimestamp'] !== undefined;
  return {
    name: stringOf(objectOf(metadata)?.['name']) ?? '',
    ready: !ending && conditions.some((each) => each?.['type'] === 'Ready' && each['status'] === 'True'),
    restarts: containers.reduce((sum, each) => sum + numberOf(each?.['restartCount'], 0), 0),
    node: stringOf(objectOf(spec)?.['nodeName']) ?? '',
  };
}

function leaderOf(lease: Part<JsonObject>, nowMs: number): Part<Leader> {
  if (!lease.known) return lease;
  const spec = objectOf(lease.value['spec']);
  const holder = stringOf(spec?.['holderIdentity']) ?? '';
  // A leader that stops in an orderly way releases the Lease and removes its name from it.
  if (holder === '') return { known: false, cause: 'absent', why: 'nobody holds the Lease' };
  const since = Date.parse(stringOf(spec?.['acquireTime']) ?? '');
  const renewed = Date.parse(stringOf(spec?.['renewTime']) ?? '');
  const leaseMs = numberOf(spec?.['leaseDurationSeconds'], 15) * 1000;
  return known({
    holder,
    leadsForSeconds: seconds(nowMs - since),
    renewedSecondsAgo: seconds(nowMs - renewed),
    expired: Number.isNaN(renewed) || renewed + leaseMs < nowMs,
  });
}

function observedPart<Name extends 'selfTest' | 'certificate' | 'port'>(
  observed: Part<Observed>,
  name: Name,
): Part<NonNullable<Observed[Name]>> {
  if (!observed.known) return observed;
  const value = observed.value[name];
  return value === undefined
    ? { known: false, cause: 'absent', why: 'the leader has not written it down' }
    : known<NonNullable<Observed[Name]>>(value);
}

/**
 * Treats an object that cannot be read as one without a marker. If nothing else says that the installation is paused, the
 * answer is unknown.
 */
function pauseOf({ mutating, validating, configMap, nowMs }: Snapshot): Part<PauseReport> {
  const objects = { mutating: seen(mutating), validating: seen(validating), configMap: seen(configMap) };
  const pause = pauseAt(objects, nowMs);
  if (pause !== undefined) {
    const { since, by, reason, marker } = pause;
    return known({
      paused: true,
      until: untilText(pause),
      ...(since === undefined ? {} : { since }),
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
      marker,
    });
  }
  for (const part of [mutating, validating]) if (!part.known && part.cause !== 'absent') return part;
  const bothGone = !mutating.known && !validating.known;
  if (bothGone && !configMap.known && configMap.cause !== 'absent') return configMap;
  return known({ paused: false, ...(isOlderMarkIgnored(objects, nowMs) ? { ignoredMarker: true } : {}) });
}

function seen(part: Part<JsonObject>): JsonObject | undefined {
  if (part.known) return part.value;
  return part.cause === 'absent' ? undefined : {};
}

function entriesOf(configuration: Part<JsonObject>): Part<number> {
  return mapPart(configuration, ({ webhooks }) => listOf(webhooks).length);
}

function metricsOf({ reviews }: Snapshot): StatusReport['metrics'] {
  const failed = [...reviews.values()].flatMap((part) => (part.known ? [] : [part.why]));
  const [why] = failed;
  return {
    asked: reviews.size,
    answered: reviews.size - failed.length,
    ...(why === undefined ? {} : { why }),
  };
}

function annotationOf({ metadata }: JsonObject, name: string): string | undefined {
  return stringOf(objectOf(objectOf(metadata)?.['annotations'])?.[name]);
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** Whole seconds; 0 for a value that is not a time. */
function seconds(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.round(ms / 1000);
}
