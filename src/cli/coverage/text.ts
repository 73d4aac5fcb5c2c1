import { countsText, coverageText, isWrong, type CoverageState, type WorkloadCoverage } from '../../model/coverage.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { oneLine } from '../errors.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';
import type { Look } from './look.js';
import { remedyFor } from './remedy.js';

/** How the table is to be. */
export interface TableOptions {
  /** Also the workloads with which nothing is wrong, and what was found of each. */
  readonly wide: boolean;
  /** Name the namespaces. */
  readonly namespaces: boolean;
  readonly programName: string;
  readonly style: Style;
}

/** What was found, for people. */
export function lookText(look: Look, options: TableOptions): string {
  const shown = look.workloads.filter(({ state }) => options.wide || isWrong(state));
  const rows = shown.map((one) => rowOf(one, options));
  const titles: Row = {
    cells: [
      ...(options.namespaces ? ['NAMESPACE'] : []),
      'WORKLOAD',
      'POLICY',
      'PODS',
      'STATE',
      'WHY',
      'WHAT HELPS',
    ].map(options.style.bold),
    below: [],
  };
  const list = rows.length === 0 ? '' : `${table([titles, ...rows])}\n`;
  return `${list}${summary(look, options)}`;
}

function rowOf(one: WorkloadCoverage, { wide, namespaces, programName, style }: TableOptions): Row {
  const { namespace, workload, policy, pods, state, counts, reason, detail } = one;
  const called = workloadKind(workload.kind, workload.apiVersion)?.called ?? workload.kind.toLowerCase();
  const said = detail === '' ? coverageText(reason).summary : oneLine(detail);
  return {
    cells: [
      ...(namespaces ? [namespace] : []),
      `${called}/${workload.name}`,
      policy,
      String(pods),
      paint(state, style)(countsText(counts)),
      isWrong(state) || state === 'excused' ? reason : '',
      remedyFor(one, programName),
    ],
    below: wide && said !== '' && state !== 'instrumented' ? [style.dim(`  ${said}`)] : [],
  };
}

function paint(state: CoverageState, style: Style): (text: string) => string {
  if (state === 'forged' || state === 'missed') return style.bad;
  return isWrong(state) ? style.warn : style.good;
}

function summary({ counts, pods, readWhole, workloads }: Look, { wide, programName }: TableOptions): string {
  if (pods === 0) return 'No running pod is under a policy here.\n';
  const of = pods === 1 ? 'One pod' : `${pods} pods`;
  const in_ = workloads.length === 1 ? 'one workload' : `${workloads.length} workloads`;
  const whole = readWhole < pods ? ` ${readWhole} were read whole, the others judged by their record.` : '';
  const more = wide ? '' : ` ${programName} coverage -o wide lists them all.`;
  return `${of} of ${in_}: ${countsText(counts)}.${whole}${more}\n`;
}
