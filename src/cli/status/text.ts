import { known, type Part } from '../../cluster/overview/part.js';
import { pauseSentence } from '../../cluster/registration/pause-record.js';
import type { ReviewCounts } from '../../cluster/overview/review-counts.js';
import type { ObservedPort } from '../../model/observed.js';
import type { PolicyReport, StatusFinding, StatusReport, TakenBackReport } from './report.js';
import { wrongClocks } from './findings.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';
import { clockText, durationText } from '../text/phrases.js';

/** The report for people. */
export function reportText(report: StatusReport, style: Style): string {
  // The report must not describe an installation that does not exist as if it did (U8).
  const isAbsent = report.findings.some(({ about }) => about === 'installation');
  if (isAbsent) return `${headText(report, style)}\n${findingsText(report.findings, style)}`;
  const blocks = [`${headText(report, style)}${table(installationRows(report, style))}`];
  if (report.policies.known && report.policies.value.length > 0) {
    blocks.push(`${table(policyRows(report.policies.value, style))}${countsText(report, style)}`);
  }
  if (report.findings.length > 0) blocks.push(findingsText(report.findings, style));
  return blocks.join('\n');
}

function headText({ instance, namespace, server, versions, health }: StatusReport, style: Style): string {
  const paint = { healthy: style.good, attention: style.bad, unknown: style.warn }[health];
  const word = { healthy: 'HEALTHY', attention: 'NEEDS ATTENTION', unknown: 'CANNOT TELL' }[health];
  const outrider = versions.outrider === undefined ? '' : `Outrider ${versions.outrider}, `;
  const kubernetes = versions.kubernetes === '' ? '' : `Kubernetes ${versions.kubernetes}, `;
  return `${style.bold(`${namespace}/${instance}`)}  ${paint(word)}\n${style.dim(`  ${outrider}${kubernetes}${server}`)}\n`;
}

function installationRows(report: StatusReport, style: Style): readonly Row[] {
  const { replicas, leader, selfTest, certificate, port, pause, webhooks, takenBack, findings } = report;
  const wrong = wrongClocks(report);
  const row = <T>(subject: string, part: Part<T>, text: (value: T) => string): Row => {
    if (!part.known) {
      const why = part.cause === 'absent' ? 'none' : `unknown: ${part.why}`;
      const bad = findings.some(({ about, severity }) => about === subject && severity === 'problem');
      return { cells: [`  ${bad ? style.bad('✗') : style.dim('·')} ${subject}`, why], below: [] };
    }
    return { cells: [`  ${markOf(subject, findings, style)} ${subject}`, text(part.value)], below: [] };
  };
  return [
    row('replicas', replicas, ({ wanted, ready, pods }) => {
      const restarts = pods.known ? pods.value.reduce((sum, pod) => sum + pod.restarts, 0) : 0;
      return `${ready} of ${wanted} ready${restarts === 0 ? '' : `, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`}`;
    }),
    row('leader', leader, ({ holder, leadsForSeconds, expired }) =>
      expired ? `${holder}, gone` : `${holder}, for ${durationText(leadsForSeconds)}`,
    ),
    row('API server', selfTest, ({ reachable, latencyMs, secondsAgo, why }) => {
      const ago = `${durationText(secondsAgo)} ago`;
      if (reachable === true) return `reaches the webhook in ${Math.round(latencyMs)} ms, ${ago}`;
      const verb = reachable === undefined ? 'nobody can tell' : 'does not reach the webhook';
      return `${verb}, ${ago}${why === undefined ? '' : `: ${why}`}`;
    }),
    row('certificate', certificate, ({ notAfter, secondsLeft, names, authority }) => {
      const left = secondsLeft > 0 ? `${durationText(secondsLeft)} left` : 'expired';
      return `until ${notAfter.slice(0, 16)}Z, ${left}, for ${names.join(', ')}, by ${authority}`;
    }),
    ...(port.known ? [row('port', port, ({ proof }) => proofText[proof])] : []),
    row('webhooks', webhooks.mutating, (mutating) => {
      const { validating } = webhooks;
      const checking = validating.known ? String(validating.value) : validating.cause === 'absent' ? 'no' : '?';
      return `${mutating} mutating, ${checking} validating`;
    }),
    ...byItself(report),
    ...(takenBack.known && takenBack.value.workloads + takenBack.value.invalid === 0
      ? []
      : [row('taken back', takenBack, takenBackWords)]),
    ...(wrong.length === 0
      ? []
      : [row('clocks', known(wrong), (clocks) => clocks.map((clock) => clockText(clock)).join(', '))]),
    ...(pause.known && !pause.value.paused && pause.value.ignoredMarker !== true
      ? []
      : [row('pause', pause, (value) => (value.paused ? pauseSentence(value) : 'none'))]),
    ...(report.policies.known ? [] : [row('policies', report.policies, () => '')]),
    ...(report.namespaces.known || !report.policies.known ? [] : [row('namespaces', report.namespaces, () => '')]),
  ];
}

/** A row if the API server is set up to instrument pods. */
function byItself({ policies }: StatusReport): readonly Row[] {
  const found = (policies.known ? policies.value : []).flatMap(({ conditions, running }) =>
    conditions.filter(({ type }) => type === 'ApiServerInjects').map(({ status }) => ({ status, running })),
  );
  if (found.length === 0) return [];
  const injecting = found.filter(({ status }) => status === 'True').length;
  const counted = found.flatMap(({ running }) => running ?? []);
  const pods = counted.reduce((sum, one) => sum + one.pods, 0);
  const alone = counted.reduce((sum, { byApiServer }) => sum + byApiServer, 0);
  const share = pods === 0 ? '' : `; without the webhook, ${alone} of their ${pods} running pods, as labels say`;
  const text = `the API server injects by itself for ${injecting} of ${found.length} ${found.length === 1 ? 'policy' : 'policies'}${share}`;
  return [{ cells: ['  · by itself', text], below: [] }];
}

function takenBackWords({ workloads, trying, invalid }: TakenBackReport): string {
  const of =
    workloads === 0
      ? 'none is left alone'
      : workloads === 1
        ? 'one workload is left alone'
        : `${workloads} workloads are left alone`;
  const again = trying === 0 ? '' : `, ${trying === 1 ? 'one' : trying} of them being tried again`;
  const strange =
    invalid === 0
      ? ''
      : `; ${invalid === 1 ? 'one entry of somebody else’s is' : `${invalid} entries of somebody else’s are`} ignored`;
  return `${of}${again}${strange}`;
}

const proofText: Readonly<Record<ObservedPort['proof'], string>> = {
  token: 'asks for the API server’s token',
  certificate: 'asks for the API server’s certificate',
  none: 'asks for no proof',
};

function markOf(subject: string, findings: readonly StatusFinding[], style: Style): string {
  const about = findings.filter((finding) => finding.about === subject);
  if (about.some(({ severity }) => severity === 'problem')) return style.bad('✗');
  return about.length > 0 ? style.warn('!') : style.good('✓');
}

const titles = ['POLICY', 'MODE', 'PREFERS', 'PROFILE', 'PRECEDENCE', 'READY', 'NAMESPACES', 'REVIEWS'];

function policyRows(policies: readonly PolicyReport[], style: Style): readonly Row[] {
  return [
    { cells: titles.map((title, index) => (index === 0 ? `  ${style.bold(title)}` : style.bold(title))), below: [] },
    ...policies.map((policy) => ({
      cells: [
        `  ${policy.name}`,
        policy.mode,
        policy.prefer.toLowerCase(),
        policy.profile,
        String(policy.precedence),
        readyText(policy, style),
        policy.namespaces === undefined ? '?' : String(policy.namespaces.length),
        policy.reviews === undefined ? '?' : reviewsText(policy.reviews),
      ],
      below: [],
    })),
  ];
}

function readyText({ ready, current, problem, conditions }: PolicyReport, style: Style): string {
  if (problem !== undefined) return style.bad('not valid');
  if (ready === undefined || ready === 'Unknown') return style.warn('unknown');
  const word = ready === 'True' ? 'yes' : 'no';
  if (!current) return style.warn(`${word}, before its change`);
  const isInForce = !conditions.some(({ type, status }) => type === 'InForce' && status === 'False');
  if (ready === 'True' && !isInForce) return style.warn('not in force');
  return ready === 'True' ? style.good(word) : style.bad(word);
}

function reviewsText(counts: ReviewCounts): string {
  const words = (['inject', 'partial', 'skip', 'deny'] as const).flatMap((kind) =>
    counts[kind] === 0 ? [] : [`${counts[kind]} ${kind}`],
  );
  return words.length === 0 ? 'none' : words.join(', ');
}

/**
 * Says which replicas the counts are from, because counts start when a replica starts, and not every user may ask the
 * replicas.
 */
function countsText({ metrics: { answered, asked, why } }: StatusReport, style: Style): string {
  if (asked === 0) return '';
  const of = `${answered} of ${asked} replicas, since each started`;
  return `  ${style.dim(answered === 0 ? `reviews unknown: ${why ?? ''}` : `reviews of ${of}${why === undefined ? '' : `; the others: ${why}`}`)}\n`;
}

function findingsText(findings: readonly StatusFinding[], style: Style): string {
  const marks = { problem: style.bad('✗'), note: style.warn('!') };
  const said = findings.flatMap(({ about, severity, detail, next }) =>
    severity === 'unknown'
      ? []
      : [`${marks[severity]} ${about}: ${detail}`, ...next.map((each) => `    ${style.dim(each)}`)],
  );
  return [...said, ...unknownLines(findings, style)].map((line) => `${line}\n`).join('');
}

/** What is unknown, each cause once. */
function unknownLines(findings: readonly StatusFinding[], style: Style): readonly string[] {
  const unknown = findings.filter(({ severity }) => severity === 'unknown');
  const causes = new Set(unknown.map(({ detail }) => detail));
  return [...causes].flatMap((cause) => {
    const alike = unknown.filter(({ detail }) => detail === cause);
    const next = new Set(alike.flatMap((finding) => finding.next));
    return [
      `${style.warn('?')} unknown: ${alike.map(({ about }) => about).join(', ')}: ${cause}`,
      ...[...next].map((each) => `    ${style.dim(each)}`),
    ];
  });
}
