import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { isObject, listOf, objectOf, stringOf } from '../../src/model/json.js';
import { ClusterMetrics } from '../../src/observe/cluster-metrics.js';
import { CoverageMetrics } from '../../src/observe/coverage-metrics.js';
import { ImageMetrics } from '../../src/observe/image-metrics.js';
import { TakeBackMetrics } from '../../src/observe/take-back-metrics.js';
import { Metrics, Registry } from '../../src/observe/metrics.js';
import { dashboardExpressions } from './dashboard.js';
import { repositoryRoot } from './generated.js';

/** What Prometheus adds to every series of a pod, and what a histogram has. */
const alwaysThere = ['job', 'instance', 'namespace', 'pod', 'le'];
/** Series of Prometheus's own, with what they have besides those. */
const ofPrometheus = new Map([
  ['up', []],
  ['ALERTS', ['alertname', 'alertstate', 'severity']],
]);

function knownLabels(): ReadonlyMap<string, ReadonlySet<string>> {
  const registry = new Registry();
  new Metrics({ registry, version: '1', nodeVersion: 'v1', rejectCauses: ['internal'] });
  new ImageMetrics(registry);
  new ClusterMetrics(registry);
  new CoverageMetrics(registry, { monotonicMs: () => 0 });
  new TakeBackMetrics(registry, { monotonicMs: () => 0 });
  return new Map(
    registry.getMetricsAsArray().map((metric) => {
      const labels: unknown = 'labelNames' in metric ? metric.labelNames : [];
      return [metric.name, new Set([...(Array.isArray(labels) ? labels.map(String) : []), ...alwaysThere])];
    }),
  );
}

/** Expressions of the alerts, with what people read of them. */
function alerts(): readonly { readonly expr: string; readonly said: string }[] {
  const text = readFileSync(new URL('deploy/helm/outrider/files/alerts.yaml', repositoryRoot), 'utf8');
  const document: unknown = parse(text);
  return listOf(objectOf(document)?.['groups'])
    .flatMap((group) => listOf(objectOf(group)?.['rules']))
    .filter(isObject)
    .map((rule) => ({ expr: stringOf(rule['expr']) ?? '', said: JSON.stringify(rule['annotations']) }));
}

t.test('dashboard and alerts ask for metrics and labels that there are', (t) => {
  const known = knownLabels();
  const found = alerts();
  t.ok(found.length > 5);
  for (const { expr, said } of [...dashboardExpressions.map((expr) => ({ expr, said: '' })), ...found]) {
    const names = [...expr.matchAll(/outrider_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    for (const name of names) t.ok(known.has(name), name);
    const others = [...ofPrometheus].filter(([name]) => expr.includes(`${name}{`));
    t.ok(names.length + others.length > 0, expr);
    const labels = new Set([
      ...alwaysThere,
      ...names.flatMap((name) => [...(known.get(name) ?? [])]),
      ...others.flatMap(([, labels]) => labels),
    ]);
    const asked = [
      ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
      ...[...expr.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label = '']) => label),
      ...[...said.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
    ];
    for (const label of asked) t.ok(labels.has(label), `${label} in ${expr}`);
  }
  t.end();
});
