import { keepTaskUndo, taskUndoOperations } from '../../src/documents/undo/task-undo.js';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import { editDocument } from '../../src/documents/edit/edit.js';
import { configure } from '../../src/engine/configure.js';
import type { Engine } from '../../src/engine/engine.js';
import { instrumentTask, type TaskOutcome, type TaskRequest } from '../../src/engine/instrument-task.js';
import type { ImageConfig } from '../../src/model/image.js';
import { policySchema } from '../../src/model/policy.js';
import { pointerInDocument, type TaskTemplate } from '../../src/model/task.js';

/** A policy of the profile, in the form that the engine decides with; nothing is known about any image. */
export function engineWith(
  profile: string,
  settings: Readonly<Record<string, string | number>>,
  spec: object = {},
): Engine {
  const policy = policySchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: profile },
    spec: { ...spec, profile: { name: profile, settings } },
  });
  const { rules, problems } = configure({
    configuration: {
      policies: [{ policy, file: 'test', line: 1 }],
      profiles: [],
      images: new Map(),
      namespaces: new Map(),
      invalidPolicies: [],
    },
    problems: [],
  });
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const unknown = { ok: false, reason: 'image_unresolved', detail: 'is in no image map' } as const;
  return {
    rules,
    facts: {
      nativeSidecars: false,
      imageVolumes: false,
      podSecurityDefault: 'privileged',
      openShift: false,
      sandboxedRuntimeClasses: [],
      toolsImage: '',
      agentUser: 59_417,
      imageRewrites: [],
      ownPartsMayDiffer: [],
      maxContainers: 500,
    },
    images: { known: () => unknown, lookUp: () => Promise.resolve(unknown) },
    excludedNamespaces: new Set(),
    secretState: () => 'unknown',
  };
}

/** The tasks of a text. */
export function tasksOf(text: string): readonly TaskTemplate[] {
  return readManifests(text, 'test').flatMap(({ tasks }) => tasks);
}

/** Instruments every task of a one-document text, as `outrider inject` does. */
export async function injectText(
  text: string,
  engine: Engine,
  images: ReadonlyMap<string, ImageConfig> = new Map(),
  request: Partial<TaskRequest> = {},
): Promise<{ readonly text: string; readonly outcomes: readonly TaskOutcome[] }> {
  const outcomes: TaskOutcome[] = [];
  const operations = [];
  for (const template of tasksOf(text)) {
    const outcome = await instrumentTask(
      { template, only: [], images, trace: false, lookUp: undefined, ...request },
      engine,
    );
    outcomes.push(outcome);
    const { patch, agent } = outcome;
    const kept = agent === undefined ? patch : keepTaskUndo(template, patch, agent);
    operations.push(...kept.map((operation) => ({ ...operation, path: pointerInDocument(template, operation.path) })));
  }
  return { text: editDocument(text, operations), outcomes };
}

/** A text with every record in it taken back, as `outrider uninject` does. */
export function undoText(text: string): string {
  const operations = tasksOf(text).flatMap((template) =>
    taskUndoOperations(template).map((each) => ({ ...each, path: pointerInDocument(template, each.path) })),
  );
  return editDocument(text, operations);
}

/** The data of a text with its order of keys. */
export function dataOf(text: string): string {
  return JSON.stringify(readManifests(text, 'test').map(({ value }) => value));
}
