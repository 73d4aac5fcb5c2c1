import type { Argv, ExplainedContainer, ExplainedPart, ExplainedStep, Explanation } from './explanation.js';
import type { Style } from '../text/style.js';
import { padEnd, widthOf } from '../text/table.js';
import { templateName } from '../files/template-names.js';

interface Line {
  readonly mark: string;
  readonly subject: string;
  readonly text: string;
  readonly below: readonly string[];
}

/** An explanation for people. */
export function explanationText(explanation: Explanation, style: Style): string {
  const { before, after } = stepsAround(explanation);
  const lines = [
    namespaceLine(explanation, style),
    ...policyLine(explanation, style),
    ...before.map((step) => stepLine(step, style)),
    ...explanation.containers.map((container) => containerLine(container, style)),
    ...after.map((step) => stepLine(step, style)),
    ...admissionLine(explanation, style),
  ];
  const width = Math.max(...lines.map(({ subject }) => widthOf(subject)));
  const rows = lines.flatMap(({ mark, subject, text, below }) => [
    `  ${mark} ${padEnd(subject, width)}  ${text}`.trimEnd(),
    ...below.map((each) => `      ${each}`),
  ]);
  return [head(explanation, style), place(explanation, style), ...rows, ...additions(explanation, style)]
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * The verdict on the pod comes last, and only if no container has said the same. The additions say what the pod grows by.
 */
function stepsAround({ steps, containers }: Explanation): Record<'before' | 'after', readonly ExplainedStep[]> {
  const isVerdict = ({ subject, result }: ExplainedStep): boolean => subject === 'pod' && result === 'stop';
  const said = new Set(containers.map(({ reason }) => reason));
  return {
    before: steps.filter((step) => !isVerdict(step) && step.reason !== 'sidecar_resources'),
    after: steps.filter((step) => isVerdict(step) && !said.has(step.reason)),
  };
}

function head(explanation: Explanation, style: Style): string {
  const { admission, count, policy, profile } = explanation;
  const decision = admission.allowed ? explanation.decision : 'deny';
  const reason = admission.reason ?? explanation.reason;
  const paint = { inject: style.good, partial: style.warn, skip: style.dim, deny: style.bad }[decision];
  const counted = count.asked === 0 ? '' : ` ${count.instrumented} of ${count.asked}`;
  const who =
    policy === undefined
      ? 'no policy'
      : `policy ${policy.name} (precedence ${policy.precedence}, prefers ${policy.prefer.toLowerCase()})`;
  const name = style.bold(templateName(explanation));
  return `${name}  ${paint(decision.toUpperCase())}${counted}  ${reason}  ${who}${profile === undefined ? '' : `, profile ${profile}`}`;
}

function place({ file, line, changes, decision, live }: Explanation, style: Style): string {
  if (live !== undefined) return style.dim(`  live, from ${live.server}`);
  const settled = !changes && (decision === 'inject' || decision === 'partial');
  return style.dim(`  ${file}:${line}${settled ? ', instrumented already: nothing would change' : ''}`);
}

function namespaceLine({ namespace, namespaceLabels }: Explanation, style: Style): Line {
  const telling = Object.entries(namespaceLabels).filter(
    ([name]) => name.startsWith('outrider.dev/') || name === 'pod-security.kubernetes.io/enforce',
  );
  const labels = telling.map(([name, value]) => `${name}=${value}`).join(', ');
  if (namespace === undefined) {
    const tags = Object.entries(namespaceLabels)
      .filter(([name]) => /^(outrider\.dev\/|kilt-)/.test(name))
      .map(([name, value]) => `${name}=${value}`);
    return {
      mark: style.dim('·'),
      subject: 'tags',
      text: tags.length === 0 ? 'none of ours' : tags.join(', '),
      below: [],
    };
  }
  const text = `${namespace}${labels === '' ? '' : ` (${labels})`}`;
  return { mark: style.dim('·'), subject: 'namespace', text, below: [] };
}

function policyLine({ policy }: Explanation, style: Style): readonly Line[] {
  if (policy?.weak === undefined) return [];
  return [{ mark: style.warn('!'), subject: 'policy', text: `Weak: ${policy.weak}`, below: [] }];
}

function stepLine({ subject, result, detail, reason, remedy }: ExplainedStep, style: Style): Line {
  const mark =
    result === 'pass'
      ? style.good('✓')
      : result === 'stop'
        ? style.bad('✗')
        : reason
          ? style.warn('!')
          : style.dim('·');
  const text = reason === undefined || reason === subject ? detail : `${reason}: ${detail}`;
  return { mark, subject, text, below: remedy === undefined ? [] : [style.dim(`fix: ${remedy}`)] };
}

function containerLine(container: ExplainedContainer, style: Style): Line {
  const { name: subject, result, detail, reason, remedy } = container;
  if (result === 'not_selected') return { mark: style.dim('·'), subject, text: detail, below: [] };
  if (result === 'left_out') {
    const below = [detail, ...(remedy === undefined ? [] : [style.dim(`fix: ${remedy}`)])];
    return { mark: style.bad('✗'), subject, text: reason ?? '', below };
  }
  return { mark: style.good('✓'), subject, text: argvChange(container, style), below: gains(container, style) };
}

function argvChange({ before, after, detail, source, digest }: ExplainedContainer, style: Style): string {
  if (before === undefined || after === undefined) return detail;
  const [was, becomes] = [argvText(before), argvText(after)];
  if (was === becomes) return was === '' ? detail : `${was}  ${style.dim(`(${detail})`)}`;
  const origin = {
    manifest: 'from the manifest',
    annotation: 'from the annotation outrider.dev/images',
    map: 'from an image map',
    cache: 'from the image, cached',
    registry: 'from the image',
  }[source ?? 'manifest'];
  const from = digest === undefined ? origin : `${origin}, ${digest.slice(0, 'sha256:'.length + 12)}…`;
  return `${was} → ${becomes}  ${style.dim(`(${from})`)}`;
}

function gains({ adds }: ExplainedContainer, style: Style): readonly string[] {
  if (adds === undefined) return [];
  const lists = [
    ['env', adds.env],
    ['mounts', adds.mounts],
    ['capability', adds.capabilities],
    ['wrapped', adds.execs],
  ] as const;
  const parts = lists.flatMap(([name, list]) => (list.length === 0 ? [] : [`${name} ${list.join(', ')}`]));
  return parts.length === 0 ? [] : [style.dim(`+ ${parts.join('; ')}`)];
}

function admissionLine({ admission: { allowed, reason, detail } }: Explanation, style: Style): readonly Line[] {
  if (allowed) return [];
  return [{ mark: style.bad('✗'), subject: 'admission', text: `denied: ${reason ?? ''}: ${detail ?? ''}`, below: [] }];
}

function additions(explanation: Explanation, style: Style): readonly string[] {
  const { parts, shareProcessNamespace, imagePullSecrets, growth } = explanation;
  const added = parts.filter(({ present }) => !present).map(partText);
  if (shareProcessNamespace) added.push('shared process namespace');
  if (imagePullSecrets.length > 0) added.push(`pull secrets ${imagePullSecrets.join(', ')}`);
  // A policy that only reports has a plan that is not carried out.
  const carriedOut = explanation.decision !== 'skip';
  const plus = carriedOut ? style.good('+') : style.dim('·');
  const lines = added.length === 0 ? [] : [`  ${plus} ${carriedOut ? '' : 'would add '}${added.join(', ')}`];
  const amounts = (['requests', 'limits'] as const).flatMap((kind) => {
    const list = Object.entries(growth[kind]).map(([name, amount]) => `${name} ${amount}`);
    return list.length === 0 ? [] : [`${kind} ${list.join(', ')}`];
  });
  return amounts.length === 0
    ? lines
    : [...lines, `  ${plus} the pod ${carriedOut ? 'grows' : 'would grow'} by ${amounts.join('; ')}`];
}

function partText({ part, name, list }: ExplainedPart): string {
  if (part === 'volume') return `volume ${name}`;
  if (part !== 'agent') return `init ${name}`;
  return `${list === 'initContainers' ? 'native sidecar' : 'sidecar container'} ${name}`;
}

/** A command line as a shell would accept it, without line breaks. */
function argvText({ command, args }: Argv): string {
  return [...command, ...args].map(wordText).join(' ');
}

const maxWord = 120;

function wordText(word: string): string {
  const short = word.length > maxWord ? `${word.slice(0, maxWord - 1)}…` : word;
  return /^[\w@%+=:,./$(){}~^-]+$/.test(short) ? short : JSON.stringify(short);
}
