import { keepTaskUndo } from '../../documents/undo/task-undo.js';
import { instrumentTask, type TaskOutcome } from '../../engine/instrument-task.js';
import type { Decision } from '../../model/decision.js';
import type { TaskTemplate } from '../../model/task.js';
import type { TemplateEdit } from '../files/edited-file.js';
import type { OfflineEngine } from './engine.js';

/** What a decision about a task came to. */
export interface InstrumentedTask extends TemplateEdit {
  readonly template: TaskTemplate;
  readonly namespace: undefined;
  readonly outcome: TaskOutcome;
  /** Why the task may not run as it is under its policy. */
  readonly denial: Decision | undefined;
}

/**
 * Decides on a task, by the same rules as for a pod.
 *
 * @param only names of the only containers to look at; empty: all
 * @param trace record every check, for `explain`
 * @throws OutriderError `settings_invalid` for settings that only tasks use; `undo_stale` for an undo record that
 *   cannot be read
 */
export async function instrumentTaskTemplate(
  template: TaskTemplate,
  { engine, images, imagesByText }: OfflineEngine,
  only: readonly string[],
  trace: boolean,
): Promise<InstrumentedTask> {
  const outcome = await instrumentTask({ template, only, images: imagesByText, trace, lookUp: images.lookUp }, engine);
  const { patch, agent } = outcome;
  return {
    template,
    namespace: undefined,
    outcome,
    operations: agent === undefined ? patch : keepTaskUndo(template, patch, agent),
    denial: outcome.denial,
  };
}
