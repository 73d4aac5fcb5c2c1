import type { LoadedPolicies } from '../options/policy.js';
import type { ClusterSettings } from '../options/settings.js';
import { onlyOf } from '../options/task.js';
import { templatePaths } from '../options/template-path.js';
import type { Invocation } from '../command.js';
import { editFiles, readFiles, type EditedFile } from '../files/edited-file.js';
import { readInputs } from '../files/inputs.js';
import { Refusals } from '../files/refusals.js';
import type { OutriderError } from '../../model/error.js';
import type { LookupSettings } from '../image/lookups.js';
import { openEngine, type OfflineEngine } from './engine.js';
import { templateInstrumenter, type InstrumentedTemplate } from './instrument-templates.js';

/** What the files of a command line become. */
export interface InstrumentedFiles {
  readonly files: readonly EditedFile<InstrumentedTemplate>[];
  /** Why other files of the input are left as they are. */
  readonly refused: readonly OutriderError[];
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
  /** What `--undo-file` holds: how an earlier inject into a Dockerrun is taken back. */
  readonly undoRecord?: string | undefined;
}

/**
 * Reads files, and decides on every pod template and task in them. Nothing is written.
 *
 * @throws OutriderError what the options have wrong, and the files where nothing is left of them
 */
export async function instrumentFiles(
  invocation: Invocation,
  paths: readonly string[],
  { settings, policies, trace, undoRecord }: InstrumentedWith,
): Promise<InstrumentedFiles> {
  const refusals = new Refusals();
  const read = await readFiles(await readInputs(paths, invocation.io, refusals), templatePaths(invocation), refusals);
  refusals.refuseNothingLeft(read);
  const documents = read.flatMap((file) => file.documents);
  const engine = await openEngine(invocation, settings, policies, documents);
  try {
    const editor = templateInstrumenter(engine, { only: onlyOf(invocation, read), trace, undoRecord });
    const files = await editFiles(read, editor, refusals);
    return { files, refused: refusals.errors, namespaces: engine.namespaces, engine: engine.engine };
  } finally {
    await engine.images.close();
  }
}
