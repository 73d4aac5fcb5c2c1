import { z } from 'zod';
import { apiVersion } from './names.js';
import { metadataSchema, quantityText, resourcesSchema } from './policy.js';
import {
  absolutePath,
  argSchema,
  condition,
  containerName,
  envName,
  settingName,
  settingValue,
  template,
} from './profile-parts.js';
import { taskSchema } from './profile-task.js';
import { validationRules, withRules } from './validation-rules.js';

const settingSchema = z
  .strictObject({
    type: z.enum(['string', 'integer', 'boolean']).default('string').describe('Type of its values.'),
    description: z.string().describe('What the setting does, for people.'),
    default: settingValue.optional().describe('Value when the policy gives none.'),
    required: z.boolean().default(false).describe('Whether a policy must give it.'),
    enum: z.array(settingValue).optional().describe('The values that are allowed.'),
    pattern: z.string().optional().describe('Regular expression that the whole value must match.'),
    minimum: z.int().optional().describe('Smallest integer that is allowed.'),
    maximum: z.int().optional().describe('Largest integer that is allowed.'),
    lookup: z
      .strictObject({
        setting: z.string().describe('The setting whose value is looked up.'),
        table: z
          .record(z.string(), z.string())
          .optional()
          .describe('From its values to this setting’s. Absent: the same value.'),
      })
      .optional()
      .describe('A default that follows from another setting.'),
  })
  .meta(withRules(validationRules.minimumBelowMaximum));

const envSchema = z
  .strictObject({
    name: envName.describe('Name of the variable.'),
    value: template.optional().describe('The value. The variable is left out when a setting in it has no value.'),
    fromField: z.string().optional().describe('Downward API field, such as spec.nodeName.'),
    fromSecret: z.literal('credentials').optional().describe('The access key, by secretKeyRef.'),
    when: condition.optional().describe('When the variable is used.'),
  })
  .meta(withRules(validationRules.oneSourceOfVariable));

const hostMountSchema = z.strictObject({
  volume: containerName.describe('Name of a volume of hostVolumes.'),
  mountPath: absolutePath.describe('Where the container sees it.'),
  readOnly: z.boolean().default(false).describe('Whether the container may only read.'),
});

const reservedVariable = z.union([
  envName,
  z
    .strictObject({
      name: envName.describe('Name of the variable.'),
      unset: z
        .string()
        .max(4096)
        .describe(
          'Value that means none. Under prefer: Security or optOut: Forbidden an instrumented container gets it, so that the image’s own value and envFrom lose.',
        ),
    })
    .describe('A variable with the value that means none.'),
]);

/** Reasons for which a profile leaves a pod alone; which apply is the profile's choice. */
export const obstacleSchema = z.enum([
  'host_network',
  'host_pid',
  'process_namespace_refused',
  'mirror_pod',
  'windows',
  'sandboxed_runtime',
  'virtual_node',
]);
export type Obstacle = z.infer<typeof obstacleSchema>;

const volumeSchema = z
  .strictObject({
    name: containerName.describe('Name of the volume in the pod.'),
    mountPath: absolutePath.describe('Where the workload sees the agent’s files, read-only.'),
    programFolders: z
      .array(z.string().max(255))
      .max(8)
      .default([])
      .describe(
        'Folders below mountPath with further programs, such as libexec: each is mounted once more at exactly its own path, as the wrapper’s is, so that nothing of an image can lie over it.',
      ),
    sizeLimit: quantityText
      .default('1Gi')
      .describe('Limit of each emptyDir; be generous: the kubelet evicts above it.'),
    copy: z
      .strictObject({
        image: template.optional().describe('Image that holds the files. Default: the agent’s image.'),
        name: containerName.describe('Name of the init container that fills the volume.'),
        toolsName: containerName
          .optional()
          .describe('Name of the init container that brings the copier. Default: NAME-tools.'),
        from: absolutePath.optional().describe('Folder of the image that Outrider’s copier copies.'),
        command: z
          .array(argSchema)
          .min(1)
          .optional()
          .describe('The vendor’s own command that fills the volume, which it sees at mountPath.'),
      })
      .refine((copy) => (copy.from === undefined) !== (copy.command === undefined), {
        message: 'give either from or command',
      })
      .optional()
      .describe('Delivery by copy into an emptyDir.'),
    imageVolume: z
      .strictObject({ subPath: z.string().optional().describe('Folder of the image that is mounted.') })
      .optional()
      .describe('Delivery by an image volume.'),
  })
  .meta(withRules(validationRules.volumeIsFilled));

const port = z.int().min(1).max(65535);
const protocol = z.enum(['TCP', 'UDP']).default('TCP');
const portOfProtocol = z
  .strictObject({ port, protocol: protocol.describe('What it is of.') })
  .describe('A port with its protocol.');
const portOfSetting = z
  .strictObject({
    setting: z.string().describe('The setting that holds the port, or an address that ends in :PORT.'),
    default: port.describe('The port when the setting has no value.'),
    protocol: protocol.describe('What it is of.'),
  })
  .describe('A port that a setting moves.');

const sidecarSchema = z
  .strictObject({
    name: containerName.describe('Name of the container in the pod.'),
    image: template.optional().describe('Image of the sidecar. Default: the agent’s image.'),
    argv: z.array(z.string()).optional().describe('What the image starts, where that is known; the keeper needs it.'),
    env: z.array(envSchema).max(256).default([]).describe('Variables of the agent.'),
    ports: z
      .array(z.union([port, portOfProtocol, portOfSetting]))
      .default([])
      .describe(
        'Ports it listens on in the pod, the one that the wrapper calls first: numbers of TCP ports, ports with a protocol, or settings that hold one.',
      ),
    resources: resourcesSchema.describe('Default resources; requests for cpu and memory are required.'),
    minimumLimits: z
      .record(z.string(), quantityText)
      .optional()
      .describe(
        'Limits below which nobody may bring the agent, by resource, as an autoscaler does. Default: the limits it is given.',
      ),
    runAs: z
      .enum(['Own', 'Workload'])
      .default('Own')
      .describe(
        'Own: a user of its own, so the workload cannot read its environment. Workload: the first wrapped container’s.',
      ),
    runAsUser: z.int().min(1).optional().describe('Its uid under runAs: Own, where the image needs a certain one.'),
    runAsGroup: z.int().min(0).optional().describe('Its gid under runAs: Own, where the image needs a certain one.'),
    readOnlyRootFilesystem: z.boolean().default(true).describe('Whether its root file system is read-only.'),
    apiAccess: z
      .boolean()
      .default(false)
      .describe(
        'Whether it asks the API server or the kubelet, with the token of the pod’s ServiceAccount. Without, no container of the instrumentation holds that token.',
      ),
  })
  .meta(withRules(validationRules.ownUserOnly));

const workloadPartSchema = z.strictObject({
  containers: z.array(z.string().min(1)).min(1).describe('Globs on container names.'),
  env: z.array(envSchema).max(256).default([]).describe('Variables of these containers.'),
  capabilities: z.array(z.string()).default([]).describe('Capabilities of these containers.'),
  mounts: z.array(hostMountSchema).default([]).describe('Host volumes that these containers mount.'),
});

const sessionSchema = z.strictObject({
  argv: z
    .array(argSchema)
    .min(1)
    .optional()
    .describe('What is put before a session’s command, if that is not what wrapper.argv says.'),
  relocatable: z
    .boolean()
    .default(false)
    .describe(
      'Whether the tracer also works with its files at another path than mountPath, as an image volume gives them to a debug container.',
    ),
});

const profileSpecSchema = z
  .strictObject({
    description: z.string().default('').describe('What the profile is for, for people.'),
    version: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,32}$/)
      .describe('Version of this recipe; it is stamped on pods.'),
    settings: z.record(settingName, settingSchema).default({}).describe('What a policy may set, by name.'),
    image: template.optional().describe('The agent’s image.'),
    credentials: z
      .strictObject({
        name: z.string().describe('Name of the Secret in the pod’s namespace.'),
        key: z.string().describe('Key in the Secret.'),
      })
      .optional()
      .describe('Secret that holds the access key, unless the policy names another.'),
    shareProcessNamespace: z
      .boolean()
      .default(false)
      .describe('Whether the pod’s containers share one process namespace.'),
    capabilities: z.array(z.string()).default([]).describe('Capabilities of an instrumented container.'),
    wrapper: z
      .strictObject({ argv: z.array(argSchema).min(1).describe('What is put before the original argv.') })
      .optional()
      .describe('The tracer that starts an instrumented container’s process.'),
    session: sessionSchema.optional().describe('How the tracer starts what a session starts.'),
    volume: volumeSchema.optional().describe('The volume with the agent’s files.'),
    env: z.array(envSchema).max(256).default([]).describe('Variables of an instrumented container.'),
    reservedEnv: z
      .array(reservedVariable)
      .default([])
      .describe('Variables that a pod must not set itself under optOut: Forbidden.'),
    hosts: z
      .array(template)
      .max(64)
      .default([])
      .describe(
        'Names of hosts that the agent talks to, beside those in its variables; *.NAME for all below one. A pod must not redirect them.',
      ),
    containers: z
      .array(workloadPartSchema)
      .max(32)
      .default([])
      .describe('Further parts for containers of certain names.'),
    hostVolumes: z
      .array(
        z.strictObject({
          name: containerName.describe('Name of the volume in the pod.'),
          path: absolutePath.describe('Path on the node.'),
          type: z.string().optional().describe('Type of the hostPath volume, such as Directory or Socket.'),
        }),
      )
      .default([])
      .describe('Parts of the node that the pod mounts.'),
    sidecar: sidecarSchema.optional().describe('The agent’s container beside the workload.'),
    skipWhen: z
      .array(obstacleSchema)
      .default([...obstacleSchema.options])
      .describe('For which kinds of pod the profile is not used.'),
    task: taskSchema.optional(),
  })
  .describe('A vendor’s recipe. Every part but the version is optional.');

/** An InstrumentationProfile: a vendor's recipe, as data. Cluster-scoped. */
export const profileSchema = z.looseObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('InstrumentationProfile'),
  metadata: metadataSchema,
  spec: profileSpecSchema,
});

export type Profile = z.infer<typeof profileSchema>;
/** A profile as it is written, before defaults. */
export type ProfileInput = z.input<typeof profileSchema>;
export type ProfileSpec = Profile['spec'];
export type ProfileEnv = z.infer<typeof envSchema>;
export type ProfileArg = z.infer<typeof argSchema>;
export type ProfileSetting = z.infer<typeof settingSchema>;
export type ProfileSidecar = z.infer<typeof sidecarSchema>;
export type ProfileVolume = z.infer<typeof volumeSchema>;
/** One value of a setting. */
export type SettingValue = z.infer<typeof settingValue>;
export type Condition = z.infer<typeof condition>;
/** Values of a profile's settings, by name. */
export type Settings = Readonly<Record<string, SettingValue>>;
