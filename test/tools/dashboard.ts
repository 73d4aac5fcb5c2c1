import type { JsonObject } from '../../src/model/json.js';
import type { GeneratedFile } from './generated.js';

type Unit = 'short' | 'reqps' | 's' | 'bool_yes_no' | 'dateTimeFromNow' | 'bytes' | 'percentunit';

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  /** Expression → legend. */
  readonly targets: Readonly<Record<string, string>>;
  readonly type?: 'stat';
}

const selected = 'namespace=~"$namespace",job=~"$job"';

/** The share of a door's reviews with a decision, by policy. */
function share(door: 'mutate' | 'validate', decision: string): string {
  const rate = (labels: string) =>
    `sum by (policy) (rate(outrider_admission_reviews_total{${selected},door="${door}",policy!=""${labels}}[$__rate_interval]))`;
  return `${rate(`,${decision}`)} / ${rate('')}`;
}

const rows: Readonly<Record<string, readonly Panel[]>> = {
  Now: [
    {
      type: 'stat',
      title: 'Reachable',
      description: 'Whether the API server reached the webhook in the leader’s last self-test.',
      unit: 'bool_yes_no',
      targets: {
        [`max(outrider_webhook_reachable{${selected}} and on (namespace, job, instance) outrider_leader == 1)`]: '',
      },
    },
    {
      type: 'stat',
      title: 'Paused',
      description: 'Whether the installation is paused: pods then start as they are.',
      unit: 'bool_yes_no',
      targets: { [`max(outrider_paused{${selected}})`]: '' },
    },
    {
      type: 'stat',
      title: 'Replicas',
      description: 'Replicas that Prometheus reaches, by version. None: OutriderDown.',
      unit: 'short',
      targets: { [`count by (version) (outrider_build_info{${selected}})`]: '{{version}}' },
    },
    {
      type: 'stat',
      title: 'Policies not ready',
      description: 'kubectl get instrumentationpolicies -o wide says which, and why.',
      unit: 'short',
      targets: {
        [`max(outrider_policy_conditions{${selected},condition="Ready",status="False"} and on (namespace, job, instance) outrider_leader == 1) or vector(0)`]:
          '',
      },
    },
    {
      type: 'stat',
      title: 'Policies not in force',
      description: 'Policies for whose pods the API server is not known to call Outrider.',
      unit: 'short',
      targets: {
        [`max(outrider_policy_conditions{${selected},condition="InForce",status="False"} and on (namespace, job, instance) outrider_leader == 1) or vector(0)`]:
          '',
      },
    },
    {
      type: 'stat',
      title: 'Certificate ends',
      description: 'The end of the served certificate.',
      unit: 'dateTimeFromNow',
      targets: { [`min(outrider_certificate_expiry_timestamp_seconds{${selected}}) * 1000`]: '' },
    },
  ],
  Alerts: [
    {
      title: 'Alerts',
      description: 'Alerts of Outrider that fire: docs/alerts.md has a heading for each.',
      unit: 'short',
      targets: {
        [`count by (alertname, severity) (ALERTS{${selected},alertname=~"Outrider.*",alertstate="firing"})`]:
          '{{alertname}} {{severity}}',
      },
    },
    {
      title: 'Share of pods denied',
      description: 'By policy, at the validating door. More than half of many: OutriderDeniesMany.',
      unit: 'percentunit',
      targets: {
        [share('validate', 'decision="deny"')]: '{{policy}}',
      },
    },
    {
      title: 'Share of pods left uninstrumented',
      description:
        'By policy, wholly or partly, for whatever reason. Not for a chosen one, and many: OutriderSkipsMany.',
      unit: 'percentunit',
      targets: {
        [share('mutate', 'decision=~"skip|partial"')]: '{{policy}}',
      },
    },
    {
      title: 'Changes of the leader',
      description: 'In half an hour, two for each handover. More than eight: OutriderLeaderFlaps.',
      unit: 'short',
      targets: { [`sum(changes(outrider_leader{${selected}}[30m]))`]: '' },
    },
    {
      title: 'Newest configuration loaded',
      description: 'By replica; 0 while an earlier one is in force, or none.',
      unit: 'bool_yes_no',
      targets: { [`outrider_configuration_last_reload_successful{${selected}}`]: '{{pod}}' },
    },
    {
      title: 'Certificates refused',
      description: 'In an hour, by replica: the one before is served on.',
      unit: 'short',
      targets: { [`increase(outrider_certificate_reloads_total{${selected},result="failure"}[1h])`]: '{{pod}}' },
    },
  ],
  Pods: [
    {
      title: 'Decisions',
      description: 'What is decided on pods at the mutating door.',
      unit: 'reqps',
      targets: {
        [`sum by (decision) (rate(outrider_admission_reviews_total{${selected},door="mutate"}[$__rate_interval]))`]:
          '{{decision}}',
      },
    },
    {
      title: 'Reasons of what is not injected',
      description: 'docs/reasons.md says what each reason means and what helps.',
      unit: 'reqps',
      targets: {
        [`sum by (policy, reason) (rate(outrider_admission_reviews_total{${selected},reason!="injected"}[$__rate_interval]))`]:
          '{{policy}} {{reason}}',
      },
    },
    {
      title: 'Would be decided',
      description: 'What policies in mode Report would decide on pods in mode Inject, by policy and reason.',
      unit: 'reqps',
      targets: {
        [`sum by (policy, would, would_reason) (rate(outrider_admission_reviews_total{${selected},door="mutate",would!=""}[$__rate_interval]))`]:
          '{{policy}} {{would}} {{would_reason}}',
      },
    },
    {
      title: 'Denied',
      description: 'Pods denied at the validating door, by policy and reason.',
      unit: 'reqps',
      targets: {
        [`sum by (policy, reason) (rate(outrider_admission_reviews_total{${selected},decision="deny"}[$__rate_interval]))`]:
          '{{policy}} {{reason}}',
      },
    },
    {
      title: 'Time of a review',
      description: 'From a review read to its answer made.',
      unit: 's',
      targets: Object.fromEntries(
        [0.5, 0.99].map((share) => [
          `histogram_quantile(${share}, sum by (le, door) (rate(outrider_admission_duration_seconds_bucket{${selected}}[$__rate_interval])))`,
          `p${share * 100} {{door}}`,
        ]),
      ),
    },
    {
      title: 'Refused reviews',
      description:
        'Answered with an HTTP error. The API server tries overloaded, over_budget, draining and not_loaded again.',
      unit: 'reqps',
      targets: {
        [`sum by (cause) (rate(outrider_rejected_requests_total{${selected}}[$__rate_interval]))`]: '{{cause}}',
      },
    },
    {
      title: 'Reviews under way',
      description: 'By replica.',
      unit: 'short',
      targets: { [`outrider_admission_in_flight{${selected}}`]: '{{pod}}' },
    },
  ],
  'What runs': [
    {
      title: 'Running pods',
      description: 'By state, as the leader last found them: docs/coverage.md.',
      unit: 'short',
      targets: { [`sum by (state) (outrider_coverage_pods{${selected}})`]: '{{state}}' },
    },
    {
      title: 'Missed and forged',
      description: 'Pods that run uninstrumented and should not, by policy.',
      unit: 'short',
      targets: {
        [`sum by (policy, state) (outrider_coverage_pods{${selected},state=~"missed|forged|unproven"})`]:
          '{{policy}} {{state}}',
      },
    },
    {
      title: 'Taken back',
      description: 'Workloads whose pods parts of ours kept from running, by policy and state: docs/reliability.md.',
      unit: 'short',
      targets: {
        [`sum by (policy, state) (outrider_taken_back_workloads{${selected}})`]: '{{policy}} {{state}}',
      },
    },
    {
      title: 'Looks at running pods',
      description: 'Time since the last one, and how long it took.',
      unit: 's',
      targets: {
        [`max(outrider_coverage_age_seconds{${selected}})`]: 'age',
        [`max(outrider_take_back_age_seconds{${selected}})`]: 'age, for trouble',
        [`max(outrider_coverage_sweep_duration_seconds{${selected}})`]: 'duration',
      },
    },
  ],
  Images: [
    {
      title: 'Cache',
      description: 'Questions to the image cache, by how they were answered.',
      unit: 'reqps',
      targets: {
        [`sum by (result) (rate(outrider_image_cache_requests_total{${selected}}[$__rate_interval]))`]: '{{result}}',
      },
    },
    {
      title: 'Look-ups',
      description: 'Time of look-ups that were not answered at once.',
      unit: 's',
      targets: {
        [`histogram_quantile(0.99, sum by (le, result) (rate(outrider_image_lookup_duration_seconds_bucket{${selected}}[$__rate_interval])))`]:
          'p99 {{result}}',
      },
    },
    {
      title: 'Requests to registries',
      description: 'By purpose and class of the answer.',
      unit: 'reqps',
      targets: {
        [`sum by (purpose, code) (rate(outrider_registry_requests_total{${selected}}[$__rate_interval]))`]:
          '{{purpose}} {{code}}',
      },
    },
  ],
  'API server': [
    {
      title: 'Watches',
      description: 'Time since the API server last said anything, by kind of object.',
      unit: 's',
      targets: { [`max by (kind) (outrider_watch_staleness_seconds{${selected}})`]: '{{kind}}' },
    },
    {
      title: 'Failures',
      description: 'Watches that failed, configurations that could not be written, Events that were given up.',
      unit: 'reqps',
      targets: {
        [`sum by (kind) (rate(outrider_watch_failures_total{${selected}}[$__rate_interval]))`]: 'watch {{kind}}',
        [`sum by (configuration) (rate(outrider_webhook_configuration_writes_total{${selected},result="failure"}[$__rate_interval]))`]:
          'write {{configuration}}',
        [`sum(rate(outrider_events_total{${selected},result!="written"}[$__rate_interval]))`]: 'Events',
      },
    },
    {
      title: 'Writes of webhook configurations',
      description: 'repair: somebody else had changed what is Outrider’s.',
      unit: 'reqps',
      targets: {
        [`sum by (configuration, cause) (rate(outrider_webhook_configuration_writes_total{${selected}}[$__rate_interval]))`]:
          '{{configuration}} {{cause}}',
      },
    },
    {
      title: 'Self-test',
      description: 'Time of a dry run through the API server and the webhook.',
      unit: 's',
      targets: { [`max(outrider_self_test_duration_seconds{${selected}})`]: '' },
    },
    {
      title: 'Mirrored Secrets',
      description: 'Copies of access keys; blocked: a Secret of somebody else has the name.',
      unit: 'short',
      targets: { [`max by (state) (outrider_mirrored_secrets{${selected}})`]: '{{state}}' },
    },
    {
      title: 'Leader',
      description: '1 on the replica that leads.',
      unit: 'short',
      targets: { [`outrider_leader{${selected}}`]: '{{pod}}' },
    },
  ],
};

const width = 24;

/** Every expression of the dashboard. */
export const dashboardExpressions: readonly string[] = Object.values(rows)
  .flat()
  .flatMap(({ targets }) => Object.keys(targets));

function dashboard(): JsonObject {
  const panels: JsonObject[] = [];
  let y = 0;
  for (const [title, row] of Object.entries(rows)) {
    panels.push({ type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: width, h: 1 }, panels: [] });
    y += 1;
    const stats = row.every(({ type }) => type === 'stat');
    const perLine = stats ? row.length : 3;
    const [w, h] = [Math.floor(width / perLine), stats ? 4 : 8];
    for (const [index, panel] of row.entries()) {
      panels.push(panelOf(panel, { x: (index % perLine) * w, y: y + Math.floor(index / perLine) * h, w, h }));
    }
    y += Math.ceil(row.length / perLine) * h;
  }
  return {
    uid: 'outrider',
    title: 'Outrider',
    tags: ['outrider'],
    schemaVersion: 39,
    refresh: '1m',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'namespace',
          label: 'Namespace',
          type: 'query',
          datasource,
          query: 'label_values(outrider_build_info, namespace)',
          refresh: 2,
          includeAll: true,
          allValue: '.*',
        },
        {
          name: 'job',
          label: 'Installation',
          type: 'query',
          datasource,
          query: 'label_values(outrider_build_info{namespace=~"$namespace"}, job)',
          refresh: 2,
          includeAll: true,
          allValue: '.*',
        },
      ],
    },
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  };
}

const datasource = { type: 'prometheus', uid: '$datasource' } as const;

function panelOf({ title, description, unit, targets, type }: Panel, gridPos: JsonObject): JsonObject {
  return {
    type: type ?? 'timeseries',
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(targets).map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat,
    })),
  };
}

/** The dashboard, to import by hand and in the chart. */
export const dashboardFiles: readonly GeneratedFile[] = [
  'deploy/grafana/outrider.json',
  'deploy/helm/outrider/files/dashboard.json',
].map((path) => ({ path, make: () => `${JSON.stringify(dashboard(), undefined, 2)}\n` }));
