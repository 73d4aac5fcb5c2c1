import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

/** Which modules each TypeScript module imports, types included, by their paths from the root of the repository. */
export type SourceGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the imports of every TypeScript file below some folders.
 * @param root the repository
 * @param folders paths from the root
 */
export function readSourceGraph(root: string, folders: readonly string[]): SourceGraph {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
      const targets = importedFiles
        .filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => posix.join(posix.dirname(file), fileName).replace(/\.js$/, '.ts'))
        .filter((target) => known.has(target));
      return [file, targets];
    }),
  );
}

/**
 * Finds the import circles of a graph.
 * @returns of each group of modules that reach each other, one shortest way round, from its first module on
 */
export function findCircles(graph: SourceGraph): readonly (readonly string[])[] {
  const circles: (readonly string[])[] = [];
  const told = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (told.has(start)) continue;
    const way = shortestWayRound(graph, start);
    if (way === undefined) continue;
    circles.push(way);
    for (const file of way) told.add(file);
  }
  return circles;
}

function shortestWayRound(graph: SourceGraph, start: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for (const next of graph.get(at) ?? []) {
      if (next === start) return wayTo(at, start, cameFrom);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      waiting.push(next);
    }
  }
  return undefined;
}

function wayTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [end];
  for (let at = end; at !== start;) {
    const before = cameFrom.get(at);
    if (before === undefined) break;
    way.unshift(before);
    at = before;
  }
  return way;
}
