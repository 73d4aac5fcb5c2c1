import type { LoadedPolicies } from '../options/policy.js';
import type { ClusterSettings } from '../options/settings.js';
import { checkOnly, onlyNames } from '../options/task.js';
import { templatePaths } from '../options/template-path.js';
import type { Invocation } from '../command.js';
import { editFiles, type EditedFile } from '../files/edited-file.js';
import { FileProgress } from '../files/file-progress.js';
import { listInputs } from '../files/inputs.js';
import { overviewOf } from '../files/overview.js';
import { Refusals } from '../files/refusals.js';
import type { OutriderError } from '../../model/error.js';
import type { LookupSettings } from '../image/lookups.js';
import { namesTasks, openEngine, type OfflineEngine } from './engine.js';
import { templateInstrumenter, type InstrumentedTemplate } from './instrument-templates.js';

/** The engine that decides on the files of a command line. */
export interface Deciding {
  /** Where their pods go. */
  readonly namespaces: OfflineEngine['namespaces'];
  readonly engine: OfflineEngine['engine'];
}

/** The result for the files of a command line. */
export interface InstrumentedFiles extends Deciding {
  readonly files: readonly EditedFile<InstrumentedTemplate>[];
  /** Why the other input files are left as they are. */
  readonly refused: readonly OutriderError[];
}

/** How files are instrumented. */
export interface InstrumentedWith {
  readonly settings: ClusterSettings & LookupSettings;
  readonly policies: LoadedPolicies;
  /** Record every check, for `explain`. */
  readonly trace: boolean;
  /** The content of `--undo-file`: how to undo an earlier injection into a Dockerrun. */
  readonly undoRecord?: string | undefined;
  /** Called with each file in order, as soon as it is done. Returns what is kept of it. */
  readonly onFile?: (file: EditedFile<InstrumentedTemplate>, deciding: Deciding) => EditedFile<InstrumentedTemplate>;
}

/**
 * Reads files, and decides on every pod template and task in them. Nothing is written.
 *
 * @throws OutriderError for wrong options, and for problems with the files if no file is left
 */
export async function instrumentFiles(
  invocation: Invocation,
  paths: readonly string[],
  { settings, policies, trace, undoRecord, onFile = (file) => file }: InstrumentedWith,
): Promise<InstrumentedFiles> {
  const inputs = await listInputs(paths, invocation.io);
  const added = templatePaths(invocation);
  const only = onlyNames(invocation);
  const overview = await overviewOf(inputs, added, { tasks: only.length > 0 || namesTasks(policies.images) });
  checkOnly(only, overview);
  const refusals = new Refusals();
  const opened = await openEngine(invocation, settings, policies, overview);
  const { engine, namespaces } = opened;
  const progress = new FileProgress(invocation.io, inputs.length);
  try {
    const files = await editFiles(inputs, {
      edit: templateInstrumenter(opened, { only, trace, undoRecord }),
      added,
      refusals,
      onFile: (file) => onFile(file, { engine, namespaces }),
      onProgress: (done) => progress.show(done),
    });
    return { files, refused: refusals.errors, namespaces, engine };
  } finally {
    progress.hide();
    await opened.images.close();
  }
}
