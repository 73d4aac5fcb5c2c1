import { stringify } from 'yaml';
import { reasonCodes, reasons } from '../../src/model/reasons.js';
import type { GeneratedFile } from './generated.js';

/** One alerting rule. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** Absent: at once. */
  readonly for?: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly description: string;
}

/** Which installation the file is about. The chart writes its own in their place. */
export const alertsOf = { job: 'outrider', namespace: 'outrider-system' } as const;

/** Where the page of all alerts is, which has a heading for each. The chart's `prometheusRule.runbookUrl` takes its place. */
export const runbookUrl = 'https://github.com/outrider/outrider/blob/main/docs/alerts.md';

/** The labels that a scrape gives every series of a replica, and those of the installation. */
const replica = 'namespace, job, instance';
const installation = 'namespace, job';

/** Series of this installation alone: another one's alerts come from its own rules. */
function own(metric: string, ...labels: readonly string[]): string {
  const all = [`job="${alertsOf.job}"`, `namespace="${alertsOf.namespace}"`, ...labels];
  return `${metric}{${all.join(',')}}`;
}

/** What the leader says; another replica's figures are of when it led. */
function byLeader(series: string): string {
  return `(${series}) and on (${replica}) ${own('outrider_leader')} == 1`;
}

/**
 * What a counter grew by. A series that was not there before the time begins with what it counted: Prometheus's own
 * increase misses that, and a burst of denials is often all that a series ever counts. Only what was scraped before, or
 * started since, can have begun: after a gap of Prometheus's everything looks new.
 */
function grown(counter: string, window: string, seconds: number): string {
  const began = `${own('outrider_build_info')} offset ${window} or ${own('process_start_time_seconds')} > time() - ${seconds}`;
  return `((${counter} unless ${counter} offset ${window}) and on (${replica}) (${began}) or increase(${counter}[${window}]))`;
}

/** A quarter of an hour's reviews of a door, by policy. */
function reviews(door: 'mutate' | 'validate', by: string, ...labels: readonly string[]): string {
  const counter = own('outrider_admission_reviews_total', `door="${door}"`, 'policy!=""', ...labels);
  return `sum by (${installation}, ${by}) (${grown(counter, '15m', 900)})`;
}

/** Reasons to leave a pod alone that somebody chose. */
const chosen = reasonCodes.filter((code) => reasons[code].about !== 'session' && reasons[code].tells !== undefined);
// What a policy in mode Report would do leaves no pod out.
const unchosen = `reason!~"${chosen.join('|')}",would=""`;

/** Fewer than these in a quarter of an hour are one workload's, whose controller tries again and again. */
const many = 30;

/** Every alert of an installation in a cluster. */
export const alertRules: readonly AlertRule[] = [
  {
    alert: 'OutriderDown',
    expr: `absent(${own('up')}) or max by (${installation}) (${own('up')}) == 0`,
    for: '5m',
    severity: 'critical',
    summary: 'No replica of Outrider answers Prometheus.',
    description:
      'Pods start uninstrumented, and policies that prefer Security deny theirs; or the ServiceMonitor does not find the replicas, and no other alert of Outrider can fire.',
  },
  {
    alert: 'OutriderReplicaDown',
    expr: `${own('up')} == 0`,
    for: '15m',
    severity: 'warning',
    summary: 'A replica of Outrider does not answer Prometheus.',
    description:
      '{{ $labels.instance }}: look at the pod, and at NetworkPolicies between Prometheus and its plain port.',
  },
  {
    alert: 'OutriderUnreachable',
    // Over every leader of five minutes: leaders that come and go hide nothing.
    expr: `max by (${installation}) (max_over_time((${byLeader(own('outrider_webhook_reachable'))})[5m:30s])) == 0`,
    for: '2m',
    severity: 'critical',
    summary: 'The API server does not reach Outrider’s webhook.',
    description:
      'Pods start uninstrumented, and policies that prefer Security deny theirs. Look at the firewall between control plane and nodes, and at the certificate.',
  },
  {
    alert: 'OutriderNoLeader',
    expr: `max by (${installation}) (${own('outrider_leader')}) < 1`,
    for: '5m',
    severity: 'warning',
    summary: 'No replica of Outrider leads.',
    description:
      'Pods are still instrumented, but webhook configurations, certificates and statuses are not kept. Look at the logs and at the Lease.',
  },
  {
    alert: 'OutriderLeaderFlaps',
    expr: `sum by (${installation}) (changes(${own('outrider_leader')}[30m])) > 8`,
    for: '5m',
    severity: 'warning',
    summary: 'Leaders of Outrider come and go.',
    description:
      'More than four times in half an hour. Each begins anew with what a leader does. Look at the logs: the Lease is not renewed in time, replicas restart, or API servers’ clocks differ.',
  },
  {
    alert: 'OutriderClockSkew',
    expr: `abs(${own('outrider_clock_skew_seconds')}) > 300`,
    for: '5m',
    severity: 'warning',
    summary: 'The clock of a replica of Outrider is more than five minutes from the API server’s.',
    description:
      '{{ $labels.instance }}: it answers reviews, but does not lead and issues no certificate. If every replica says so, look at the clock of the control plane. Else set the clock of the node.',
  },
  {
    alert: 'OutriderCertificateExpires',
    expr: `${own('outrider_certificate_expiry_timestamp_seconds')} - time() < 7 * 86400`,
    for: '10m',
    severity: 'warning',
    summary: 'The certificate of Outrider’s webhook ends within a week.',
    description: 'It should have been renewed at two thirds of its life. Look at the leader’s log, or at cert-manager.',
  },
  {
    alert: 'OutriderCertificateExpires',
    expr: `${own('outrider_certificate_expiry_timestamp_seconds')} - time() < 86400`,
    for: '10m',
    severity: 'critical',
    summary: 'The certificate of Outrider’s webhook ends within a day, or has ended.',
    description:
      'From then on the API server does not call the webhook. Look at the leader’s log, or at cert-manager; outrider pause takes the webhooks out.',
  },
  {
    alert: 'OutriderCertificateRefused',
    expr: `increase(${own('outrider_certificate_reloads_total', 'result="failure"')}[1h]) > 0`,
    severity: 'warning',
    summary: 'A replica of Outrider was given a certificate that it cannot serve.',
    description: '{{ $labels.instance }}: the one before is served on until its end. The log says what is wrong.',
  },
  {
    alert: 'OutriderReloadFailed',
    expr: `${own('outrider_configuration_last_reload_successful')} == 0`,
    for: '5m',
    severity: 'warning',
    summary: 'A replica of Outrider has not loaded its newest configuration.',
    description:
      '{{ $labels.instance }}: an earlier one is in force, or none since it started. The log names file and field.',
  },
  {
    alert: 'OutriderWatchStale',
    expr: `${own('outrider_watch_staleness_seconds')} > 900`,
    for: '5m',
    severity: 'warning',
    summary: 'Outrider has not heard from the API server for a quarter of an hour.',
    description: '{{ $labels.kind }}: what was last known is in force. Look at the log and at the API server.',
  },
  {
    alert: 'OutriderRegistrationFails',
    expr: `sum by (${installation}) (increase(${own('outrider_webhook_configuration_writes_total', 'result="failure"')}[15m])) > 0`,
    for: '15m',
    severity: 'warning',
    summary: 'Outrider cannot write its webhook configurations.',
    description: 'Changes of policies do not reach the API server. Look at the leader’s log and its ClusterRole.',
  },
  {
    alert: 'OutriderPolicyNotReady',
    expr: `max by (${installation}) (${byLeader(`${own('outrider_policy_conditions', 'condition="Ready"', 'status="False"')} > 0`)})`,
    for: '15m',
    severity: 'warning',
    summary: 'A policy of Outrider is not ready.',
    description: 'kubectl get instrumentationpolicies -o wide says which, and why.',
  },
  {
    alert: 'OutriderNotInForce',
    expr: `max by (${installation}) (${byLeader(`${own('outrider_policy_conditions', 'condition="InForce"', 'status="False"')} > 0`)}) unless on (${installation}) max by (${installation}) (${own('outrider_paused')}) == 1`,
    for: '15m',
    severity: 'critical',
    summary: 'The API server is not known to call Outrider for the pods of a policy.',
    description:
      'Such pods may start uninstrumented, also under policies that prefer Security. kubectl describe instrumentationpolicies says which policy, and why.',
  },
  {
    alert: 'OutriderDeniesMany',
    expr: [
      `${reviews('validate', 'policy', 'decision="deny"')} > ${many}`,
      `and ${reviews('validate', 'policy', 'decision="deny"')} > 0.5 * ${reviews('validate', 'policy')}`,
    ].join('\n'),
    for: '5m',
    severity: 'critical',
    summary: 'Outrider denies most pods of a policy.',
    description:
      'Policy {{ $labels.policy }}: {{ printf "%.0f" $value }} in a quarter of an hour. The Events of the pods’ controllers and outrider explain say why; outrider pause lets pods start uninstrumented.',
  },
  {
    alert: 'OutriderSkipsMany',
    expr: [
      `${reviews('mutate', 'policy, reason', 'decision=~"skip|partial"', unchosen)} > ${many}`,
      `and on (${installation}, policy) ${reviews('mutate', 'policy', 'decision=~"skip|partial"', unchosen)} > 0.5 * ${reviews('mutate', 'policy')}`,
    ].join('\n'),
    for: '5m',
    severity: 'warning',
    summary: 'Outrider leaves most pods of a policy wholly or partly uninstrumented.',
    description:
      'Policy {{ $labels.policy }}, reason {{ $labels.reason }}: {{ printf "%.0f" $value }} in a quarter of an hour. docs/reasons.md says what the reason means and what helps.',
  },
  {
    alert: 'OutriderMissedPods',
    expr: `sum by (${installation}, policy, prefer) (${own('outrider_coverage_pods', 'prefer="Security"', 'state=~"missed|forged"')}) > 0 or sum by (${installation}, policy, prefer) (${own('outrider_coverage_pods', 'state="forged"')}) > 0`,
    severity: 'critical',
    summary:
      'Pods run uninstrumented under a policy of Outrider that prefers Security, or claim what they do not have.',
    description: 'Policy {{ $labels.policy }}. outrider coverage -A says which pods, why, and what helps.',
  },
  {
    alert: 'OutriderMissedPods',
    expr: `sum by (${installation}, policy, prefer) (${own('outrider_coverage_pods', 'prefer="Availability"', 'state="missed"')}) > 0`,
    for: '30m',
    severity: 'warning',
    summary: 'Pods run uninstrumented that a policy of Outrider asks for.',
    description: 'Policy {{ $labels.policy }}. outrider coverage -A says which pods, why, and what helps.',
  },
  {
    alert: 'OutriderAuditStale',
    expr: `max by (${installation}) (${own('outrider_coverage_age_seconds')}) > 3600`,
    for: '5m',
    severity: 'warning',
    summary: 'Outrider has not looked at running pods for an hour.',
    description:
      'Pods that run uninstrumented are not found meanwhile. Look at the leader’s log and its ClusterRole. Raise the hour where audit.minutes is longer.',
  },
  {
    alert: 'OutriderTakenBack',
    expr: `sum by (${installation}, policy) (${byLeader(`${own('outrider_taken_back_workloads', 'state=~"insisted|beyond"')} > 0`)})`,
    for: '10m',
    severity: 'critical',
    summary: 'Parts of Outrider keep pods from running, and are not taken back.',
    description:
      'Policy {{ $labels.policy }}: {{ printf "%.0f" $value }} workloads. The policy insists on the instrumentation, or there are more than are kept. The condition TakenBack says whose pods, and what the node says.',
  },
  {
    alert: 'OutriderTakenBack',
    expr: `sum by (${installation}, policy) (${byLeader(`${own('outrider_taken_back_workloads', 'state=~"left_alone|trying"')} > 0`)})`,
    for: '10m',
    severity: 'warning',
    summary: 'Workloads run uninstrumented, because parts of Outrider kept their pods from running.',
    description:
      'Policy {{ $labels.policy }}: {{ printf "%.0f" $value }} workloads. outrider coverage -A says which, what failed, and what helps.',
  },
  {
    alert: 'OutriderUnknownDefaults',
    expr: `max by (${installation}) (${byLeader(`${own('outrider_policy_conditions', 'condition="UnknownDefaults"', 'status="True"')} > 0`)})`,
    for: '15m',
    severity: 'warning',
    summary: 'The API server fills in what this version of Outrider does not know.',
    description:
      'Policies that prefer Security or forbid opting out deny their pods, others count them as partly instrumented. kubectl describe instrumentationpolicies says what is filled in, and which entries of ownPartsMayDiffer would let it be.',
  },
  {
    alert: 'OutriderPaused',
    expr: `max by (${installation}) (${own('outrider_paused')}) == 1`,
    for: '24h',
    severity: 'warning',
    summary: 'Outrider has been paused for a day.',
    description: 'Pods start uninstrumented. outrider resume ends it.',
  },
  {
    alert: 'OutriderRejects',
    expr: `sum by (${installation}, cause) (rate(${own('outrider_rejected_requests_total', 'cause=~"internal|overloaded|over_budget"')}[10m])) > 0`,
    for: '10m',
    severity: 'warning',
    summary: 'Outrider refuses reviews.',
    description:
      'Cause {{ $labels.cause }}. overloaded: add replicas; over_budget: add memory or replicas, see docs/operations.md; internal: look at the log.',
  },
];

function alertsFile(): string {
  const rules = alertRules.map(({ alert, expr, for: pending, severity, summary, description }) => ({
    alert,
    expr,
    ...(pending !== undefined && { for: pending }),
    // An expression without series names no installation of its own.
    labels: { ...alertsOf, severity },
    annotations: { summary, description, runbook_url: `${runbookUrl}#${alert.toLowerCase()}` },
  }));
  const head = [
    '# Generated by `npm run generate` from test/tools/alerts.ts. Do not edit.',
    `# For the installation ${alertsOf.job} in the namespace ${alertsOf.namespace}; the chart writes its own names in their place.`,
  ];
  return `${head.join('\n')}\n${stringify({ groups: [{ name: 'outrider', rules }] }, { lineWidth: 0 })}`;
}

/** The alerts, for Prometheus without its operator and in the chart. */
export const alertFiles: readonly GeneratedFile[] = [
  { path: 'deploy/helm/outrider/files/alerts.yaml', make: alertsFile },
];
