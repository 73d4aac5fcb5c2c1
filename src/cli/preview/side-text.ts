import type { Side } from '../../engine/preview/side.js';
import { amountText, difference, addAmounts } from '../../model/amounts.js';
import { plain } from '../text/plain.js';
import type { Style } from '../text/style.js';
import { templateName } from '../files/template-names.js';
import type { DistinctTemplate, NamedPods, PreviewRow } from './preview.js';

/** `deploy/web`. A pod's author may write anything into the kind of its owner. */
export function workloadName({ kind, apiVersion, name, part }: NamedPods): string {
  return plain(templateName({ kind, apiVersion, name, ...(part === undefined ? {} : { part }) }));
}

/** `inject injected`, `skip no_policy`. */
export function sideText({ decision, reason }: Side): string {
  return `${decision} ${reason}`;
}

/** The colour of a decision. */
export function paintSide({ decision }: Side, style: Style): (text: string) => string {
  return { inject: style.good, partial: style.warn, skip: style.dim, deny: style.bad }[decision];
}

/** `cpu +100m, memory +256Mi × 3`: what the requests of each pod change by, and how many pods there are. */
export function growthText({ replicas }: PreviewRow, { now, then }: Pick<DistinctTemplate, 'now' | 'then'>): string {
  const amounts = changeOf(now.growth.requests, then.growth.requests);
  if (amounts === '') return '';
  return replicas === undefined ? `${amounts} each` : `${amounts} × ${replicas}`;
}

function changeOf(now: Side['growth']['requests'], then: Side['growth']['requests']): string {
  const [before, after] = [new Map<string, bigint>(), new Map<string, bigint>()];
  addAmounts(before, now, 1);
  addAmounts(after, then, 1);
  return [...difference(after, before)].map(([name, amount]) => `${name} ${signed(amount, name)}`).join(', ');
}

/** An amount with its sign. */
export function signed(amount: bigint, resource: string): string {
  return `${amount > 0n ? '+' : ''}${amountText(amount, resource)}`;
}
