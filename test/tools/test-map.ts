import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import type { SourceGraph } from './source-graph.js';

/**
 * Modules that are tested through others, by module or folder (with a slash at its end): a test that runs them. Rows
 * that no module needs any more fail `test-map.test.ts`, as do tests that do not lead to the module.
 */
export const testedThrough: Readonly<Record<string, string>> = {
  'src/cli/commands.ts': 'test/cli/program.test.ts',
  'src/cli/crds.ts': 'test/cli/ready.test.ts',
  'src/cli/files/': 'test/cli/edit/inject.test.ts',
  'src/cli/image/': 'test/e2e/lookup/cli.test.ts',
  'src/cli/live/': 'test/e2e/cluster/explain.test.ts',
  'src/cli/offline/': 'test/cli/edit/inject.test.ts',
  'src/cli/options/': 'test/cli/edit/inject.test.ts',
  'src/cli/pause/': 'test/e2e/cluster/in-cluster-pause.test.ts',
  'src/cli/schema.ts': 'test/documents/schema/json-schemas.test.ts',
  'src/cli/serve.ts': 'test/e2e/cluster/admission.test.ts',
  'src/cli/text/': 'test/cli/status/status.test.ts',
  'src/cluster/back-off.ts': 'test/cluster/watch/reflector.test.ts',
  'src/cluster/certificates/managed.ts': 'test/e2e/cluster/in-cluster-rotation.test.ts',
  'src/cluster/client/read-text.ts': 'test/e2e/cluster/status.test.ts',
  'src/cluster/live/': 'test/e2e/cluster/explain.test.ts',
  'src/cluster/overview/': 'test/e2e/cluster/status.test.ts',
  'src/cluster/micro-time.ts': 'test/cluster/leader/election.test.ts',
  'src/documents/configuration/object.ts': 'test/cluster/state/cluster-state.test.ts',
  'src/documents/configuration/policy-tests.ts': 'test/cli/test/test.test.ts',
  'src/documents/schema/problem.ts': 'test/documents/configuration/configuration.test.ts',
  'src/documents/yaml-limits.ts': 'test/documents/manifest/manifest.test.ts',
  'src/engine/demonstration.ts': 'test/cli/demo/demo.test.ts',
  'src/inject/pod/': 'test/golden/golden.test.ts',
  'src/inject/rewrite-image.ts': 'test/golden/golden.test.ts',
  'src/inject/task/': 'test/golden-tasks/golden.test.ts',
  'src/main.ts': 'test/cli/program.test.ts',
  'src/model/instrument-function.ts': 'test/cli/fn/fn.test.ts',
  'src/model/policy-test.ts': 'test/cli/test/test.test.ts',
  'src/model/wishes.ts': 'test/golden/golden.test.ts',
  'src/server/in-cluster/': 'test/e2e/cluster/in-cluster.test.ts',
  'src/server/review-log.ts': 'test/e2e/faults/secrets.test.ts',
  'src/server/run.ts': 'test/e2e/faults/ending.test.ts',
  'src/settings/cluster-facts.ts': 'test/cli/edit/inject.test.ts',
};

/** How a test names the program: by its bundle, or as it is compiled. */
const program = /\boutrider\.js'|\bsrc\/main\.js'/;

/** The modules of `src` without a test that is theirs by the rule in docs/testing.md, sorted. */
export function modulesWithoutTest(root: string, graph: SourceGraph): readonly string[] {
  const modules = [...graph.keys()].filter((file) => file.startsWith('src/'));
  const imported = new Set([...graph].flatMap(([file, targets]) => (file.endsWith('.test.ts') ? targets : [])));
  const tested = new Set(modules.filter((file) => graph.has(testOf(file)) || imported.has(file)));
  const waiting = [...tested];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const part of graph.get(at) ?? []) {
      if (tested.has(part) || !part.startsWith(`${dirname(at)}/`)) continue;
      tested.add(part);
      waiting.push(part);
    }
  }
  return modules.filter((file) => !tested.has(file) && !holdsTypesAlone(join(root, file))).sort();
}

/** Whether a test leads to a module: by imports, or by running the program. */
export function leadsTo(root: string, graph: SourceGraph, test: string, module: string): boolean {
  const reached = reach(graph, [test]);
  if (reached.has(module)) return true;
  const helpers = [...reached].filter((file) => file.startsWith('test/'));
  const runsProgram = helpers.some((file) => program.test(readFileSync(join(root, file), 'utf8')));
  return runsProgram && reach(graph, ['src/main.ts']).has(module);
}

/** The test that mirrors a module: `test/engine/images.test.ts` for `src/engine/images.ts`. */
function testOf(module: string): string {
  return module.replace(/^src\//, 'test/').replace(/\.ts$/, '.test.ts');
}

function reach(graph: SourceGraph, from: readonly string[]): ReadonlySet<string> {
  const reached = new Set(from);
  for (const file of reached) for (const target of graph.get(file) ?? []) reached.add(target);
  return reached;
}

function holdsTypesAlone(file: string): boolean {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, false);
  return source.statements.every(
    (statement) =>
      source.isDeclarationFile ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isImportDeclaration(statement),
  );
}
