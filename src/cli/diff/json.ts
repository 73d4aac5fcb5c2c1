import { overlapsIn } from '../../engine/preview/overlaps.js';
import { changeOf, type Side } from '../../engine/preview/side.js';
import { amountText, type Sums } from '../../model/amounts.js';
import type { Output } from '../io.js';
import { sidesOf, type DistinctTemplate, type Preview, type PreviewRow } from '../preview/preview.js';
import { restartOf } from '../preview/restarts.js';
import type { PreviewSummary } from '../preview/summary.js';
import type { NamespaceGrowth } from '../preview/sums.js';

/** What a preview came to besides its rows. */
export interface DiffResult {
  readonly server: string;
  readonly summary: PreviewSummary;
  readonly growth: readonly NamespaceGrowth[];
}

/** Writes a preview for programs, row by row: a large cluster's is never one text. */
export function writeJson(preview: Preview, { server, summary, growth }: DiffResult, out: Output): void {
  const { changes, installed, namespaces, unread, unreadKinds } = preview;
  const workloads = preview.rows.map((row) => ({ namespace: row.namespace, sides: sidesOf(row, preview) }));
  const head = {
    server,
    policies: changes,
    installed,
    namespaces,
    summary,
    unread,
    unreadKinds,
    overlaps: overlapsIn(workloads),
    growth: growth.map(growthOf),
  };
  const text = JSON.stringify(head, undefined, 2);
  out.write(`${text.slice(0, text.lastIndexOf('\n}'))},\n  "templates": [`);
  writeItems(preview.templates.values(), templateOf, out);
  out.write('],\n  "workloads": [');
  writeItems(preview.rows, (row) => rowOf(row, sidesOf(row, preview)), out);
  out.write(']\n}\n');
}

function writeItems<Item>(items: Iterable<Item>, form: (item: Item) => object, out: Output): void {
  let isFirst = true;
  for (const item of items) {
    out.write(`${isFirst ? '' : ','}\n    ${JSON.stringify(form(item))}`);
    isFirst = false;
  }
  if (!isFirst) out.write('\n  ');
}

function templateOf({ id, example, now, then }: DistinctTemplate) {
  return { id, example, now: detailed(now), then: detailed(then) };
}

function detailed({ decision, reason, detail, policy, containers, growth, matching }: Side) {
  return { decision, reason, detail, policy: policy ?? null, containers, growth, matching };
}

function rowOf(row: PreviewRow, template: DistinctTemplate) {
  const { namespace, kind, apiVersion, name, part, replicas } = row;
  const restart = restartOf(row, template);
  const short = ({ decision, reason, policy, containers }: Side) => ({
    decision,
    reason,
    policy: policy ?? null,
    containers,
  });
  return {
    namespace,
    kind,
    apiVersion,
    name,
    ...(part === undefined ? {} : { part }),
    replicas: replicas ?? null,
    change: changeOf(template),
    now: short(template.now),
    then: short(template.then),
    growth: template.then.growth,
    newPodsBy: restart === '' ? null : restart,
    template: template.id,
  };
}

function growthOf({ namespace, pods, uncounted, now, then, change, quotas }: NamespaceGrowth) {
  return {
    namespace,
    pods,
    uncounted,
    now: amounts(now),
    then: amounts(then),
    change: amounts(change),
    quotas:
      quotas?.map(({ quota, resource, hard, used, change: more, fits }) => ({
        quota,
        resource,
        hard: amountText(hard, resource),
        used: amountText(used, resource),
        change: amountText(more, resource),
        fits,
      })) ?? null,
  };
}

function amounts(sums: Sums): Readonly<Record<string, string>> {
  return Object.fromEntries([...sums].map(([name, amount]) => [name, amountText(amount, name)]));
}
