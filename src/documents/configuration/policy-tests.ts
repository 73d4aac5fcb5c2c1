import type { OutriderError } from '../../model/error.js';
import { isObject } from '../../model/json.js';
import { policyTestSchema, type PolicyTest } from '../../model/policy-test.js';
import { schemaProblems } from '../schema/problem.js';
import type { Path } from '../schema/guide.js';
import { documentProblem } from './configuration.js';
import { readDocuments, type TextFile } from './document-reader.js';

/** A PolicyTest from a file. */
export interface ReadPolicyTest {
  /** Which of the file’s PolicyTests it is, from 1. */
  readonly number: number;
  readonly test: PolicyTest;
  /** The line, from 1, of the deepest part of the path that is there. */
  lineOf(path: Path): number;
}

/** The PolicyTests of a file. */
export interface ReadPolicyTests {
  readonly tests: readonly ReadPolicyTest[];
  /** Everything that is wrong with them, each with file, line, field and remedy. */
  readonly problems: readonly OutriderError[];
}

/** Whether a text may hold a PolicyTest. A folder of tests holds many other files that need not be read as YAML. */
export function mayHoldPolicyTests(text: string): boolean {
  return /\bkind["']?[ \t]*:[ \t]*["']?PolicyTest\b/.test(text);
}

/** Reads the PolicyTests of a file; its documents of other kinds are left alone. Never throws for what it holds. */
export function readPolicyTests(file: TextFile): ReadPolicyTests {
  const { documents, problems } = readDocuments(file, 'policy_test_invalid');
  const tests: ReadPolicyTest[] = [];
  const found: OutriderError[] = [...problems];
  let number = 0;
  for (const document of documents) {
    if (!isObject(document.value) || document.value['kind'] !== 'PolicyTest') continue;
    number += 1;
    const result = policyTestSchema.safeParse(document.value);
    if (result.success) {
      tests.push({ number, test: result.data, lineOf: (path) => document.lineOf(path) });
      continue;
    }
    const wrong = schemaProblems(policyTestSchema, document.value, result.error.issues);
    found.push(...wrong.map(({ path, text }) => documentProblem('policy_test_invalid', document, path, text)));
  }
  return { tests, problems: found };
}
