import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { objectOf, stringOf } from '../../../../src/model/json.js';

const buildScript = fileURLToPath(new URL('../../../../../test/e2e/cluster/build-promtool.sh', import.meta.url));
const runFile = promisify(execFile);

/** How a program ended, and all that it said. */
export interface Said {
  readonly isGood: boolean;
  readonly text: string;
}

/** Real promtool, with its files in a folder of the test. */
export interface Promtool {
  /** Whether it takes a file of rules. */
  readonly check: (rulesFile: string) => Promise<Said>;
  /** Runs unit tests of rules: a document of promtool's own form. */
  readonly test: (document: object) => Promise<Said>;
}

/**
 * Finds promtool.
 * @throws when it is not built yet
 */
export async function findPromtool(folder: string): Promise<Promtool> {
  const program = (await runFile('bash', [buildScript, '--where'])).stdout.trim();
  const run = async (...parameters: readonly string[]): Promise<Said> => {
    try {
      const { stdout, stderr } = await runFile(program, [...parameters], { maxBuffer: 1 << 26 });
      return { isGood: true, text: stdout + stderr };
    } catch (error) {
      const { stdout, stderr } = objectOf(error) ?? {};
      return { isGood: false, text: `${stringOf(stdout) ?? ''}${stringOf(stderr) ?? ''}` };
    }
  };
  return {
    check: (rulesFile) => run('check', 'rules', rulesFile),
    test: async (document) => {
      const file = join(folder, 'tests.yaml');
      await writeFile(file, stringify(document, { lineWidth: 0 }));
      return run('test', 'rules', file);
    },
  };
}
