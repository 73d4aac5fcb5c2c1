import { needsNewPods } from '../../engine/preview/side.js';
import { isRestartable } from '../../model/restart-advice.js';
import { workloadKind } from '../../model/workload-kinds.js';
import type { DistinctTemplate, PreviewRow } from './preview.js';

/** What has to be done for a workload's pods to be as the new policies ask; empty for nothing. */
export type Restart = '' | 'restart' | 'next run' | 'new pod' | 'by its controller';

/** Says how a workload gets new pods, if they have to change. */
export function restartOf(
  { kind, apiVersion, replicas }: PreviewRow,
  template: Pick<DistinctTemplate<unknown>, 'now' | 'then'>,
): Restart {
  if (!needsNewPods(template) || replicas === 0) return '';
  if (kind === 'CronJob' || kind === 'ScaledJob') return 'next run';
  if (kind === 'Pod' || kind === 'Job') return 'new pod';
  const row = workloadKind(kind, apiVersion);
  return row !== undefined && isRestartable(row) ? 'restart' : 'by its controller';
}
