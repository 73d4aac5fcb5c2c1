import { names } from '../model/names.js';
import type { StringMap } from '../model/selector.js';
import type { TaskTemplate, UnknownTag } from '../model/task.js';

/** What a task's tags say about its instrumentation, in our words. */
export interface TaskTags {
  /** The tags as labels: a task has no namespace, so they stand for the labels of both pod and namespace. */
  readonly labels: StringMap;
  /** Names of containers, in the form of the annotation `outrider.dev/containers`; `undefined` when none are named. */
  readonly containers: string | undefined;
  readonly ignored: ReadonlySet<string>;
}

/** Tags by which a task's author takes the task, or containers of it, out. */
const narrowing: ReadonlySet<string> = new Set([
  ...[names.inject, names.containers],
  ...['kilt-ignore', 'kilt-include-containers', 'kilt-ignore-containers'],
]);

/** Of the tags that only deployment knows, one that may take the task or containers of it out (W33). */
export function unknownNarrowing({ unknownTags = [] }: TaskTemplate): UnknownTag | undefined {
  return unknownTags.find(({ tag }) => tag !== undefined && narrowing.has(tag));
}

/**
 * Reads the tags: ours, and those of the vendor's CloudFormation patcher (`kilt-include`, `kilt-ignore`,
 * `kilt-include-containers`, which opts in as well, and `kilt-ignore-containers` with names separated by colons). Ours
 * win.
 */
export function readTags(tags: StringMap): TaskTags {
  const ignore = isOn(tags['kilt-ignore']);
  const included = namesIn(tags['kilt-include-containers']);
  const inject = ignore ? 'disabled' : isOn(tags['kilt-include']) || included.length > 0 ? 'enabled' : undefined;
  return {
    labels: { ...(inject === undefined ? {} : { [names.inject]: inject }), ...tags },
    // A tag's value may hold no comma on every service, so blanks and colons part names as well.
    containers:
      tags[names.containers]?.replaceAll(/[:\s]+/g, ',') ?? (included.length > 0 ? included.join(',') : undefined),
    ignored: new Set(namesIn(tags['kilt-ignore-containers'])),
  };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value.toLowerCase() !== 'false';
}

function namesIn(value: string | undefined): readonly string[] {
  return (value ?? '').split(':').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}
