import { capped } from '../../model/capped.js';
import { workloadKind } from '../../model/workload-kinds.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';
import type { NamedProcess, SessionProcess, UntracedProcess } from './judge.js';
import type {
  ContainerState,
  Listed,
  Result,
  VerifiedContainer,
  VerifiedPod,
  VerifiedWorkload,
  VerifyReport,
  Way,
} from './report.js';
import { shownName } from './shown-name.js';

/** The report for people. */
export function verifyText({ workloads, leftOut, result }: VerifyReport, style: Style): string {
  const blocks = workloads.map((each) => workloadText(each, style));
  const notes = [
    ...(leftOut === 0
      ? []
      : [`${leftOut} more ${leftOut === 1 ? 'workload was' : 'workloads were'} not looked at: --max`]),
    ...(result === 'nothing' ? ['nothing that runs here is to be traced, so there is nothing to prove'] : []),
  ];
  const said = notes.map((note) => `${style.warn('!')} ${note}\n`).join('');
  return [...blocks, ...(said === '' ? [] : [said])].join('\n');
}

const words: Readonly<Record<Result, string>> = {
  traced: 'TRACED',
  untraced: 'UNTRACED',
  not_known: 'NOT KNOWN',
  nothing: 'NOTHING TO TRACE',
};

function workloadText({ namespace, workload, result, running, pods }: VerifiedWorkload, style: Style): string {
  const paint = { traced: style.good, untraced: style.bad, not_known: style.warn, nothing: style.dim }[result];
  const called = workloadKind(workload.kind, workload.apiVersion)?.called ?? workload.kind.toLowerCase();
  const head = style.bold(`${called}/${workload.name}`);
  const of = `${pods.length} of ${running} running ${running === 1 ? 'pod' : 'pods'}`;
  const blocks = pods.map((pod) => podText(pod, style)).join('');
  return `${head}  ${paint(words[result])}  ${of}, namespace ${namespace}\n${blocks}`;
}

function podText(pod: VerifiedPod, style: Style): string {
  const policy = pod.policy === undefined ? '' : `policy ${pod.policy}, profile ${pod.profile ?? '?'}; `;
  const lines = [
    ...pod.debugContainers.map(
      ({ name, processes }) => `    ${style.warn('!')} kubectl debug ${name}: ${listText(processes, processText)}`,
    ),
    ...(pod.couldForge.length === 0
      ? []
      : [
          `    ${style.warn('!')} ${capped(pod.couldForge)} could change what a look sees: SYS_PTRACE is in effect there`,
        ]),
    ...(pod.others.listed.length === 0
      ? []
      : [`    ${style.warn('?')} in no container of the pod: ${listText(pod.others, processText)}`]),
  ];
  const head = `  ${pod.name}  ${style.dim(`${policy}${wayText(pod.way)}`)}\n`;
  // The pod's row says why nothing was looked at.
  const said = ({ detail, ...rest }: VerifiedContainer) => ({
    ...rest,
    detail: detail === pod.way.detail ? '' : detail,
  });
  const rows = table(pod.containers.map((each) => containerRow(said(each), style)));
  return `${head}${rows}${lines.map((line) => `${line}\n`).join('')}`;
}

function wayText({ by, container = '', detail }: Way): string {
  if (by === 'agent') return `looked at by exec into ${container}, which leaves nothing behind`;
  if (by === 'debug_container') {
    return `looked at from debug container ${container}, which has ended and stays in the pod’s spec (${detail ?? ''})`;
  }
  return `not looked at: ${detail ?? ''}`;
}

const stateWords: Readonly<Record<ContainerState, string>> = {
  traced: 'traced',
  untraced: 'untraced',
  no_process: 'no process',
  not_known: 'not known',
  not_covered: 'not covered',
};

function containerRow(container: VerifiedContainer, style: Style): Row {
  const { name, state, untraced, sessions } = container;
  const marks: Readonly<Record<ContainerState, string>> = {
    traced: style.good('✓'),
    untraced: style.bad('✗'),
    no_process: style.dim('·'),
    not_known: style.warn('?'),
    not_covered: style.dim('·'),
  };
  const below = [
    ...(untraced === undefined ? [] : [`        not traced: ${listText(untraced, untracedText)}`]),
    ...(sessions === undefined
      ? []
      : [`        ${style.warn('!')} session (exec): ${listText(sessions, sessionText)}`]),
  ];
  return { cells: [`    ${marks[state]} ${name}`, stateWords[state], detailText(container)], below };
}

function detailText({ state, detail, reason, tracer, traced = 0 }: VerifiedContainer): string {
  const by = tracer === undefined ? '' : ` by ${processText(tracer)}`;
  if (state === 'traced') return `${traced} ${traced === 1 ? 'process' : 'processes'}${by}`;
  const why = reason === undefined ? detail : `${reason}: ${detail}`;
  return tracer === undefined ? why : `${why}; ${traced} traced${by}`;
}

function listText<Process>({ listed, more }: Listed<Process>, text: (one: Process) => string): string {
  return `${listed.map(text).join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

/** `12 nginx`: the number comes first because a name may be anything. */
function processText({ pid, name }: NamedProcess): string {
  return `${pid} ${shownName(name)}`;
}

function untracedText({ tracer, threads, ...process }: UntracedProcess): string {
  const some = threads === undefined ? '' : ` (${threads.untraced} of ${threads.all} threads)`;
  return `${processText(process)}${some}${tracer === undefined ? '' : ` (by ${processText(tracer)})`}`;
}

function sessionText({ tracer, ...process }: SessionProcess): string {
  return `${processText(process)} (${tracer === undefined ? 'not traced' : `traced by ${processText(tracer)}`})`;
}
