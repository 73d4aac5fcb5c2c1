import { mkdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { filesOf } from './files.js';
import type { Found } from './report.js';

/** Where inputs that once failed are kept, a folder for each target. */
const folder = join('test', 'fuzz', 'findings');

/** The inputs that once failed, of one target: each is a regression test of its file's name. */
export function findingsOf(target: string): readonly string[] {
  return filesOf(join(folder, target));
}

/** Keeps an input that fails, for a regression test; rename it after what it shows. */
export function keepFinding(target: string, { input }: Found): string {
  const bytes = Buffer.from(input, 'base64');
  const name = `new-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
  mkdirSync(join(folder, target), { recursive: true });
  const path = join(folder, target, name);
  writeFileSync(path, bytes);
  return path;
}

/** A finding for people: what does not hold, how often, and the input as far as it can be shown. */
export function describe({ fault, times, input }: Found): string {
  const bytes = Buffer.from(input, 'base64');
  return `${fault}\n  seen ${times} times; the smallest input, ${bytes.length} bytes: ${JSON.stringify(bytes.toString('utf8').slice(0, 600))}`;
}
