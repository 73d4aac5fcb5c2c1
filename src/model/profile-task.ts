import { z } from 'zod';
import { absolutePath, argSchema, condition, envName, settingName, template } from './profile-parts.js';

const taskEnvSchema = z.strictObject({
  name: envName.describe('Name of the variable.'),
  value: template.optional().describe('The value. The variable is left out when a setting in it has no value.'),
  secretFrom: settingName
    .optional()
    .describe('The setting with the ARN of the secret that ECS reads the value from. Never a value in plain text.'),
  dockerrunPlaceholder: z
    .string()
    .min(1)
    .optional()
    .describe('What stands for a secret in a new container of a Dockerrun file, which has no secrets; for people.'),
  containersSetting: settingName
    .optional()
    .describe(
      'The setting with the names of the only containers that get the variable, separated by commas; without it, none does. For variables of an instrumented container.',
    ),
  fargateOnly: z.boolean().default(false).describe('Whether the variable is for tasks on Fargate only.'),
  when: condition.optional().describe('When the variable is used.'),
});

const taskAgentSchema = z.strictObject({
  name: template.describe('Name of the container in the task.'),
  image: template.optional().describe('Image of the agent. Default: the agent’s image.'),
  repositories: z
    .array(z.string().min(1))
    .default([])
    .describe('Other repositories of the same image, by which an agent that is there is known.'),
  env: z.array(taskEnvSchema).default([]).describe('Variables of the agent.'),
  capabilities: z.array(z.string()).default([]).describe('Capabilities of the agent.'),
  hostMounts: z
    .array(
      z.strictObject({
        volume: z.string().min(1).max(255).describe('Name of the volume in the task.'),
        path: absolutePath.describe('Path on the container instance.'),
        mountPath: absolutePath.describe('Where the agent sees it.'),
        readOnly: z.boolean().default(false).describe('Whether the agent may only read.'),
      }),
    )
    .default([])
    .describe('Parts of the container instance that the agent sees. Such a task is not for Fargate, which has none.'),
  dockerrunSecurityOptions: z
    .array(z.string().min(1))
    .default([])
    .describe('dockerSecurityOptions of the agent in a Dockerrun file.'),
  memoryLimitSetting: settingName
    .optional()
    .describe('The setting with its memory limit in MiB, which then stands for memoryReservationMiB.'),
  memorySetting: settingName
    .optional()
    .describe('The setting with its memory limit in MiB, which is written wherever it is given.'),
  cpuSetting: settingName.optional().describe('The setting with its CPU units.'),
  repositoryCredentialsSetting: settingName
    .optional()
    .describe('The setting with the ARN of the secret with which ECS pulls the images of the added containers.'),
  memoryReservationMiB: z
    .int()
    .min(4)
    .default(256)
    .describe('Memory that is set aside for it, in MiB, where the task as a whole sets none.'),
  healthCheck: z
    .strictObject({
      command: z.array(z.string()).min(1).describe('The command, with CMD or CMD-SHELL in front.'),
      intervalSeconds: z.int().min(5).max(300).default(30).describe('Time between two runs.'),
      timeoutSeconds: z.int().min(2).max(60).default(5).describe('Time that one run may take.'),
      retries: z.int().min(1).max(10).default(3).describe('Failed runs after which it counts as unhealthy.'),
      startPeriodSeconds: z.int().min(0).max(300).default(0).describe('Time in which failed runs do not count.'),
    })
    .optional()
    .describe('How ECS tells whether it is healthy.'),
  log: z
    .strictObject({
      driver: z.string().describe('Log driver, such as awslogs.'),
      options: z.record(z.string(), template).describe('Options of the driver; each must have its values.'),
      when: condition.optional().describe('When its output goes there.'),
    })
    .optional()
    .describe('Where its output goes.'),
});

/** How a profile is in tasks. */
export const taskSchema = z
  .strictObject({
    sharePidNamespace: z
      .boolean()
      .default(false)
      .describe('Whether the containers of the task share one process namespace (pidMode task).'),
    capabilities: z.array(z.string()).default([]).describe('Capabilities of an instrumented container.'),
    volume: z
      .strictObject({
        name: z.string().min(1).max(255).describe('Name of the volume in the task.'),
        init: z
          .strictObject({
            name: z.string().min(1).max(255).describe('Name of the container.'),
            image: template.optional().describe('Its image. Default: the image of volume.copy, else the agent’s.'),
            command: z.array(argSchema).min(1).describe('The command that fills the volume.'),
            user: z.string().optional().describe('User that it runs as.'),
          })
          .describe('The container that fills the volume, and ends.'),
      })
      .optional()
      .describe('The volume with the agent’s files. Absent: they come by volumesFrom the agent’s container.'),
    toolsPath: absolutePath
      .optional()
      .describe('Where an instrumented container sees the agent’s files, read-only; goes with spec.wrapper.'),
    env: z.array(taskEnvSchema).default([]).describe('Variables of an instrumented container.'),
    dependsOn: z
      .array(
        z.strictObject({
          part: z.enum(['agent', 'init']).describe('What an instrumented container waits for.'),
          condition: template.describe('START, COMPLETE, SUCCESS or HEALTHY.'),
        }),
      )
      .default([])
      .describe('What an instrumented container waits for.'),
    agent: taskAgentSchema.describe('The agent’s container.'),
  })
  .describe(
    'The recipe in ECS task definitions, CloudFormation templates and Dockerrun files. Without spec.wrapper, of the agent alone.',
  );

export type ProfileTask = z.infer<typeof taskSchema>;
export type ProfileTaskEnv = z.infer<typeof taskEnvSchema>;
