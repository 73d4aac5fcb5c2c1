import { amountText } from '../../model/amounts.js';
import type { QuotaRow } from '../../engine/preview/namespace-sums.js';
import { signed } from './side-text.js';
import type { NamespaceGrowth } from './sums.js';
import type { Style } from '../text/style.js';
import { table } from '../text/table.js';

/** What the pods of each namespace grow by, with its quotas. */
export function growthTable(growth: readonly NamespaceGrowth[], style: Style): string {
  const titles = { cells: ['GROWTH IN', 'PODS', 'ALL TOGETHER', 'QUOTA'].map(style.bold), below: [] };
  const rows = growth.map((one) => ({
    cells: [one.namespace, String(one.pods), changeText(one), quotaCell(one, style)],
    below: [],
  }));
  return table([titles, ...rows]);
}

/** `requests.cpu +1200m, requests.memory +3Gi`. */
export function changeText({ change, uncounted }: Pick<NamespaceGrowth, 'change' | 'uncounted'>): string {
  const amounts = [...change].map(([name, amount]) => `${name} ${signed(amount, name)}`);
  const more = uncounted === 0 ? [] : [`${uncounted} more that ${uncounted === 1 ? 'says' : 'say'} no number of pods`];
  return [...amounts, ...more].join(', ');
}

/** `compute: requests.cpu 3 + 1200m of 4`. */
export function quotaText({ quota, resource, hard, used, change, fits }: QuotaRow): string {
  const sign = change < 0n ? '-' : '+';
  const size = amountText(change < 0n ? -change : change, resource);
  const sum = `${amountText(used, resource)} ${sign} ${size} of ${amountText(hard, resource)}`;
  return `${quota}: ${resource} ${sum}${fits ? '' : ': does not fit'}`;
}

function quotaCell({ quotas }: NamespaceGrowth, style: Style): string {
  if (quotas === undefined) return 'may not be read';
  return quotas.map((row) => (row.fits ? quotaText(row) : style.bad(quotaText(row)))).join('; ');
}
