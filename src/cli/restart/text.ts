import { plain } from '../text/plain.js';
import type { Style } from '../text/style.js';
import type { RestartResult, RoundReport } from './result.js';

/** What happened to one workload, for people. */
export function resultText(result: RestartResult, style: Style): string {
  const { workload, namespace, outcome, detail, remedy, remark } = result;
  const [mark, word] = marks[outcome];
  const paint = style[mark === '✓' ? 'good' : mark === '✗' ? 'bad' : mark === '!' ? 'warn' : 'dim'];
  const head = `${paint(mark)} ${style.bold(workload)} -n ${namespace}  ${paint(word)}: ${plain(detail)}`;
  const below = [...(remark === undefined ? [] : [remark]), ...(remedy === undefined ? [] : [remedy])];
  return [head, ...below.map((line) => `    ${style.dim(plain(line))}`)].map((line) => `${line}\n`).join('');
}

const marks: Readonly<Record<RestartResult['outcome'], readonly [string, string]>> = {
  restarted: ['✓', 'restarted'],
  would_restart: ['✓', 'would restart'],
  unchanged: ['·', 'nothing to do'],
  not_restarted: ['!', 'not restarted'],
  failed: ['✗', 'failed'],
  interrupted: ['!', 'interrupted'],
};

/** How many of each, and why the round ended. */
export function summaryText(
  { results, stopped }: RoundReport,
  { max, programName }: { readonly max: number; readonly programName: string },
): string {
  const counts = Object.entries(marks).flatMap(([outcome, [, word]]) => {
    const count = results.filter((result) => result.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const looked = counts.length === 0 ? 'no workload was looked at' : counts.join(', ');
  const again = 'run the same command again to go on';
  const why = {
    failed: `; stopped at the first that failed: see to it, then ${again}`,
    max: `; stopped after ${max}, as --max says: ${again}`,
    interrupted: `; interrupted: nothing more was restarted, ${again}, or see ${programName} coverage`,
  };
  return `${looked}${stopped === undefined ? '' : why[stopped]}\n`;
}
