import type { Engine } from '../../engine/engine.js';
import type { Decision, DecisionKind } from '../../model/decision.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { countContainers, leftOut, remedyOf } from '../offline/counts.js';
import type { FailureCount } from './fail-on.js';
import type { OwnImage } from './own-image.js';
import type { EditedFile } from '../files/edited-file.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';
import { unseenIn, unseenRow } from '../files/unseen-objects.js';
import { weaknessOf } from '../offline/weakness.js';
import type { Style } from '../text/style.js';
import { table } from '../text/table.js';
import { countTemplates, templateName } from '../files/template-names.js';
import type { OutriderError } from '../../model/error.js';
import { errorsJson } from '../files/refused.js';

type File = EditedFile<InstrumentedTemplate>;
type Files = readonly File[];
type Decider = Pick<Engine, 'rules' | 'facts'>;

/** Whether a file is left unwritten because a policy forbids one of its pods to run uninstrumented. */
export function isHeld({ documents }: File): boolean {
  return documents.some(({ edits }) => edits.some(({ denial }) => denial !== undefined));
}

/** The report of `inject` for people: a line for each pod template with the remedy below it, and a summary. */
export function injectReport(files: Files, engine: Decider, style: Style, done: string): string {
  const rows = templatesOf(files).map(({ file, line, edit }) => {
    const { decision } = edit.outcome;
    const { instrumented, asked } = countContainers(edit.outcome);
    const cells = [
      mark(edit.denial === undefined ? decision.decision : 'deny', style),
      `${file}:${line}`,
      templateName(edit.template),
      edit.denial === undefined ? decision.decision : 'deny',
      edit.denial?.reason ?? decision.reason,
      decision.policy === undefined ? '' : `policy ${decision.policy}`,
      asked === 0 ? '' : `${instrumented} of ${asked} ${asked === 1 ? 'container' : 'containers'}`,
      edit.operations.length === 0 && decision.decision !== 'skip' ? 'instrumented already' : '',
    ];
    return { cells, below: adviceOf(edit).map((text) => style.dim(`    ${text}`)) };
  });
  const weak = weakPolicies(files, engine).map(
    ({ policy, detail }) => `${style.warn('!')} policy ${policy}  Weak: ${detail}\n`,
  );
  const unseen = unseenIn(files).map((each) => unseenRow(each, style));
  return `${table([...rows, ...unseen])}${weak.join('')}${[summaryText(files), done].join(' ').trimEnd()}\n`;
}

/** Problems and possible improvements, in words. */
function adviceOf(edit: InstrumentedTemplate): readonly string[] {
  return [...decisionAdvice(edit), ...kindRemark(edit)];
}

/** What the API of a kind requires when its pods are changed. */
function kindRemark({ template, operations }: InstrumentedTemplate): readonly string[] {
  if ('format' in template || operations.length === 0) return [];
  const remark = workloadKind(template.kind, template.apiVersion)?.remark;
  return remark === undefined ? [] : [remark];
}

function decisionAdvice({ template, outcome: { decision }, denial, remedy }: InstrumentedTemplate): readonly string[] {
  const said = denial ?? decision;
  if (said.decision === 'inject') return kindOf(template) === 'task' ? warningsOf(decision) : [];
  const remedies = new Set(
    [said.reason, ...leftOut(decision).map(({ reason }) => reason)].map(
      (reason) => reason && (remedy ?? remedyOf(reason, kindOf(template))),
    ),
  );
  return [said.detail, ...[...remedies].filter((text) => text !== undefined).map((text) => `fix: ${text}`)].filter(
    (text) => text !== '',
  );
}

/** A task has no admission where its remarks would show, so those that ask for something are printed here. */
function warningsOf({ steps }: Decision): readonly string[] {
  return steps.flatMap(({ result, reason, detail }) => {
    const remedy = result !== 'note' || reason === undefined ? undefined : remedyOf(reason, 'task');
    return remedy === undefined ? [] : [`${reason ?? ''}: ${detail}`, `fix: ${remedy}`];
  });
}

function kindOf(template: InstrumentedTemplate['template']): 'pod' | 'task' {
  return 'format' in template ? 'task' : 'pod';
}

function mark(decision: DecisionKind, style: Style): string {
  return { inject: style.good('✓'), partial: style.warn('◐'), skip: style.dim('–'), deny: style.bad('✗') }[decision];
}

function summaryText(files: Files): string {
  const { inject, partial, skip, denied, changed, notLookedAt } = summaryOf(files);
  const parts = [
    `${inject} inject`,
    `${partial} partial`,
    `${skip} skip`,
    ...(denied === 0 ? [] : [`${denied} denied`]),
  ];
  const counted = countTemplates(templatesOf(files).map(({ edit }) => edit.template));
  const unseen = notLookedAt === 0 ? '' : `, ${notLookedAt} not looked at`;
  return `${counted}: ${parts.join(', ')}; ${changed} changed${unseen}.`;
}

function summaryOf(files: Files) {
  const templates = templatesOf(files);
  const edits = templates.map(({ edit }) => edit);
  const count = (kind: DecisionKind): number =>
    edits.filter(({ outcome, denial }) => denial === undefined && outcome.decision.decision === kind).length;
  return {
    files: files.length,
    templates: edits.length,
    inject: count('inject'),
    partial: count('partial'),
    skip: count('skip'),
    denied: edits.filter(({ denial }) => denial !== undefined).length,
    changed: templates.filter(({ changed }) => changed).length,
    notLookedAt: unseenIn(files).length,
  };
}

/** What the report says about a run besides its templates. */
export interface Said {
  readonly refused: readonly OutriderError[];
  readonly hints: readonly string[];
  readonly failed: readonly FailureCount[];
  readonly ownImage: OwnImage | undefined;
}

/** The report of `inject` for programs; docs/offline.md documents it. */
export function injectReportJson(files: Files, engine: Decider, { refused, hints, failed, ownImage }: Said): string {
  const templates = templatesOf(files).map(({ file, line, number, edit, changed }) => {
    const { decision } = edit.outcome;
    return {
      file,
      document: number,
      line,
      pointer: edit.template.path,
      kind: edit.template.kind,
      part: 'pod' in edit.template ? edit.template.part : undefined,
      name: edit.template.name,
      namespace: edit.namespace,
      decision: edit.denial === undefined ? decision.decision : 'deny',
      reason: (edit.denial ?? decision).reason,
      detail: (edit.denial ?? decision).detail,
      policy: decision.policy,
      prefer: decision.prefer,
      containers: countContainers(edit.outcome),
      leftOut: leftOut(decision).map(({ subject, reason, detail }) => ({ container: subject, reason, detail })),
      changed,
      remedy: edit.remedy ?? remedyOf((edit.denial ?? decision).reason, kindOf(edit.template)),
    };
  });
  const weak = weakPolicies(files, engine);
  const notLookedAt = unseenIn(files);
  const report = {
    templates,
    ...(notLookedAt.length === 0 ? {} : { notLookedAt }),
    ...(weak.length === 0 ? {} : { weak }),
    ...(ownImage === undefined ? {} : { ownImage }),
    ...(hints.length === 0 ? {} : { hints }),
    ...(failed.length === 0 ? {} : { failedOn: failed.map(({ failure }) => failure) }),
    ...errorsJson(refused),
    summary: summaryOf(files),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** The policies that decided on pods and that a pod's author could bypass, in order of appearance. */
function weakPolicies(files: Files, engine: Decider): readonly { readonly policy: string; readonly detail: string }[] {
  const names = templatesOf(files).flatMap(({ edit: { template, outcome } }) =>
    kindOf(template) === 'task' || outcome.decision.policy === undefined ? [] : [outcome.decision.policy],
  );
  return [...new Set(names)].flatMap((policy) => {
    const detail = weaknessOf(policy, engine);
    return detail === undefined ? [] : [{ policy, detail }];
  });
}

function templatesOf(files: Files) {
  return files.flatMap((file) => {
    const held = isHeld(file);
    return file.documents.flatMap(({ document, number, edits }) =>
      edits.map((edit) => ({
        file: file.input.name,
        line: document.line,
        number,
        edit,
        changed: !held && edit.operations.length > 0,
      })),
    );
  });
}
