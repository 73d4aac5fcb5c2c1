import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { groupOf, type Frame, type Group } from './profile-groups.js';

const profileNode = z.object({
  id: z.number(),
  /** Line and column count from 0. */
  callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number(), columnNumber: z.number() }),
  children: z.array(z.number()).default([]),
  /** How often each line, counted from 1, was what ran. */
  positionTicks: z.array(z.object({ line: z.number(), ticks: z.number() })).default([]),
});
type ProfileNode = z.infer<typeof profileNode>;

const cpuProfile = z.object({
  nodes: z.array(profileNode),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** A .cpuprofile as V8 writes it, as far as it is read here: nodes, and for each moment its node and the microseconds before. */
export type CpuProfile = z.infer<typeof cpuProfile>;

/** Reads the text of a .cpuprofile. @throws when it is none */
export function readProfile(text: string): CpuProfile {
  return cpuProfile.parse(JSON.parse(text));
}

/** Tells where the code of a bundle came from, and what a line of it says. */
export interface Sources {
  sourceOf(url: string, line: number, column: number): string;
  lineOf(url: string, line: number): string;
}

/**
 * Adds up a profile's time by group, in microseconds. V8 counts JSON.parse to the function that calls it, so the share of
 * the lines that call it is taken out there.
 */
export function timeByGroup(profile: CpuProfile, sources: Sources): ReadonlyMap<Group, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children }) => children.map((child) => [child, id] as const)));
  const self = new Map<number, number>();
  profile.samples.forEach((id, index) => self.set(id, (self.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0)));
  const stackOf = (id: number): Frame[] => {
    const stack: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      if (frame === undefined) break;
      const source = sources.sourceOf(frame.url, frame.lineNumber, frame.columnNumber);
      stack.push({ name: frame.functionName, source });
    }
    return stack;
  };
  const totals = new Map<Group, number>();
  const add = (group: Group, micros: number): void => void totals.set(group, (totals.get(group) ?? 0) + micros);
  for (const [id, micros] of self) {
    const group = groupOf(stackOf(id));
    if (group === undefined) continue;
    const parsing = micros * parsingShare(nodes.get(id), sources);
    if (parsing > 0) add('JSON.parse', parsing);
    add(group, micros - parsing);
  }
  return totals;
}

function parsingShare(node: ProfileNode | undefined, sources: Sources): number {
  const ticks = node?.positionTicks ?? [];
  const all = ticks.reduce((sum, { ticks: count }) => sum + count, 0);
  const parsing = ticks
    .filter(({ line }) => sources.lineOf(node?.callFrame.url ?? '', line).includes('JSON.parse('))
    .reduce((sum, { ticks: count }) => sum + count, 0);
  return all === 0 ? 0 : parsing / all;
}

/** Sources by the source maps next to the files that ran. */
export function sourcesOnDisk(): Sources {
  const files = new Map<string, { readonly lines: readonly string[]; readonly map: SourceMap | undefined }>();
  const read = (url: string): { readonly lines: readonly string[]; readonly map: SourceMap | undefined } => {
    let known = files.get(url);
    if (known === undefined) {
      const path = url.startsWith('file:') ? fileURLToPath(url) : '';
      const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
      const map = existsSync(`${path}.map`) ? new SourceMap(payloadOf(readFileSync(`${path}.map`, 'utf8'))) : undefined;
      known = { lines, map };
      files.set(url, known);
    }
    return known;
  };
  return {
    sourceOf: (url, line, column) => {
      const entry = read(url).map?.findEntry(line, column);
      return entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
    },
    lineOf: (url, line) => read(url).lines[line - 1] ?? '',
  };
}

const sourceMap = z.object({
  version: z.number(),
  file: z.string().default(''),
  sourceRoot: z.string().default(''),
  sources: z.array(z.string()),
  names: z.array(z.string()),
  mappings: z.string(),
});

function payloadOf(text: string): SourceMapPayload {
  return { ...sourceMap.parse(JSON.parse(text)), sourcesContent: [] };
}
