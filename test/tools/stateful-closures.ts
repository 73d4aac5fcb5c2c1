import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const collections = /^(?:Map|Set|WeakMap|WeakSet|LRUCache)$/;

/**
 * Finds functions that return an object of methods over variables of their own that change: parts with state that are
 * not classes (docs/decisions/0005).
 *
 * @param files paths from the root
 * @returns `file: function` of each
 */
export function findStatefulClosures(root: string, files: readonly string[]): readonly string[] {
  return files.flatMap((file) =>
    closuresIn(readFileSync(join(root, file), 'utf8'), file).map((name) => `${file}: ${name}`),
  );
}

/** Names of such functions in a text. */
export function closuresIn(text: string, file = 'text.ts'): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  return source.statements.flatMap((statement) => {
    if (!ts.isFunctionDeclaration(statement) || statement.body === undefined) return [];
    const { statements } = statement.body;
    const isClosure = statements.some(holdsState) && statements.some(returnsMethods);
    return isClosure ? [statement.name?.text ?? '(default)'] : [];
  });
}

function holdsState(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  const { declarations, flags } = statement.declarationList;
  if ((flags & ts.NodeFlags.Let) !== 0) return true;
  return declarations.some(
    ({ initializer }) =>
      initializer !== undefined &&
      ts.isNewExpression(initializer) &&
      collections.test(initializer.expression.getText()),
  );
}

function returnsMethods(statement: ts.Statement): boolean {
  if (!ts.isReturnStatement(statement) || statement.expression === undefined) return false;
  if (!ts.isObjectLiteralExpression(statement.expression)) return false;
  const methods = statement.expression.properties.filter(
    (member) =>
      ts.isMethodDeclaration(member) ||
      ts.isGetAccessor(member) ||
      (ts.isPropertyAssignment(member) && ts.isArrowFunction(member.initializer)),
  );
  return methods.length > 1;
}
