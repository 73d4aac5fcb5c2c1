import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * The test files that paths stand for, each once, in the order of the paths.
 * @param paths files, and folders, which stand for the `*.test.js` at any depth in them, by name
 * @param except folders whose files are left out
 * @throws when a path is not there
 */
export function testFiles(paths: readonly string[], except: readonly string[]): readonly string[] {
  const isLeftOut = (file: string): boolean =>
    except.some((folder) => {
      const [first] = relative(folder, file).split(sep);
      return first !== '..';
    });
  const files = paths.flatMap((path) => (statSync(path).isDirectory() ? testsIn(path) : [path]));
  return [...new Set(files)].filter((file) => !isLeftOut(file));
}

function testsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .sort()
    .map((name) => join(folder, name));
}
