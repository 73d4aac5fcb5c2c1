import { fileURLToPath } from 'node:url';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { alertRules, alertsOf } from '../../tools/alerts.js';
import { repositoryRoot } from '../../tools/generated.js';
import { findHelm, type Values } from '../cluster/helm.js';
import { findPromtool } from './alerts/promtool.js';
import { longScenes, scenes, type Scene } from './alerts/scenes.js';
import { healthy, scrapedFrom, type Installed } from './alerts/series.js';

t.setTimeout(900_000);

const folder = t.testdir();
const promtool = await findPromtool(folder);
const helm = await findHelm({ kubeconfig: '', directory: folder });
const committed = fileURLToPath(new URL('deploy/helm/outrider/files/alerts.yaml', repositoryRoot));

/** Others that the same Prometheus scrapes: of the same name elsewhere, and of another name here. */
const neighbours: readonly Installed[] = [
  { job: alertsOf.job, namespace: 'elsewhere' },
  { job: 'second', namespace: alertsOf.namespace },
];

/** An alert as Prometheus has it, of an alert in few words: its name, its severity, labels. */
function firing(words: string, installed: Installed): string {
  const [alertname = '', severity = '', ...labels] = words.split(' ');
  const always = Object.entries({ alertname, alertstate: 'firing', severity, ...installed });
  return [...always, ...labels.map((label) => label.split('='))]
    .map(([label = '', value = '']) => `${label}="${value}"`)
    .join(',');
}

/** A test of promtool's: what fires at the end of a scene, without the labels of single replicas. */
function unitTest({ title, replicas, at, fires }: Scene, interval: string, installed: Installed) {
  const counted = new Map<string, number>();
  for (const words of fires) {
    const alert = `{${firing(words, installed)}}`;
    counted.set(alert, (counted.get(alert) ?? 0) + 1);
  }
  return {
    name: title,
    interval,
    input_series: [
      ...scrapedFrom(installed, replicas),
      ...neighbours.flatMap((neighbour) => scrapedFrom(neighbour, healthy)),
    ],
    promql_expr_test: [
      {
        expr: 'count without (instance, pod, service, endpoint, container, kind, result) (ALERTS{alertstate="firing"})',
        eval_time: at,
        exp_samples: [...counted].map(([labels, value]) => ({ labels, value })),
      },
    ],
  };
}

/** The rules that the chart makes, as a file. */
async function chartsRules(name: string, values: Values): Promise<string> {
  const rule = (await helm.render(values)).find(({ kind }) => kind === 'PrometheusRule');
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, stringify(rule?.['spec']));
  return file;
}

t.test('every alert fires in a scene, and each when it should alone', async (t) => {
  const firing = new Set(
    [...scenes, ...longScenes].flatMap(({ fires }) => fires.map((words) => words.split(' ', 2).join(' '))),
  );
  t.same([...firing].sort(), alertRules.map(({ alert, severity }) => `${alert} ${severity}`).sort());
  const { isGood, text } = await promtool.check(committed);
  t.ok(isGood, text);
  for (const [interval, all] of [
    ['30s', scenes],
    ['5m', longScenes],
  ] as const) {
    const tests = all.map((scene) => unitTest(scene, interval, alertsOf));
    const found = await promtool.test({ rule_files: [committed], evaluation_interval: interval, tests });
    t.ok(found.isGood, found.text);
  }
});

t.test('the chart’s alerts are about its own installation', async (t) => {
  const file = await chartsRules('own', { instance: 'shield', prometheusRule: { create: true } });
  const installed = { job: 'shield', namespace: alertsOf.namespace };
  const troubled = scenes.filter(({ fires }) => fires.length > 0);
  const tests = troubled.flatMap((scene) => [
    // The trouble of another installation is not its own.
    {
      ...unitTest({ ...scene, fires: [] }, '30s', alertsOf),
      input_series: [...scrapedFrom(alertsOf, scene.replicas), ...scrapedFrom(installed, healthy)],
    },
    unitTest(scene, '30s', installed),
  ]);
  const found = await promtool.test({ rule_files: [file], evaluation_interval: '30s', tests });
  t.ok(found.isGood, found.text);
});

t.test('people read in an alert what it is about, and where it is explained', async (t) => {
  const runbookUrl = 'https://wiki.example.com/outrider';
  const file = await chartsRules('read', { prometheusRule: { create: true, job: 'pods/outrider', runbookUrl } });
  const installed = { ...alertsOf, job: 'pods/outrider' };
  const scene = scenes.find(({ fires }) => fires.some((words) => words.startsWith('OutriderDeniesMany')));
  const [unit] = scene === undefined ? [] : [unitTest(scene, '30s', installed)];
  const byPods = await readFile(
    await chartsRules('pods', { podMonitor: { create: true }, prometheusRule: { create: true } }),
    'utf8',
  );
  t.match(byPods, `job="${alertsOf.namespace}/outrider"`, 'a PodMonitor’s job is called otherwise');
  const rules = listOf(
    objectOf(
      listOf(
        objectOf(
          (await helm.render({ prometheusRule: { create: true } })).find(({ kind }) => kind === 'PrometheusRule')?.[
            'spec'
          ],
        )?.['groups'],
      )[0],
    )?.['rules'],
  );
  t.equal(rules.length, alertRules.length);
  t.ok(
    rules.every((rule) => stringOf(objectOf(objectOf(rule)?.['annotations'])?.['runbook_url'])?.startsWith('https://')),
  );
  const tests = [
    {
      ...unit,
      alert_rule_test: [
        {
          eval_time: scene?.at,
          alertname: 'OutriderDeniesMany',
          exp_alerts: [
            {
              exp_labels: { ...installed, severity: 'critical', policy: 'payments' },
              exp_annotations: {
                summary: 'Outrider denies most pods of a policy.',
                description:
                  'Policy payments: 120 in a quarter of an hour. The Events of the pods’ controllers and outrider explain say why; outrider pause lets pods start uninstrumented.',
                runbook_url: `${runbookUrl}#outriderdeniesmany`,
              },
            },
          ],
        },
      ],
    },
  ];
  const found = await promtool.test({ rule_files: [file], evaluation_interval: '30s', tests });
  t.ok(found.isGood, found.text);
});
