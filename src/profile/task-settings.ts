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
