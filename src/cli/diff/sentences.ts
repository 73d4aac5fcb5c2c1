import type { Overlap } from '../../engine/preview/overlaps.js';
import type { Preview } from '../preview/preview.js';
import type { PreviewSummary } from '../preview/summary.js';

/** A line for each two policies that match the same workloads. */
export function overlapLines(overlaps: readonly Overlap[]): readonly string[] {
  return overlaps.map(({ winner, other, workloads, namespaces, already }) => {
    const where = `${counted(workloads, 'workload')} in ${counted(namespaces, 'namespace')}`;
    return `Overlap: ${winner} and ${other} match ${where}; ${winner} wins${already ? ', as it does now' : ''}.`;
  });
}

/** What it all comes to. */
export function summaryLines(summary: PreviewSummary, { namespaces }: Pick<Preview, 'namespaces'>): readonly string[] {
  const { workloads, templates, changed, denied, deniedNow, gained, lost, restarts } = summary;
  const { looked, others } = namespaces;
  if (looked.length === 0) return ['No policy matches a namespace here, now or then: nothing changes.'];
  const left = others === 0 ? '' : `; no policy matches ${others} more, now or then`;
  const where = `${counted(workloads, 'workload')} with ${counted(templates, 'distinct template')} in ${counted(looked.length, 'namespace')}${left}.`;
  const what = [
    ...(gained === 0 ? [] : [`${gained} ${gained === 1 ? 'gets' : 'get'} containers instrumented`]),
    ...(lost === 0 ? [] : [`${lost} ${lost === 1 ? 'loses' : 'lose'} the instrumentation of containers`]),
    ...(restarts === 0 ? [] : [`${restarts} ${restarts === 1 ? 'needs' : 'need'} new pods for it`]),
  ];
  const changes =
    changed === 0
      ? 'Nothing changes.'
      : `${counted(changed, 'workload')} ${changed === 1 ? 'changes' : 'change'}${what.length === 0 ? '' : `: ${what.join(', ')}`}.`;
  const already = deniedNow === 0 ? '' : deniedNow === denied ? ', as now' : `, ${deniedNow} of them as now`;
  const refused = denied === 0 ? [] : [`New pods of ${counted(denied, 'workload')} would be denied${already}.`];
  return [where, changes, ...refused];
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
