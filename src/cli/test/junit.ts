import { caseName, differenceText, isPassed } from './report.js';
import type { CaseResult } from './run-case.js';

/** The results in JUnit's form, which the test pages of CI systems read: a suite for each file. */
export function junitReport(results: readonly CaseResult[]): string {
  const suites = new Map<string, CaseResult[]>();
  for (const result of results) {
    const { name } = result.test.file;
    suites.set(name, [...(suites.get(name) ?? []), result]);
  }
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="outrider" ${countsOf(results)}>`,
    ...[...suites].flatMap(([name, own]) => [
      `  <testsuite name="${xml(name)}" ${countsOf(own)}>`,
      ...own.flatMap(caseLines),
      '  </testsuite>',
    ]),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function caseLines(result: CaseResult): readonly string[] {
  const { test, loaded, actual, differences } = result;
  const start = `    <testcase name="${xml(caseName(result))}" classname="${xml(test.read.test.metadata?.name ?? test.file.name)}" file="${xml(test.file.name)}" line="${loaded.line}"`;
  if (isPassed(result)) return [`${start}/>`];
  const texts = differences.map(differenceText);
  return [
    `${start}>`,
    `      <failure message="${xml(texts.join('; '))}">${xml([...texts, actual.detail].join('\n'))}</failure>`,
    '    </testcase>',
  ];
}

function countsOf(results: readonly CaseResult[]): string {
  return `tests="${results.length}" failures="${results.filter((result) => !isPassed(result)).length}" errors="0"`;
}

/** Text of an element or an attribute, without the characters that XML 1.0 cannot represent. */
function xml(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, (character) => (/[\t\n\r]/.test(character) ? character : ' '))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
