import type { LoadedPolicies } from '../options/policy.js';
import type { ClusterSettings } from '../options/settings.js';
import { onlyOf } from '../options/task.js';
import type { Invocation } from '../command.js';
import { editFile, readFiles, type EditedFile } from '../files/edited-file.js';
import { readInputs } from '../files/inputs.js';
import type { LookupSettings } from '../image/lookups.js';
import { openEngine, type OfflineEngine } from './engine.js';
import { templateInstrumenter, type InstrumentedTemplate } from './instrument-templates.js';

/** What the files of a command line become. */
export interface InstrumentedFiles {
  readonly files: readonly EditedFile<InstrumentedTemplate>[];
  /** Where their pods go. */
  readonly namespaces: OfflineEngine['namespaces'];
  /** What decided on them. */
  readonly engine: OfflineEngine['engine'];
}

/** What files are instrumented with. */
export interface InstrumentedWith {
  readonly settings: ClusterSettings & LookupSettings;
  readonly policies: LoadedPolicies;
  /** Record every check, for `explain`. */
  readonly trace: boolean;
}

/**
 * Reads files, and decides on every pod template and task in them. Nothing is written.
 *
 * @throws OutriderError what the files, the options or a template have wrong
 */
export async function instrumentFiles(
  invocation: Invocation,
  paths: readonly string[],
  { settings, policies, trace }: InstrumentedWith,
): Promise<InstrumentedFiles> {
  const read = readFiles(await readInputs(paths, invocation.io));
  const documents = read.flatMap((file) => file.documents);
  const engine = await openEngine(invocation, settings, policies, documents);
  try {
    const editor = templateInstrumenter(engine, onlyOf(invocation, read), trace);
    const files: EditedFile<InstrumentedTemplate>[] = [];
    for (const file of read) files.push(await editFile(file, editor));
    return { files, namespaces: engine.namespaces, engine: engine.engine };
  } finally {
    await engine.images.close();
  }
}
