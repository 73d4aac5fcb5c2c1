import type { JsonObject } from '../../model/json.js';
import { agentCapabilities } from '../datadog-node.js';
import { agentVariables, hostParts } from './container.js';
import type { NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';

/** What stands for the API key where the format knows no reference to a secret. */
const keyPlaceholder = '<YOUR_DD_API_KEY>';

/**
 * Dockerrun.aws.json, version 2, with the Agent in it. The agent is not essential: its end does not take the
 * application's containers with it.
 */
export function beanstalk(options: NodeAgentOptions): Rendering {
  const container = {
    ...agentContainer(options),
    essential: false,
    environment: environment([['DD_API_KEY', keyPlaceholder], ...agentVariables(options)]),
    dockerSecurityOptions: ['apparmor:unconfined'],
  };
  const document = { AWSEBDockerrunVersion: 2, volumes: volumes(), containerDefinitions: [container] };
  return {
    files: [{ name: 'Dockerrun.aws.json', document, format: 'json' }],
    notes: [
      `Do not write the API key into the file: take the entry DD_API_KEY (${keyPlaceholder}) out and set it as an environment property of the environment, from a secret.`,
      'Put your own containers beside the Agent’s in containerDefinitions.',
      'The format has no pidMode: the Agent sees the machine’s processes by /host/proc.',
    ],
  };
}

/** A task definition for a daemon service on ECS instances. It is of no use on Fargate, which has no host. */
export function ecsOnEc2(options: NodeAgentOptions): Rendering {
  const document = {
    family: 'datadog-agent',
    requiresCompatibilities: ['EC2'],
    networkMode: 'bridge',
    pidMode: 'host',
    containerDefinitions: [
      {
        ...agentContainer(options),
        essential: true,
        environment: environment(agentVariables(options)),
        secrets: [{ name: 'DD_API_KEY', valueFrom: options.secretArn }],
      },
    ],
    volumes: volumes(),
  };
  return {
    files: [{ name: 'datadog-agent.task.json', document, format: 'json' }],
    notes: [
      'Add executionRoleArn: a role that may read the secret of DD_API_KEY; give its ARN by --set secretArn=….',
      'Run it as a service with the scheduling strategy DAEMON: one on each instance.',
      'On instances with AppArmor (ECS_APPARMOR_CAPABLE=true) add "dockerSecurityOptions": ["apparmor:unconfined"]; elsewhere that would keep the task from being placed.',
    ],
  };
}

function agentContainer({ image, memoryMiB }: NodeAgentOptions): JsonObject {
  return {
    name: 'datadog-agent',
    image,
    memory: memoryMiB,
    linuxParameters: { capabilities: { add: agentCapabilities } },
    mountPoints: hostParts.map(({ name, containerPath, readOnly }) => ({
      sourceVolume: name,
      containerPath,
      readOnly,
    })),
  };
}

function environment(variables: readonly (readonly [string, string])[]): readonly JsonObject[] {
  return variables.map(([name, value]) => ({ name, value }));
}

function volumes(): readonly JsonObject[] {
  return hostParts.map(({ name, path }) => ({ name, host: { sourcePath: path } }));
}
