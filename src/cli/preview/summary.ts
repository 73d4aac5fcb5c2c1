import { changeOf, type Change } from '../../engine/preview/side.js';
import { sidesOf, type Preview, type PreviewRow } from './preview.js';
import { restartOf } from './restarts.js';

/** The counts of a preview. */
export interface PreviewSummary {
  readonly workloads: number;
  readonly templates: number;
  /** Workloads for which anything is other than now. */
  readonly changed: number;
  /** Workloads whose new pods would be denied, and those of them whose pods are denied now. */
  readonly denied: number;
  readonly deniedNow: number;
  /** Workloads with containers that are instrumented then and not now, and the other way round. */
  readonly gained: number;
  readonly lost: number;
  /** Workloads that need a restart, a new pod, or a new run. */
  readonly restarts: number;
}

/** How a row changes. */
export function changeIn<Extra>(row: PreviewRow, preview: Pick<Preview<Extra>, 'templates'>): Change {
  return changeOf(sidesOf(row, preview));
}

/** Counts the rows of a preview. */
export function summaryOf<Extra>(preview: Pick<Preview<Extra>, 'rows' | 'templates'>): PreviewSummary {
  const counts = { changed: 0, denied: 0, deniedNow: 0, gained: 0, lost: 0, restarts: 0 };
  for (const row of preview.rows) {
    const sides = sidesOf(row, preview);
    const { now, then } = sides;
    const has = (one: typeof now, other: typeof now): boolean =>
      one.containers.some((name) => !other.containers.includes(name));
    if (changeOf(sides) !== 'none') counts.changed += 1;
    if (then.decision === 'deny') counts.denied += 1;
    if (then.decision === 'deny' && now.decision === 'deny') counts.deniedNow += 1;
    if (has(then, now)) counts.gained += 1;
    if (has(now, then)) counts.lost += 1;
    if (restartOf(row, sides) !== '') counts.restarts += 1;
  }
  return { workloads: preview.rows.length, templates: preview.templates.size, ...counts };
}
