import { readFileSync } from 'node:fs';
import t from 'tap';
import { alertRules, runbookUrl } from './alerts.js';
import { repositoryRoot } from './generated.js';

const page = (path: string) => readFileSync(new URL(path, repositoryRoot), 'utf8');
const names = [...new Set(alertRules.map(({ alert }) => alert))];

t.test('every alert has its runbook, and its row among the operations', (t) => {
  const headings = [...page('docs/alerts.md').matchAll(/^## (\w+)$/gm)].map(([, heading = '']) => heading);
  t.same(headings, names);
  t.ok(runbookUrl.endsWith('/docs/alerts.md'));
  const rows = [...page('docs/operations.md').matchAll(/^\| \[`(Outrider\w+)`\]\((\S+)\) +\| (\w+)/gm)];
  const severities = (name: string) => alertRules.filter(({ alert }) => alert === name).map(({ severity }) => severity);
  t.same(
    rows.map(([, name, link, severity]) => [name, link, severity]),
    names.map((name) => {
      const [first, ...others] = severities(name);
      return [name, `alerts.md#${name.toLowerCase()}`, others.length > 0 ? 'both' : first];
    }),
  );
  t.end();
});

t.test('every alert is about one installation: it says which in every selector', (t) => {
  for (const { alert, expr } of alertRules) {
    const selectors = [...expr.matchAll(/\b(?:outrider_\w+|up|process_\w+)(\{[^}]*\})?/g)];
    t.ok(selectors.length > 0, alert);
    for (const [whole, labels = ''] of selectors) {
      t.match(labels, 'job="outrider",namespace="outrider-system"', `${alert}: ${whole}`);
    }
  }
  t.end();
});
