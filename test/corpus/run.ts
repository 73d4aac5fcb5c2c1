import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { checkFile, type FileResult } from './check-file.js';
import type { CheckTools } from './check-profile.js';
import type { AskedProfile } from './profiles.js';
import { CorpusReport } from './report.js';
import { walk } from './walk.js';

/** What a run is made with. */
export interface RunWith extends Omit<CheckTools, 'scratch'> {
  readonly profiles: readonly AskedProfile[];
  /** Told before each file, with what was found before it. */
  readonly onFile?: (name: string, report: CorpusReport) => void;
  readonly onResult?: (result: FileResult) => void;
  /** Ends the run before the next file; what was found until then is the report. */
  readonly signal?: AbortSignal;
}

/**
 * Checks every file below the folders, one after the other. Nothing is written but in a temporary folder.
 *
 * @throws the system's error where a folder or file cannot be read
 */
export async function runCorpus(
  folders: readonly string[],
  { profiles, onFile, onResult, signal, ...tools }: RunWith,
): Promise<CorpusReport> {
  const report = new CorpusReport();
  const scratch = await mkdtemp(join(tmpdir(), 'outrider-corpus-'));
  try {
    for (const folder of folders) {
      for await (const { path, isTooLarge } of walk(folder)) {
        if (signal?.aborted === true) return report;
        const name = folders.length === 1 ? relative(folder, path) : path;
        onFile?.(name, report);
        if (isTooLarge) {
          report.addTooLarge();
          continue;
        }
        const result = await checkFile(resolve(path), name, profiles, { ...tools, scratch });
        report.add(result);
        onResult?.(result);
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return report;
}
