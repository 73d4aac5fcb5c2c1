import { isArray, type JsonValue } from '../../model/json.js';
import { templateName } from '../files/template-names.js';
import type { Style } from '../text/style.js';
import { table } from '../text/table.js';
import type { LoadedTest } from './load.js';
import type { Resource } from './resource.js';
import type { CaseResult, Difference } from './run-case.js';

/** Whether a case's result is as expected. */
export function isPassed({ differences }: CaseResult): boolean {
  return differences.length === 0;
}

/** The name of a case. */
export function caseName({ loaded: { about } }: CaseResult): string {
  return about.name ?? (about.namespace === undefined ? about.resource : `${about.resource} in ${about.namespace}`);
}

/** The report for people: a line for each case, with its differences below it, and a summary. */
export function testReport(
  results: readonly CaseResult[],
  untested: readonly Resource[],
  style: Style,
  written: readonly string[],
): string {
  const rows = results.map((result) => {
    const { test, loaded, actual, differences } = result;
    const passed = isPassed(result);
    const cells = [
      passed ? style.good('✓') : style.bad('✗'),
      `${test.file.name}:${loaded.line}`,
      caseName(result),
      actual.decision,
      actual.reason,
      actual.admission === 'Denied' ? 'denied' : '',
    ];
    const why = passed || actual.detail === '' ? [] : [`    ${style.dim(actual.detail)}`];
    return { cells, below: [...differences.map((each) => `    ${differenceText(each)}`), ...why] };
  });
  return `${table(rows)}${summaryText(results, untested, written)}\n`;
}

/** The report for programs; docs/policy-tests.md documents it. */
export function testReportJson(results: readonly CaseResult[], untested: readonly Resource[]): string {
  const report = {
    cases: results.map((result) => {
      const { test, loaded, actual, output, differences } = result;
      return {
        file: test.file.name,
        line: loaded.line,
        name: caseName(result),
        resource: loaded.about.resource,
        namespace: loaded.about.namespace,
        passed: isPassed(result),
        ...actual,
        differences,
        ...(differences.some(({ field }) => field === 'output') ? { output } : {}),
      };
    }),
    untested: untested.map(({ file, document, template }) => ({
      file,
      line: document.line,
      resource: templateName(template),
    })),
    summary: countsOf(results, untested),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** The resources that no case is about, each once. */
export function untestedIn(tests: readonly LoadedTest[]): readonly Resource[] {
  const idOf = ({ file, document, template }: Resource): string => `${file}:${document.line}${template.path}`;
  const tested = new Set(tests.flatMap(({ cases }) => cases.map(({ resource }) => idOf(resource))));
  const all = tests.flatMap(({ resources }) => resources);
  return [...new Map(all.map((each) => [idOf(each), each])).values()].filter((each) => !tested.has(idOf(each)));
}

/** `decision: expected inject, and it is partial`. */
export function differenceText({ field, expected, actual }: Difference): string {
  if (field === 'expect') return 'nothing is expected; --update writes down what comes out';
  if (field === 'output') return `output: it is not what ${text(expected)} holds; --update writes it`;
  return `${field}: expected ${text(expected)}, and it is ${text(actual)}`;
}

function text(value: JsonValue): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return value;
  return isArray(value) ? value.map(String).join(', ') || 'none' : JSON.stringify(value);
}

function summaryText(
  results: readonly CaseResult[],
  untested: readonly Resource[],
  written: readonly string[],
): string {
  const { cases, passed, failed } = countsOf(results, untested);
  const left =
    untested.length === 0
      ? ''
      : ` ${untested.length} ${untested.length === 1 ? 'resource has' : 'resources have'} no case.`;
  const done = written.length === 0 ? '' : ` Written: ${written.join(', ')}.`;
  return `${cases} ${cases === 1 ? 'case' : 'cases'}: ${passed} passed, ${failed} failed.${left}${done}`;
}

function countsOf(results: readonly CaseResult[], untested: readonly Resource[]) {
  const passed = results.filter(isPassed).length;
  return { cases: results.length, passed, failed: results.length - passed, untested: untested.length };
}
