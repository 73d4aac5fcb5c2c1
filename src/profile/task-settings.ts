import type { ProfileInput } from '../model/profile.js';

type Settings = NonNullable<ProfileInput['spec']['settings']>;
type Log = NonNullable<NonNullable<ProfileInput['spec']['task']>['agent']['log']>;

/** The settings that every vendor's recipe for tasks has. */
export function taskSettings(containerName: string, streamPrefix: string): Settings {
  return {
    containerName: {
      description: 'the name of the agent’s container in a task',
      default: containerName,
      pattern: '[A-Za-z0-9_-]{1,255}',
    },
    accessKeySecretArn: {
      description:
        'where ECS reads the access key from: the ARN of a secret of Secrets Manager, with :KEY:: behind it for one key of a JSON secret, or the ARN or name of a parameter of the Parameter Store; in a CloudFormation template also with ${Name} in it, as Fn::Sub takes it. Tasks only; a pod has its Secret',
      pattern:
        '(arn:(aws[a-z-]*|[$][{]AWS::Partition[}]):(secretsmanager|ssm):[A-Za-z0-9:/_+=.@{}$-]{1,1000}|/[A-Za-z0-9/_.-]{1,1000}|[$][{][A-Za-z0-9:.]{1,255}[}])',
    },
    registryCredentialsArn: {
      description:
        'the ARN of the secret of Secrets Manager with which ECS pulls the agent’s images from a private registry: their repositoryCredentials; in a CloudFormation template also with ${Name} in it',
      pattern:
        '(arn:(aws[a-z-]*|[$][{]AWS::Partition[}]):secretsmanager:[A-Za-z0-9:/_+=.@{}$-]{1,1000}|[$][{][A-Za-z0-9:.]{1,255}[}])',
    },
    taskCpu: {
      type: 'integer',
      description: 'the CPU units of the agent’s container in a task; 1024 are one vCPU',
      minimum: 1,
      maximum: 196608,
    },
    taskMemoryMiB: {
      type: 'integer',
      description:
        'the memory limit of the agent’s container in a task, in MiB; without it 256 MiB are set aside where the task as a whole sets none',
      minimum: 6,
      maximum: 1048576,
    },
    taskLogGroup: {
      description:
        'the CloudWatch log group of the agent’s output in a task; without it no log configuration is written',
      pattern: '[A-Za-z0-9/_.#-]{1,512}',
    },
    taskLogRegion: { description: 'the AWS region of taskLogGroup', pattern: '[a-z0-9-]{1,32}' },
    taskLogStreamPrefix: {
      description: 'what the names of the agent’s log streams start with',
      default: streamPrefix,
      pattern: '[A-Za-z0-9/_.-]{1,256}',
    },
  };
}

/** Which of them size the agent's container, and say how its images are pulled. */
export const taskSize = {
  repositoryCredentialsSetting: 'registryCredentialsArn',
  cpuSetting: 'taskCpu',
  memorySetting: 'taskMemoryMiB',
} as const;

/** The agent's output to CloudWatch, on request. */
export const taskLog: Log = {
  driver: 'awslogs',
  options: {
    'awslogs-group': '${settings.taskLogGroup}',
    'awslogs-region': '${settings.taskLogRegion}',
    'awslogs-stream-prefix': '${settings.taskLogStreamPrefix}',
  },
  when: { setting: 'taskLogGroup' },
};
