import { listOf, objectOf, stringOf, type JsonObject } from './json.js';

/** Where in its object a pod template is. */
export interface TemplatePlace {
  readonly kind: string;
  /** JSON pointer of the template. */
  readonly path: string;
}

/**
 * How many pods an object asks for of one of its templates: those that run at once, without the surge of a rollout. For a
 * DaemonSet, what its controller counted. For what runs now and then, the pods of one run; none while it is suspended.
 *
 * @returns `undefined` where the object does not say
 */
export function replicasOf(object: JsonObject, { kind, path }: TemplatePlace): number | undefined {
  const spec = objectOf(object['spec']) ?? {};
  switch (kind) {
    case 'Pod':
      return 1;
    case 'DaemonSet':
      return countOf(objectOf(object['status'])?.['desiredNumberScheduled']);
    case 'Job':
      // Volcano's Jobs have several templates.
      return path.startsWith('/spec/tasks/') ? ofTask(spec, path) : ofJob(spec);
    case 'CronJob':
      return spec['suspend'] === true ? 0 : ofJob(objectOf(objectOf(spec['jobTemplate'])?.['spec']) ?? {});
    case 'JobSet': {
      const job = objectOf(listOf(spec['replicatedJobs'])[indexIn(path, 'replicatedJobs')]) ?? {};
      const each = ofJob(objectOf(objectOf(job['template'])?.['spec']) ?? {});
      return spec['suspend'] === true ? 0 : (countOf(job['replicas']) ?? 1) * each;
    }
    case 'LeaderWorkerSet': {
      const groups = countOf(spec['replicas']) ?? 1;
      const size = countOf(objectOf(spec['leaderWorkerTemplate'])?.['size']) ?? 1;
      const hasLeader = objectOf(objectOf(spec['leaderWorkerTemplate'])?.['leaderTemplate']) !== undefined;
      if (path.endsWith('/leaderTemplate')) return groups;
      return groups * (hasLeader ? Math.max(0, size - 1) : size);
    }
    case 'ScaledJob':
      return undefined;
    default:
      return countOf(spec['replicas']) ?? 1;
  }
}

function ofTask({ tasks }: JsonObject, path: string): number {
  return countOf(objectOf(listOf(tasks)[indexIn(path, 'tasks')])?.['replicas']) ?? 1;
}

/** The pods of a Job that run at once. */
function ofJob(spec: JsonObject): number {
  if (spec['suspend'] === true) return 0;
  const parallelism = countOf(spec['parallelism']) ?? 1;
  const completions = countOf(spec['completions']);
  return completions === undefined ? parallelism : Math.min(parallelism, completions);
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The index behind a list's name in a pointer. */
function indexIn(path: string, list: string): number {
  const keys = path.split('/');
  return Number(stringOf(keys[keys.indexOf(list) + 1]) ?? 0);
}
