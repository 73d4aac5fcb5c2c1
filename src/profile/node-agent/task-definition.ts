import type { JsonObject } from '../../model/json.js';
import type { TaskAgent } from '../../model/task-recipe.js';
import type { NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';

/** What is where the ARN of the key's secret belongs and none is given. */
const arnPlaceholder = 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME';

/**
 * Dockerrun.aws.json, version 2, with the Agent in it. The agent is not essential: its end does not take the
 * application's containers with it.
 */
export function beanstalk({ agent }: NodeAgentOptions): Rendering {
  const placeholders = agent.secrets.flatMap(({ name, dockerrunPlaceholder: value }) =>
    value === undefined ? [] : [{ name, value }],
  );
  const container = {
    ...agentContainer(agent),
    essential: false,
    environment: [...placeholders, ...environment(agent)],
    dockerSecurityOptions: agent.dockerrunSecurityOptions,
  };
  const document = { AWSEBDockerrunVersion: 2, volumes: volumes(agent), containerDefinitions: [container] };
  return {
    files: [{ name: 'Dockerrun.aws.json', document, format: 'json' }],
    notes: [
      ...placeholders.map(
        ({ name, value }) =>
          `Do not write the API key into the file: take the entry ${name} (${value}) out and set it as an environment property of the environment, from a secret.`,
      ),
      'To add the Agent to your own Dockerrun.aws.json: outrider inject -f Dockerrun.aws.json --profile datadog-node.',
      'The format has no pidMode: the Agent sees the machine’s processes by /host/proc.',
    ],
  };
}

/** A task definition for a daemon service on ECS instances. It is useless on Fargate, which has no host. */
export function ecsOnEc2({ agent }: NodeAgentOptions): Rendering {
  const document = {
    family: 'datadog-agent',
    requiresCompatibilities: ['EC2'],
    networkMode: 'bridge',
    pidMode: 'host',
    containerDefinitions: [
      {
        ...agentContainer(agent),
        essential: true,
        environment: environment(agent),
        secrets: agent.secrets.map(({ name, valueFrom }) => ({ name, valueFrom: valueFrom ?? arnPlaceholder })),
      },
    ],
    volumes: volumes(agent),
  };
  return {
    files: [{ name: 'datadog-agent.task.json', document, format: 'json' }],
    notes: [
      `Add executionRoleArn: a role that may read the secret of DD_API_KEY; give its ARN by --set ${agent.secretSetting ?? ''}=….`,
      'Run it as a service with the scheduling strategy DAEMON: one on each instance.',
      'On instances with AppArmor (ECS_APPARMOR_CAPABLE=true) add "dockerSecurityOptions": ["apparmor:unconfined"]; elsewhere that would keep the task from being placed.',
    ],
  };
}

function agentContainer({ name, image, memoryLimitMiB, capabilities, hostMounts, log }: TaskAgent): JsonObject {
  return {
    name,
    image,
    memory: memoryLimitMiB,
    linuxParameters: { capabilities: { add: capabilities } },
    mountPoints: hostMounts.map(({ volume, mountPath, readOnly }) => ({
      sourceVolume: volume,
      containerPath: mountPath,
      readOnly,
    })),
    ...(log === undefined ? {} : { logConfiguration: { logDriver: log.driver, options: log.options } }),
  };
}

function environment({ env }: TaskAgent): readonly JsonObject[] {
  return env.map(({ name, value }) => ({ name, value }));
}

function volumes({ hostMounts }: TaskAgent): readonly JsonObject[] {
  return hostMounts.map(({ volume, path }) => ({ name: volume, host: { sourcePath: path } }));
}
