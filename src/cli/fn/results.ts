import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import { isArray, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { readPointer } from '../../model/json-pointer.js';
import type { FunctionConfig } from './function-config.js';
import { templateName } from '../files/template-names.js';
import { remedyOf } from '../offline/counts.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';

/** How bad a result is, in the words of the function's specification. */
export type Severity = 'error' | 'warning' | 'info';

/** One result of a function, as the specification has it (KRM functions, v1). */
export interface FunctionResult {
  readonly severity: Severity;
  readonly message: string;
  /** The item that it is about, and the file that an orchestrator read it from. */
  readonly about: JsonObject;
}

/** What counts as an error, in addition to denials. */
export type FailOn = NonNullable<FunctionConfig['failOn']>[number];

type Document = Pick<ManifestDocument, 'value' | 'unseen'>;

/** The results for every template, and for objects that were not looked at. */
export function resultsOf(
  edits: readonly InstrumentedTemplate[],
  document: Document,
  failOn: readonly FailOn[],
): readonly FunctionResult[] {
  const decided = edits.map((edit): FunctionResult => {
    const { template, outcome, denial } = edit;
    const { decision, reason, detail } = denial ?? outcome.decision;
    const remedy = decision === 'inject' ? undefined : remedyOf(reason, 'pod' in template ? 'pod' : 'task');
    const said = [`${templateName(template)}: ${decision}, ${reason}`, ...(decision === 'inject' ? [] : [detail])];
    return {
      severity: severityOf(edit, remedy, failOn),
      message: [
        said.filter((text) => text !== '').join(': '),
        ...(remedy === undefined ? [] : [`Fix: ${remedy}`]),
      ].join('. '),
      about: { ...itemAt(document, template.path), tags: tagsOf(edit) },
    };
  });
  const unseen = document.unseen.map(({ path, kind, name, detail, remedy }): FunctionResult => ({
    severity: failOn.includes('NotLookedAt') ? 'error' : 'warning',
    message: `${kind === undefined ? '(no kind)' : templateName({ kind, name })}: not_looked_at: ${detail}. Fix: ${remedy}`,
    about: { ...itemAt(document, path), tags: { reason: 'not_looked_at' } },
  }));
  return [...decided, ...unseen];
}

function severityOf(
  { outcome: { decision }, denial, isStale }: InstrumentedTemplate,
  remedy: string | undefined,
  failOn: readonly FailOn[],
): Severity {
  if (denial !== undefined || isStale === true) return 'error';
  if (decision.decision === 'partial') return failOn.includes('Partial') ? 'error' : 'warning';
  if (decision.decision === 'skip' && failOn.includes('Skip')) return 'error';
  return decision.decision === 'inject' || remedy === undefined ? 'info' : 'warning';
}

function tagsOf({ outcome: { decision }, denial }: InstrumentedTemplate): JsonObject {
  const { policy } = decision;
  return {
    decision: (denial ?? decision).decision,
    reason: (denial ?? decision).reason,
    ...(policy === undefined ? {} : { policy }),
  };
}

/** Where orchestrators record which file an item is from, newest form first. */
const pathKeys = ['internal.config.kubernetes.io/path', 'config.kubernetes.io/path'];
const indexKeys = ['internal.config.kubernetes.io/index', 'config.kubernetes.io/index'];

function itemAt({ value }: Document, pointer: string): JsonObject {
  const [, index = '', ...inside] = readPointer(pointer);
  const items = objectOf(value)?.['items'];
  const item = objectOf(isArray(items) ? items[Number(index)] : undefined);
  const metadata = objectOf(item?.['metadata']);
  const annotations = objectOf(metadata?.['annotations']);
  const first = (keys: readonly string[]): string | undefined =>
    keys.map((key) => stringOf(annotations?.[key])).find((text) => text !== undefined);
  const path = first(pathKeys);
  const place = Number(first(indexKeys));
  return withoutGaps({
    resourceRef: withoutGaps({
      apiVersion: item?.['apiVersion'],
      kind: item?.['kind'],
      name: metadata?.['name'],
      namespace: metadata?.['namespace'],
    }),
    field: inside.length === 0 ? undefined : { path: inside.join('.') },
    file: path === undefined ? undefined : withoutGaps({ path, index: Number.isInteger(place) ? place : undefined }),
  });
}

function withoutGaps(object: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}
