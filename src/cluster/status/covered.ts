import { countsText, type CoverageCounts } from '../../model/coverage.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { policyStatusSchema, type PolicyStatus } from '../../model/status.js';
import type { Found } from './conditions.js';
import type { CoverageFound } from './facts.js';

type Coverage = NonNullable<PolicyStatus['coverage']>;

/**
 * The status of a policy's running pods. The findings of an earlier leader stay, with their date, until this one has looked.
 *
 * @param found `undefined` if there are no sweeps
 * @param before the status that the policy has in the API server
 */
export function coverageOf(found: CoverageFound | undefined, before: JsonObject | undefined): Coverage | undefined {
  if (found === undefined) return undefined;
  const { found: policy, observedAt, trouble } = found;
  const truncated = trouble === undefined ? {} : { truncated: trouble.slice(0, longestTrouble) };
  if (policy === undefined || observedAt === undefined) {
    const earlier = readCoverage(before);
    if (earlier === undefined) return undefined;
    const kept: Coverage = { ...earlier };
    delete kept.truncated;
    return { ...kept, ...truncated };
  }
  const { counts, pods, readWhole, byApiServer, namespaces, worst, beyond } = policy;
  return {
    observedAt,
    pods,
    readWhole,
    namespaces,
    ...counts,
    ...(byApiServer > 0 ? { byApiServer } : {}),
    ...(beyond > 0 ? { beyond } : {}),
    ...truncated,
    workloads: worst.map(({ namespace, workload, state, counts: ofWorkload, reason, detail, pod }) => ({
      namespace,
      kind: workload.kind,
      name: workload.name,
      state,
      counts: withoutZeros(ofWorkload),
      reason,
      detail,
      pod,
    })),
  };
}

const longestTrouble = 256;

/**
 * The condition `Covered`. It claims no more than was looked at, and says when that was.
 * @param report what else there is to say of a policy that only reports; empty if nothing
 */
export function covered(coverage: Coverage | undefined, isOn: boolean, report = ''): Found {
  if (!isOn) {
    return {
      status: 'Unknown',
      reason: 'AuditOff',
      message: 'Nobody looks at running pods (--audit-minutes, chart: audit.minutes).',
    };
  }
  if (coverage === undefined) {
    return { status: 'Unknown', reason: 'Pending', message: 'Running pods have not been looked at yet.' };
  }
  const counts = countsOf(coverage);
  const message = [sentence(coverage, counts), report, whole(coverage), failed(coverage)]
    .filter((text) => text !== '')
    .join(' ');
  if (counts.forged > 0) return { status: 'False', reason: 'PodsForged', message };
  if (counts.missed > 0) return { status: 'False', reason: 'PodsMissed', message };
  if (counts.unproven > 0) return { status: 'Unknown', reason: 'PodsUnproven', message };
  return { status: 'True', reason: 'AllCovered', message };
}

function sentence({ pods, workloads }: Coverage, counts: CoverageCounts): string {
  if (pods === 0) return 'It has no running pods.';
  const of = pods === 1 ? 'One pod' : `${pods} pods`;
  const first = workloads
    .slice(0, shown)
    .map(({ namespace, kind, name }) => `${namespace}/${kind.toLowerCase()}/${name}`);
  const more = workloads.length > shown ? ' and more' : '';
  const which = first.length === 0 ? '' : ` Look at ${first.join(', ')}${more}.`;
  return `${of}: ${countsText(counts)}.${which}`;
}

const shown = 3;

function whole({ pods, readWhole }: Coverage): string {
  return readWhole >= pods ? '' : `${readWhole} were read whole, the others by their record.`;
}

function failed({ truncated, observedAt }: Coverage): string {
  return truncated === undefined ? '' : `That was at ${observedAt}; a later look did not come through: ${truncated}.`;
}

function countsOf({ instrumented, partial, stale, excused, missed, unproven, forged }: Coverage): CoverageCounts {
  return { instrumented, partial, stale, excused, missed, unproven, forged };
}

function withoutZeros(counts: CoverageCounts): Partial<CoverageCounts> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** What a status says about running pods; `undefined` if it says nothing, or nothing in a known form. */
export function readCoverage(status: JsonObject | undefined): Coverage | undefined {
  const coverage = objectOf(status?.['coverage']);
  if (coverage === undefined || stringOf(coverage['observedAt']) === undefined) return undefined;
  const read = policyStatusSchema.shape.coverage.safeParse(coverage);
  return read.success ? read.data : undefined;
}
