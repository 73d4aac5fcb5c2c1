import type { DoctorFinding } from './finding.js';
import { atLeast, parseVersion } from './version.js';

/** A value of a template that is only known at deployment, such as a `!Ref`. */
export interface AtDeployment {
  /** What is there instead, for people. */
  readonly atDeployment: string;
}
/** A text as a file states it; `undefined` where the file says nothing. */
export type Stated = string | AtDeployment | undefined;

/** A service that runs a task, as a template has it. */
export interface ServiceFacts {
  readonly name: string;
  readonly launchType: Stated;
  readonly platformVersion: Stated;
}

/** What is in a file about a task. */
export interface TaskFacts {
  readonly format: 'ecs' | 'cloudformation' | 'dockerrun';
  /** The family, or the resource's name in a template. */
  readonly family: string;
  /** FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES; empty where the file does not say. */
  readonly launchTypes: readonly string[];
  /** Some launch type is only known at deployment. */
  readonly launchTypeAtDeployment: boolean;
  readonly operatingSystem: Stated;
  readonly architecture: Stated;
  readonly networkMode: Stated;
  readonly pidMode: Stated;
  /** Services of the same template that run the task. */
  readonly services: readonly ServiceFacts[];
  /** Names of containers that state neither entryPoint nor command, or leave one of them to deployment. */
  readonly silentContainers: readonly string[];
}

/** What is to be said about a task definition. */
export interface TaskReport {
  readonly family: string;
  readonly format: TaskFacts['format'];
  /** FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES; empty where the file does not say. */
  readonly launchTypes: readonly string[];
  readonly findings: readonly DoctorFinding[];
}

/** Looks at a task definition. Pure. */
export function examineTask(facts: TaskFacts): TaskReport {
  const launchTypes = launchTypesOf(facts);
  const about = { family: facts.family, format: facts.format, launchTypes };
  if (facts.format === 'dockerrun') {
    return { ...about, findings: [beanstalkAgent, beanstalkPid, beanstalkNetwork, ...entrypoints(facts)] };
  }
  const { operatingSystem } = facts;
  if (typeof operatingSystem === 'string' && operatingSystem.startsWith('WINDOWS')) {
    return { ...about, findings: [windows(operatingSystem)] };
  }
  const fargate = launchTypes.includes('FARGATE');
  return {
    ...about,
    findings: [
      ...(isOpen(operatingSystem) ? [open('platform', operatingSystem, 'Windows has no agent')] : []),
      launchType(launchTypes, facts.launchTypeAtDeployment),
      architecture(facts.architecture),
      pidMode(facts.pidMode, fargate),
      ...(fargate ? platformVersions(facts.services) : []),
      capability(fargate),
      networkMode(facts.networkMode, launchTypes),
      ...entrypoints(facts),
    ],
  };
}

/** What the task requires; where it says nothing, what the template's services start it as. */
function launchTypesOf({ launchTypes, services }: TaskFacts): readonly string[] {
  if (launchTypes.length > 0) return launchTypes;
  return [...new Set(services.flatMap(({ launchType: type }) => (typeof type === 'string' ? [type] : [])))];
}

function isOpen(value: Stated): value is AtDeployment {
  return typeof value === 'object';
}

function open(check: string, { atDeployment }: AtDeployment, matter: string): DoctorFinding {
  return {
    check,
    result: 'note',
    detail: `${atDeployment} is only known at deployment; ${matter}`,
    remedy: 'write the value out, or look at the deployed task: aws ecs describe-task-definition',
    source: 'cloudFormation',
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

function launchType(launchTypes: readonly string[], atDeployment: boolean): DoctorFinding {
  const about = { check: 'node agent', source: 'datadogRequirements' } as const;
  if (launchTypes.includes('FARGATE')) {
    const detail = 'Fargate has no host to run it on';
    return { ...about, result: 'note', detail, remedy: 'use ptrace instrumentation: profile sysdig or datadog' };
  }
  if (launchTypes.includes('EC2')) {
    const detail = 'an agent on the instances sees this task too, and is better than ptrace';
    return { ...about, result: 'ok', detail, remedy: 'outrider render datadog-node --for ecs-ec2' };
  }
  if (launchTypes.includes('EXTERNAL')) {
    const detail =
      'EXTERNAL runs on machines of your own: an agent on them sees this task too, and is better than ptrace';
    return { ...about, result: 'ok', detail, remedy: 'outrider render datadog-node --for host' };
  }
  const [other] = launchTypes;
  if (other !== undefined) {
    const detail = `${other}: whether an agent can run on the instances is not verified`;
    return { ...about, result: 'note', detail, remedy: 'use ptrace instrumentation: profile sysdig or datadog' };
  }
  return {
    ...about,
    result: 'note',
    detail: atDeployment
      ? 'the launch type (requiresCompatibilities) is only known at deployment'
      : 'the file does not say FARGATE or EC2 (requiresCompatibilities)',
    remedy: 'set requiresCompatibilities; on EC2 an agent on the instances is better than ptrace',
  };
}

function architecture(value: Stated): DoctorFinding {
  const about = { check: 'architecture', source: 'ecsArm64' } as const;
  if (isOpen(value)) return open('architecture', value, 'the vendors’ images are for X86_64 and ARM64');
  if (value === 'ARM64') {
    const detail = 'ARM64: the vendors’ images have it; a mirror of theirs may hold X86_64 alone';
    return { ...about, result: 'ok', detail };
  }
  if (value === undefined || value === 'X86_64') {
    return { ...about, result: 'ok', detail: value ?? 'not set: X86_64, the default' };
  }
  const detail = `${value}, and ECS knows X86_64 and ARM64`;
  return { ...about, result: 'problem', detail, remedy: 'set runtimePlatform.cpuArchitecture to X86_64 or ARM64' };
}

function pidMode(mode: Stated, fargate: boolean): DoctorFinding {
  const about = { check: 'pidMode', source: 'ecsPidMode' } as const;
  if (isOpen(mode)) return open('pidMode', mode, 'tracer and agent need task');
  if (mode === 'task') return { ...about, result: 'ok', detail: 'task: the containers share one process namespace' };
  if (mode === 'host' && fargate) {
    return { ...about, result: 'problem', detail: 'host, which Fargate refuses', remedy: 'set pidMode to task' };
  }
  if (mode === 'host') {
    const detail = 'host: the agent sees every process of the instance';
    return { ...about, result: 'note', detail, remedy: 'set pidMode to task unless the task needs the host’s' };
  }
  const found = mode === undefined ? 'not set' : mode;
  return {
    ...about,
    result: 'note',
    detail: `${found}, and tracer and agent need task`,
    remedy: 'outrider inject sets it',
  };
}

function platformVersions(services: readonly ServiceFacts[]): readonly DoctorFinding[] {
  const about = { check: 'platform version', source: 'fargatePlatform' } as const;
  const needs = 'pidMode and SYS_PTRACE need Fargate platform version 1.4.0 or newer';
  const remedy = 'use LATEST, or at least 1.4.0, in the service or in run-task';
  if (services.length === 0) {
    const detail = `${needs}; it stands in the service, not in this file`;
    return [{ ...about, result: 'note', detail, remedy }];
  }
  return services.map(({ name, platformVersion: value = 'LATEST' }) => {
    if (isOpen(value)) return open(about.check, value, needs);
    const version = parseVersion(value);
    if (value === 'LATEST' || (version !== undefined && atLeast(version, [1, 4, 0]))) {
      return { ...about, result: 'ok', detail: `service ${name}: ${value}` };
    }
    return { ...about, result: 'problem', detail: `service ${name}: ${value}, and ${needs}`, remedy };
  });
}

function capability(fargate: boolean): DoctorFinding {
  const detail = fargate ? 'SYS_PTRACE is the one capability that Fargate allows' : 'SYS_PTRACE can be added';
  return { check: 'SYS_PTRACE', result: 'ok', detail, source: 'ecsPidMode' };
}

function networkMode(mode: Stated, launchTypes: readonly string[]): DoctorFinding {
  const about = { check: 'networkMode', source: 'ecsPidMode' } as const;
  if (isOpen(mode)) return open('networkMode', mode, 'tracer and agent need awsvpc, to share one localhost');
  const external = launchTypes.includes('EXTERNAL');
  if (mode === 'awsvpc' && external) {
    const detail = 'awsvpc, which machines outside of AWS do not have';
    return { ...about, result: 'problem', detail, remedy: 'use host, or an agent on the machines' };
  }
  if (mode === 'awsvpc') return { ...about, result: 'ok', detail: 'awsvpc: tracer and agent share one localhost' };
  if (launchTypes.includes('FARGATE')) {
    const detail = `${mode ?? 'not set'}, and Fargate takes awsvpc alone`;
    return { ...about, result: 'problem', detail, remedy: 'set networkMode to awsvpc' };
  }
  const remedy = external
    ? 'use host, or an agent on the machines: outrider render datadog-node --for host'
    : 'use awsvpc, or an agent on the instances: outrider render datadog-node --for ecs-ec2';
  if (mode === 'host') {
    const detail = 'host: the agent’s ports (5678, 32000) can collide on an instance with those of another task';
    return { ...about, result: 'note', detail, remedy: external ? 'run one such task a machine' : 'use awsvpc' };
  }
  return {
    ...about,
    result: 'problem',
    detail: `${mode ?? 'bridge, the default'}: each container has a localhost of its own, so the tracer does not reach the agent there`,
    remedy,
  };
}

const beanstalkAgent: DoctorFinding = {
  check: 'node agent',
  result: 'ok',
  detail: 'Elastic Beanstalk runs these containers on instances: an agent on them is better than ptrace',
  remedy: 'outrider render datadog-node --for beanstalk',
  source: 'dockerrun',
};

const beanstalkPid: DoctorFinding = {
  check: 'pidMode',
  result: 'note',
  detail: 'a Dockerrun file has none, so the agent does not see the workload’s processes',
  remedy: 'use an agent on the instances, or an ECS task definition',
  source: 'dockerrun',
};

const beanstalkNetwork: DoctorFinding = {
  check: 'networkMode',
  result: 'problem',
  detail: 'bridge: each container has a localhost of its own, so the tracer does not reach the agent there',
  remedy: 'use an agent on the instances: outrider render datadog-node --for beanstalk',
  source: 'dockerrun',
};

/** Containers whose program is in the image alone: it has to be known before it can be wrapped. */
function entrypoints({ silentContainers }: TaskFacts): readonly DoctorFinding[] {
  if (silentContainers.length === 0) return [];
  return [
    {
      check: 'entrypoints',
      result: 'note',
      detail: `${silentContainers.join(', ')}: what is started does not stand in this file`,
      remedy: 'give entryPoint or command, or --image-config to outrider inject, or let it look the image up',
      source: 'ecs',
    },
  ];
}
