import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifests, type ManifestDocument } from '../../src/documents/manifest/manifest.js';
import { imageAnswers } from './images.js';
import { ProfileCheck, type CheckTools, type FileOutcome } from './check-profile.js';
import type { Finding } from './finding.js';
import type { AskedProfile } from './profiles.js';

/** What came out of a file. */
export interface FileResult {
  readonly name: string;
  readonly documents: number;
  /** Pod templates and tasks. */
  readonly workloads: number;
  /** By profile, as far as it was asked. */
  readonly outcomes: Readonly<Record<string, FileOutcome>>;
  readonly findings: readonly Finding[];
  readonly elapsedMs: number;
}

/**
 * Checks a file with each profile. A file that the first profile finds no pod and no task in is not given to the others:
 * no profile is read there.
 *
 * @param path absolute
 * @param name what findings call it
 */
export async function checkFile(
  path: string,
  name: string,
  profiles: readonly AskedProfile[],
  tools: CheckTools,
): Promise<FileResult> {
  const text = utf8(await readFile(path));
  const documents = text === undefined ? [] : documentsOf(text);
  const workloads = documents.reduce((sum, { templates, tasks }) => sum + templates.length + tasks.length, 0);
  await writeFile(join(tools.scratch, 'images.json'), imageAnswers(documents));
  const outcomes: Record<string, FileOutcome> = {};
  const findings: Finding[] = [];
  let elapsedMs = 0;
  for (const profile of workloads === 0 ? profiles.slice(0, 1) : profiles) {
    await rm(join(tools.scratch, 'undo.json'), { force: true });
    const result = await new ProfileCheck({ path, name, text }, profile, tools).run();
    outcomes[profile.name] = result.outcome;
    findings.push(...result.findings);
    elapsedMs += result.elapsedMs;
  }
  return { name, documents: documents.length, workloads, outcomes, findings, elapsedMs };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** None of a file that is refused. */
function documentsOf(text: string): readonly ManifestDocument[] {
  try {
    return readManifests(text, 'file');
  } catch {
    return [];
  }
}
