import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { editDocument } from '../../src/documents/edit/edit.js';
import { readManifests, type ManifestDocument } from '../../src/documents/manifest/manifest.js';
import { withUndo } from '../../src/documents/undo/undo.js';
import type { Engine } from '../../src/engine/engine.js';
import { isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';
import type { ClusterFacts } from '../../src/model/recipe.js';
import type { StringMap } from '../../src/model/selector.js';
import { askDoor, decideNow, engineOf, reviewOf, type Answered } from '../support/engine.js';

/** The folder of the cases, from the project's root, where tests run. */
export const folder = join('test', 'golden');

/** One case: a folder with `case.yaml`, `pod.yaml`, `output.yaml` and `report.json`. */
export interface GoldenCase {
  readonly name: string;
  readonly title: string;
  /** Text of the policies, profiles and image maps. */
  readonly configuration: string;
  readonly facts: Partial<ClusterFacts>;
  readonly namespaceLabels: StringMap;
  readonly secretMissing: boolean;
  /** What a real API server says about the output. */
  readonly apiServer: JsonValue;
  readonly podText: string;
}

/** What a case comes to. */
export interface GoldenResult {
  /** The pod as the webhook makes it: the text of `output.yaml`. */
  readonly output: string;
  readonly report: JsonObject;
  /** The pod as the offline way makes it, with its undo annotation. */
  readonly offline: string;
  /** The same without the annotation. */
  readonly offlinePlain: string;
}

/** Every case, by name. */
export function readCases(): readonly GoldenCase[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'policies')
    .map(({ name }) => readCase(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readCase(name: string): GoldenCase {
  const about: unknown = parse(read(name, 'case.yaml'));
  if (!isObject(about)) throw new Error(`${name}/case.yaml is no mapping`);
  const { title, policy, profile, apiServer } = about;
  if (typeof title !== 'string' || typeof policy !== 'string' || apiServer === undefined) {
    throw new Error(`${name}/case.yaml lacks title, policy or apiServer`);
  }
  const files = typeof profile === 'string' ? [join(folder, policy), profile] : [join(folder, policy)];
  return {
    name,
    title,
    configuration: files.map((file) => readFileSync(file, 'utf8')).join('\n---\n'),
    facts: objectOf(about['facts']) ?? {},
    namespaceLabels: stringMap(about['namespaceLabels']),
    secretMissing: about['secretMissing'] === true,
    apiServer,
    podText: read(name, 'pod.yaml'),
  };
}

function stringMap(value: JsonValue | undefined): StringMap {
  return Object.fromEntries(Object.entries(objectOf(value) ?? {}).map(([key, text]) => [key, stringOf(text) ?? '']));
}

/** The text of one file of a case. */
export function read(name: string, file: string): string {
  return readFileSync(join(folder, name, file), 'utf8');
}

/** The engine of a case. */
export function engineFor({ name, configuration, facts, secretMissing }: GoldenCase): Engine {
  return engineOf(configuration, {
    facts,
    broken: name === 'broken-policy',
    ...(secretMissing ? { secretState: () => 'missing' as const } : {}),
  });
}

/** Sends a case's pod through the server's doors and down the offline way. */
export async function runCase(one: GoldenCase): Promise<GoldenResult> {
  const engine = engineFor(one);
  const document = onlyDocument(one.podText, one.name);
  const pod = podIn(document);
  const setup = { namespaceLabelsOf: one.namespaceLabels };
  const mutated = await askDoor('mutate', reviewOf(pod), engine, setup);
  const output = editDocument(document.text, mutated.patch);
  const final = podIn(onlyDocument(output, `${one.name} output`));
  const validated = await askDoor('validate', reviewOf(final), engine, setup);

  const offline = decideNow(pod, engine, 'mutate', { namespaceLabels: one.namespaceLabels, admitted: false });
  const undoable = offline.patch.length === 0 ? [] : withUndo(pod, offline.patch);
  return {
    output,
    report: {
      title: one.title,
      decision: mutated.audit['decision'],
      reason: mutated.audit['reason'],
      ...(mutated.audit['policy'] === undefined ? {} : { policy: mutated.audit['policy'] }),
      warnings: mutated.warnings,
      auditAnnotations: mutated.audit,
      patch: mutated.patch.map(summaryOf),
      validating: verdictOf(validated),
      apiServer: one.apiServer,
    },
    offline: editDocument(document.text, structuredClone([...undoable])),
    offlinePlain: editDocument(document.text, offline.patch),
  };
}

function onlyDocument(text: string, name: string): ManifestDocument {
  const [document, ...more] = readManifests(text, name);
  if (document === undefined || more.length > 0) throw new Error(`${name} holds not one document`);
  return document;
}

function podIn(document: ManifestDocument): JsonObject {
  if (!isObject(document.value)) throw new Error('not a pod');
  return document.value;
}

/** The data of a YAML text. */
export function dataOf(text: string): JsonObject {
  return podIn(onlyDocument(text, '-'));
}

function summaryOf({ op, path }: Operation): string {
  return `${op} ${path}`;
}

function verdictOf({ allowed, audit, warnings, status }: Answered): JsonObject {
  return {
    allowed,
    decision: audit['decision'],
    reason: audit['reason'],
    ...(status === undefined ? {} : { message: status['message'] }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** A report as it is in `report.json`. */
export function reportText(report: JsonObject): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
