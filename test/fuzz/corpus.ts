import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf } from './files.js';
import type { First } from './report.js';

/** Where inputs that are worth starting from are kept, a folder for each target. */
const folder = join('test', 'fuzz', 'corpus');
const longestName = 60;
/** Errors of parsers name places, and so make outcomes without end. */
const mostOfTarget = 40;

/** The inputs of one target. */
export function corpusFiles(target: string): readonly string[] {
  return filesOf(join(folder, target));
}

/** Keeps an input, under a name that says what happened to it, unless the target has many. */
export function keepFirst(target: string, { outcome, input }: First): void {
  if (corpusFiles(target).length >= mostOfTarget) return;
  const bytes = Buffer.from(input, 'base64');
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  mkdirSync(join(folder, target), { recursive: true });
  const name = outcome.replaceAll(/[^\w.]+/g, '-').slice(0, longestName);
  writeFileSync(join(folder, target, `${name}-${hash}`), bytes);
}
