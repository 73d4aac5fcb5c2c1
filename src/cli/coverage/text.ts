import {
  countsText,
  coverageText,
  isWrong,
  wouldText,
  type CoverageState,
  type WorkloadCoverage,
} from '../../model/coverage.js';
import { reportText } from '../../cluster/status/reported.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { oneLine } from '../errors.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';
import type { Look } from './look.js';
import { remedyFor } from './remedy.js';

/** What the table shows. */
export interface TableOptions {
  /** Also list the workloads without problems, with what was found for each. */
  readonly wide: boolean;
  /** Name the namespaces. */
  readonly namespaces: boolean;
  readonly programName: string;
  readonly style: Style;
}

/** What was found, for people. */
export function lookText(look: Look, options: TableOptions): string {
  const shown = look.workloads.filter((one) => options.wide || isWrong(one.state) || wouldBeLeftOut(one));
  const reports = shown.some(({ would }) => would !== undefined);
  const rows = shown.map((one) => rowOf(one, options, reports));
  const titles: Row = {
    cells: [
      ...(options.namespaces ? ['NAMESPACE'] : []),
      'WORKLOAD',
      'POLICY',
      'PODS',
      'STATE',
      ...(reports ? ['WOULD BE'] : []),
      'WHY',
      'WHAT HELPS',
    ].map(options.style.bold),
    below: [],
  };
  const list = rows.length === 0 ? '' : `${table([titles, ...rows])}\n`;
  return `${list}${summary(look, options)}`;
}

/** Whether a policy in mode Report would not instrument every pod of it that is known about. */
function wouldBeLeftOut({ would = [] }: WorkloadCoverage): boolean {
  return would.some(({ decision }) => decision !== 'inject' && decision !== 'unknown');
}

function rowOf(one: WorkloadCoverage, { wide, namespaces, programName, style }: TableOptions, reports: boolean): Row {
  const { namespace, workload, policy, pods, state, counts, reason, detail, would = [] } = one;
  const called = workloadKind(workload.kind, workload.apiVersion)?.called ?? workload.kind.toLowerCase();
  const said = detail === '' ? coverageText(reason).summary : oneLine(detail);
  return {
    cells: [
      ...(namespaces ? [namespace] : []),
      `${called}/${workload.name}`,
      policy,
      String(pods),
      paint(state, style)(countsText(counts)),
      ...(reports ? [wouldText(would)] : []),
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

function summary(look: Look, { wide, programName }: TableOptions): string {
  const { counts, pods, readWhole, byApiServer, workloads } = look;
  if (pods === 0) return 'No running pod is under a policy here.\n';
  const of = pods === 1 ? 'One pod' : `${pods} pods`;
  const in_ = workloads.length === 1 ? 'one workload' : `${workloads.length} workloads`;
  const whole = readWhole < pods ? ` ${readWhole} were read whole, the others judged by their record.` : '';
  const alone = byApiServer === 0 ? '' : ` The API server instrumented ${byApiServer} by itself, as their label says.`;
  const more = wide ? '' : ` ${programName} coverage -o wide lists them all.`;
  return `${of} of ${in_}: ${countsText(counts)}.${whole}${alone}${more}\n${reportLines(look)}`;
}

/** What policies in mode Report would do: here, as far as that is known without asking a registry, and as the leader found. */
function reportLines({ policies, reports }: Look): string {
  return [...policies]
    .map(([policy, { would }]) => {
      if (would === undefined) return '';
      const report = reports.get(policy);
      const everywhere =
        report === undefined
          ? 'The leader has not looked at this generation yet.'
          : `The leader found at ${report.observedAt}, in all namespaces: ${report.reasons.length === 0 ? 'no pods' : reportText(report)}.`;
      return `Policy ${policy} only reports. In mode Inject: ${wouldText(would)}. ${everywhere}\n`;
    })
    .join('');
}
