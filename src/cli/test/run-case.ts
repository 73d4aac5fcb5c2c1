import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { carriedOut } from '../../documents/edit/template-edit.js';
import { readManifests } from '../../documents/manifest/manifest.js';
import { OutriderError } from '../../model/error.js';
import type { JsonValue } from '../../model/json.js';
import type { Expectation } from '../../model/policy-test.js';
import type { ReasonCode } from '../../model/reasons.js';
import { isSystemError, systemReason } from '../../model/system-error.js';
import type { Io } from '../io.js';
import { decideTemplate, templateInstrumenter, type InstrumentedTemplate } from '../offline/instrument-templates.js';
import { besideTest, type LoadedCase, type LoadedTest } from './load.js';

/** The result of a case. */
export interface Actual {
  readonly decision: 'inject' | 'partial' | 'skip';
  readonly reason: ReasonCode;
  readonly policy: string | null;
  readonly containers: readonly string[];
  readonly admission: 'Allowed' | 'Denied';
  /** The reason, for people. For a denial, the denial's. */
  readonly detail: string;
}

/** One field that is not as expected. */
export interface Difference {
  readonly field: keyof Expectation | 'expect';
  readonly expected: JsonValue;
  readonly actual: JsonValue;
}

/** A case that has run. */
export interface CaseResult {
  readonly test: LoadedTest;
  readonly loaded: LoadedCase;
  readonly actual: Actual;
  /** The resulting document of the resource, only if the case compares it. */
  readonly output: string | undefined;
  /** Empty for a case that passed. */
  readonly differences: readonly Difference[];
}

/**
 * Decides on a case's resource as the webhook would, and compares.
 *
 * @throws OutriderError `file_unreadable`, `manifest_invalid` for the file with the expected output
 */
export async function runCase(test: LoadedTest, loaded: LoadedCase, io: Io): Promise<CaseResult> {
  const edit = await decided(test, loaded);
  const actual = actualOf(edit);
  const { expect } = loaded.about;
  const output = expect?.output === undefined ? undefined : outputOf(edit, loaded);
  const differences = [...differencesOf(expect, actual)];
  if (expect?.output !== undefined && output !== undefined) {
    const isSame = await isAsIn(besideTest(test.file, expect.output), output, io);
    if (!isSame) differences.push({ field: 'output', expected: expect.output, actual: 'another text' });
  }
  return { test, loaded, actual, output, differences };
}

async function decided({ engine }: LoadedTest, { about, resource }: LoadedCase): Promise<InstrumentedTemplate> {
  const { template } = resource;
  const namespaces = engine.namespaces(about.namespace ?? 'default');
  if ('pod' in template) return decideTemplate(template, { ...engine, namespaces }, { trace: false, admitted: true });
  return templateInstrumenter({ ...engine, namespaces }, { only: [], trace: false }).task(template);
}

/** A separator in front belongs to the document's file. */
function outputOf(edit: InstrumentedTemplate, { resource: { document } }: LoadedCase): string {
  return carriedOut(document.text, [edit]).text.replace(/^---[ \t]*\r?\n/, '');
}

function actualOf({ outcome, denial }: InstrumentedTemplate): Actual {
  const { decision, reason, policy } = outcome.decision;
  const isDone = decision === 'inject' || decision === 'partial';
  return {
    decision: isDone ? decision : 'skip',
    reason,
    policy: policy ?? null,
    containers: isDone ? (outcome.plan?.workload ?? []).map(({ container }) => container.name) : [],
    admission: denial === undefined ? 'Allowed' : 'Denied',
    detail: (denial ?? outcome.decision).detail,
  };
}

function differencesOf(expect: Expectation | undefined, actual: Actual): readonly Difference[] {
  if (expect === undefined) return [{ field: 'expect', expected: null, actual: null }];
  const words = (['decision', 'reason', 'policy', 'admission'] as const).flatMap((field): readonly Difference[] => {
    const expected = expect[field];
    return expected === undefined || expected === actual[field] ? [] : [{ field, expected, actual: actual[field] }];
  });
  const { containers } = expect;
  if (containers === undefined || isDeepStrictEqual(new Set(containers), new Set(actual.containers))) return words;
  return [...words, { field: 'containers', expected: containers, actual: actual.containers }];
}

/** Whether a file holds the same data as a text; a missing file holds none. */
async function isAsIn(name: string, text: string, io: Io): Promise<boolean> {
  const before = await readFile(resolve(io.cwd, name), 'utf8').catch((cause: unknown) => {
    if (isSystemError(cause, 'ENOENT')) return undefined;
    const message = `${name}: it cannot be read (${systemReason(cause)}); check the path.`;
    throw new OutriderError('file_unreadable', message, { file: name, cause });
  });
  if (before === undefined) return false;
  return before === text || isDeepStrictEqual(valuesIn(before, name), valuesIn(text, name));
}

function valuesIn(text: string, name: string): readonly JsonValue[] {
  return readManifests(text, name).flatMap(({ value }) => (value === null ? [] : [value]));
}
