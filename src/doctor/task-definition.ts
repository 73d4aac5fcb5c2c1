import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from '../model/json.js';
import { OutriderError } from '../model/error.js';
import type { DoctorFinding } from './finding.js';

/** What could be read of an ECS task definition. */
export interface TaskReport {
  readonly family: string;
  /** FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES; empty where the file does not say. */
  readonly launchTypes: readonly string[];
  readonly findings: readonly DoctorFinding[];
}

/**
 * Looks at a task definition as it is registered, or as `describe-task-definition` prints it. Pure.
 *
 * @throws OutriderError `document_invalid` for what is no task definition
 */
export function examineTask(document: JsonValue, file: string): TaskReport {
  const outer = objectOf(document);
  const task = objectOf(outer?.['taskDefinition']) ?? outer;
  if (task === undefined || listOf(task['containerDefinitions']).filter(isObject).length === 0) {
    const message = `${file}: there are no containerDefinitions in it; give an ECS task definition as JSON.`;
    throw new OutriderError('document_invalid', message, { file });
  }
  const launchTypes = stringsOf(task['requiresCompatibilities']) ?? [];
  const platform = stringOf(objectOf(task['runtimePlatform'])?.['operatingSystemFamily']) ?? 'LINUX';
  const family = stringOf(task['family']) ?? '?';
  if (platform.startsWith('WINDOWS')) return { family, launchTypes, findings: [windows(platform)] };
  const fargate = launchTypes.includes('FARGATE');
  return {
    family,
    launchTypes,
    findings: [
      nodeAgent(launchTypes, fargate),
      pidMode(stringOf(task['pidMode']), fargate),
      ...(fargate ? [platformVersion] : []),
      capability(fargate),
      network(stringOf(task['networkMode']), fargate),
      ...entrypoints(task),
    ],
  };
}

function windows(platform: string): DoctorFinding {
  return {
    check: 'platform',
    result: 'problem',
    detail: `${platform}: neither agent runs there`,
    remedy: 'leave the task alone, or run the workload on Linux',
    source: 'datadogRequirements',
  };
}

function nodeAgent(launchTypes: readonly string[], fargate: boolean): DoctorFinding {
  const about = { check: 'node agent', source: 'datadogRequirements' } as const;
  if (fargate) {
    const detail = 'Fargate has no host to run it on';
    return { ...about, result: 'note', detail, remedy: 'use ptrace instrumentation: profile sysdig or datadog' };
  }
  if (launchTypes.includes('EC2')) {
    const detail = 'an agent on the instances sees this task too, and is better than ptrace';
    return { ...about, result: 'ok', detail, remedy: 'outrider render datadog-node --for ecs-ec2' };
  }
  return {
    ...about,
    result: 'note',
    detail: 'the file does not say FARGATE or EC2 (requiresCompatibilities)',
    remedy: 'set requiresCompatibilities; on EC2 an agent on the instances is better than ptrace',
  };
}

function pidMode(mode: string | undefined, fargate: boolean): DoctorFinding {
  const about = { check: 'pidMode', source: 'ecsPidMode' } as const;
  if (mode === 'task') return { ...about, result: 'ok', detail: 'task: the containers share one process namespace' };
  if (mode === 'host' && fargate) {
    return { ...about, result: 'problem', detail: 'host, which Fargate refuses', remedy: 'set pidMode to task' };
  }
  if (mode === 'host') {
    const detail = 'host: the agent sees every process of the instance';
    return { ...about, result: 'note', detail, remedy: 'set pidMode to task unless the task needs the host’s' };
  }
  return {
    ...about,
    result: 'note',
    detail: 'not set, and tracer and agent need task',
    remedy: 'outrider inject sets it',
  };
}

const platformVersion: DoctorFinding = {
  check: 'platform version',
  result: 'note',
  detail:
    'pidMode and SYS_PTRACE need Fargate platform version 1.4.0 or newer; it stands in the service, not in this file',
  remedy: 'use LATEST, or at least 1.4.0, in the service or in run-task',
  source: 'ecsPidMode',
};

function capability(fargate: boolean): DoctorFinding {
  const detail = fargate ? 'SYS_PTRACE is the one capability that Fargate allows' : 'SYS_PTRACE can be added';
  return { check: 'SYS_PTRACE', result: 'ok', detail, source: 'ecsPidMode' };
}

function network(mode: string | undefined, fargate: boolean): DoctorFinding {
  const about = { check: 'networkMode', source: 'ecsPidMode' } as const;
  if (mode === 'awsvpc') return { ...about, result: 'ok', detail: 'awsvpc: tracer and agent share one localhost' };
  if (fargate) {
    const detail = `${mode ?? 'not set'}, and Fargate takes awsvpc alone`;
    return { ...about, result: 'problem', detail, remedy: 'set networkMode to awsvpc' };
  }
  if (mode === 'host') {
    const detail = 'host: the agent’s ports (5678, 32000) can collide on an instance with those of another task';
    return { ...about, result: 'note', detail, remedy: 'use awsvpc' };
  }
  return {
    ...about,
    result: 'problem',
    detail: `${mode ?? 'bridge, the default'}: each container has a localhost of its own, so the tracer does not reach the agent there`,
    remedy: 'use awsvpc, or an agent on the instances: outrider render datadog-node --for ecs-ec2',
  };
}

/** Containers whose program stands in the image alone: it has to be known before it can be wrapped. */
function entrypoints(task: JsonObject): readonly DoctorFinding[] {
  const silent = listOf(task['containerDefinitions'])
    .filter(isObject)
    .filter((container) => [container['entryPoint'], container['command']].every((argv) => listOf(argv).length === 0))
    .map((container) => stringOf(container['name']) ?? '?');
  if (silent.length === 0) return [];
  return [
    {
      check: 'entrypoints',
      result: 'note',
      detail: `${silent.join(', ')}: what the image starts is not in this file`,
      remedy: 'give entryPoint or command, or --image-config to outrider inject',
      source: 'outrider',
    },
  ];
}
