import { workloadName } from '../preview/side-text.js';
import type { PreviewRow } from '../preview/preview.js';
import { plain } from '../text/plain.js';
import type { VerdictCounts } from './findings.js';
import type { Refusal, Refuser } from '../../cluster/dry-run/refusal.js';

/** How refusers are called. */
const called: Readonly<Record<Refuser, string>> = {
  PodSecurity: 'Pod Security',
  LimitRange: 'a LimitRange',
  ResourceQuota: 'ResourceQuota',
  SecurityContextConstraints: 'OpenShift’s security context constraints',
  Kyverno: 'Kyverno',
  Gatekeeper: 'Gatekeeper',
  ValidatingAdmissionPolicy: 'ValidatingAdmissionPolicy',
  Webhook: 'webhook',
  ServiceAccount: 'the ServiceAccount',
  Schema: 'the API server’s validation',
  Admission: 'an admission plug-in',
};

/** `Pod Security baseline:latest`, `webhook budget.example.com`. */
export function refuserText({ by, name }: Refusal): string {
  return name === undefined ? called[by] : `${called[by]} ${plain(name)}`;
}

/** Names of workloads, a few of them. */
export function workloadsText(workloads: readonly PreviewRow[], most = 3): string {
  const names = workloads.slice(0, most).map(workloadName);
  const more = workloads.length - names.length;
  return more <= 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`;
}

/** What a preflight came to. */
export interface PreflightTotals {
  readonly counts: VerdictCounts;
  readonly workloads: number;
  /** Distinct pods that the API server judged. */
  readonly asked: number;
}

/** What it all comes to. */
export function totalLines({ counts, workloads, asked }: PreflightTotals): readonly string[] {
  const { admitted, refused, refusedNow, denied, nothingAdded, noRight, unknown } = counts;
  const parts = [
    ...(admitted === 0 ? [] : [`the pods of ${admitted} would be created`]),
    ...(refused === 0 ? [] : [`those of ${refused} refused${refusedNow === 0 ? '' : `, of ${refusedNow} as now`}`]),
    ...(denied === 0 ? [] : [`those of ${denied} denied by the policies themselves`]),
    ...(nothingAdded === 0 ? [] : [`${nothingAdded} get nothing, and were not asked about`]),
    ...(noRight === 0 ? [] : [`${noRight} could not be asked about`]),
    ...(unknown === 0 ? [] : [`of ${unknown} it is not known`]),
  ];
  if (workloads === 0) return ['No workload is under a policy here.'];
  const of = `${workloads} ${workloads === 1 ? 'workload' : 'workloads'}`;
  return [
    `${of}: ${parts.join('; ')}.`,
    `${asked === 0 ? 'No pod was asked about' : `${asked} distinct ${asked === 1 ? 'pod was' : 'pods were'} asked about, as dry runs`}: nothing was created.`,
  ];
}

/** What a dry run does not show. */
export const limitsOfLook: readonly string[] = [
  'Only the first that refuses a pod is named: ask again after a change.',
  'The pods were asked about with your rights, one at a time: who judges by the user may answer a controller otherwise.',
];
