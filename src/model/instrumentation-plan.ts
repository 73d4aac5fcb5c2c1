import { z } from 'zod';
import { metadataSchema, objectName } from './policy.js';
import { apiVersion } from './names.js';

// What the API server is given to instrument pods by itself: the parameters of its policies. Only Outrider writes them. Each
// list and map is replaced as a whole, so that nothing is kept of who wrote which of its members.

const atomicList = { 'x-kubernetes-list-type': 'atomic' } as const;
const atomicMap = { 'x-kubernetes-map-type': 'atomic' } as const;

/** Most bytes of a reference that is among the parameters. */
export const longestReference = 4096;

const words = z.array(z.string()).meta(atomicList);
const texts = z.record(z.string(), z.string()).meta(atomicMap);
/** A part as it stands in a pod once the API server has filled its defaults in. */
const part = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true, ...atomicMap });
const parts = z.array(part).meta(atomicList);

const imageArgvSchema = z.strictObject({
  entrypoint: words.describe('The image’s ENTRYPOINT, each $ doubled.'),
  cmd: words.describe('The image’s CMD, each $ doubled.'),
});
/** What an image starts, as it is written into a pod: each `$` doubled. */
export type ImageArgv = z.infer<typeof imageArgvSchema>;

const numbers = z.array(z.int()).meta(atomicList);
const pattern = z.string();

const termsSchema = z.strictObject({
  token: parts.describe(
    'What the volume with the ServiceAccount’s token is made of, where the agent gets that; else empty.',
  ),
  placed: z
    .boolean()
    .describe('Whether pods that say something about their node get it, too: no node makes a difference.'),
  native: z.boolean().describe('Whether the agent is a native sidecar.'),
  coversInit: z.boolean().describe('Whether init containers are started under the tracer.'),
  coversProbes: z.boolean().describe('Whether exec probes are.'),
  coversLifecycle: z.boolean().describe('Whether lifecycle hooks are.'),
  mostContainers: z.int().describe('Pods with more containers are left to the webhook.'),
  files: z.string().describe('Folder of the agent’s files, with a slash at its end. Empty: none.'),
  reserved: z
    .record(z.string(), z.boolean())
    .meta(atomicMap)
    .describe('Names of variables that no container may set otherwise: a map, in which a name is found at once.'),
  ports: numbers.describe('Ports that the agent listens on.'),
  names: words.describe('What names of our containers and volumes begin with.'),
  users: numbers.describe('Uids that are the agent’s alone.'),
  hosts: words.describe('Hosts that the agent talks to.'),
  programs: words.describe('Programs of tracers: what starts with one is traced already.'),
  tracers: pattern.describe('Regular expression of images of other agents. Empty: none.'),
  includedNames: pattern.describe('Regular expression of the names of containers that are instrumented.'),
  includedImages: pattern.describe('The same of their images.'),
  excludedNames: pattern.describe('Regular expression of the names of containers that are left alone.'),
  excludedImages: pattern.describe('The same of their images.'),
});
/** What of a policy and its recipe the conditions go by. */
export type PlanTerms = z.infer<typeof termsSchema>;

const amountsSchema = z.strictObject({
  stamp: z.string().describe('What the annotation outrider.dev/plan says.'),
  resources: parts.describe('Of steps, agentInit and agentContainers, in this order.'),
});

const partsOfPlanSchema = z.strictObject({
  amounts: z
    .record(z.string(), amountsSchema)
    .meta(atomicMap)
    .describe(
      'Resources of our containers by what the pod’s own have: c where each limits its CPU, g where the pod is Guaranteed, else -; then e where one limits ephemeral storage, else -. What is not there is left to the webhook.',
    ),
  labels: texts.describe('Labels that a pod gets.'),
  annotations: texts.describe('Annotations that a pod gets, except for the autoscaler’s and that of the plan.'),
  evictable: z
    .string()
    .describe('Names of the volumes that the autoscaler may evict, separated by commas. Empty: none.'),
  wrapper: words.describe('What is in front of the argv of a container. Empty: nothing.'),
  env: parts.describe('Variables of each container.'),
  mounts: parts.describe('Mounts of each container.'),
  capabilities: words.describe('Capabilities of each container.'),
  volumes: parts.describe('Volumes of the pod.'),
  steps: parts.describe('Init containers that are in front of all others, without their resources.'),
  agentInit: parts.describe('The agent, where it is a native sidecar, without its resources.'),
  agentContainers: parts.describe('The agent, where it is a plain container, without its resources.'),
  shareProcessNamespace: z.boolean().describe('Whether the pod’s containers share a process namespace.'),
  terms: termsSchema.meta(atomicMap).describe('Which pods get it.'),
  pullSecrets: words.describe('Names of pull secrets that the pod gets where it has them not.'),
});
/** All that one version of a policy adds to the pods of one namespace. */
export type PartsOfPlan = z.infer<typeof partsOfPlanSchema>;

const specSchema = z
  .strictObject({
    podSecurity: z
      .string()
      .describe('The namespace’s label pod-security.kubernetes.io/enforce that the parts were made for. Empty: none.'),
    plans: z
      .array(partsOfPlanSchema)
      .min(1)
      .max(2)
      .meta(atomicList)
      .describe('What pods get: first what they get now, then what they got before.'),
    images: z
      .record(z.string().max(longestReference), imageArgvSchema)
      .meta(atomicMap)
      .describe('What images start, by the reference as it is written in pods.'),
  })
  .describe('What pods of one policy in one namespace get, for the API server’s own policies.');
/** The parameters of one policy in one namespace. */
export type PlanParameters = z.infer<typeof specSchema>;

const learnedImageSchema = z.strictObject({
  entrypoint: words.describe('The image’s ENTRYPOINT, as it says it.'),
  cmd: words.describe('The image’s CMD, as it says it.'),
  volumes: words.optional().describe('Paths at which a runtime makes volumes of the image’s own content.'),
  users: z.array(z.int().min(0)).meta(atomicList).optional().describe('Uids that the image’s USER gives as numbers.'),
  digest: z.string().max(256).optional().describe('What the reference named then.'),
  learnedAt: z.iso.datetime().describe('When a registry said so.'),
  usedAt: z.iso.datetime().describe('When a pod was last known to use it, to the hour.'),
});
/** What a look-up learned of an image. */
export type LearnedImage = z.infer<typeof learnedImageSchema>;

const learnedSchema = z
  .strictObject({
    images: z
      .record(z.string().max(longestReference), learnedImageSchema)
      .describe('What images start, by the reference as it is written in pods.'),
  })
  .describe(
    'What look-ups for pods of the namespace learned, from which replicas start: in an object of its own, which no policy reads.',
  );
export type LearnedImages = z.infer<typeof learnedSchema>;

/** Name of the object of a namespace that holds what was learned. No policy of this name is carried out by the API server. */
export const learnedPlanName = 'images.outrider.dev';

/**
 * An InstrumentationPlan: parameters of the API server’s policies. Namespaced, and of its policy’s name; one more in a
 * namespace has in place of a spec what was learned of images.
 */
export const instrumentationPlanSchema = z.looseObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('InstrumentationPlan'),
  metadata: metadataSchema.extend({ namespace: objectName }),
  spec: specSchema.optional(),
  learned: learnedSchema.optional(),
});
export type InstrumentationPlan = z.infer<typeof instrumentationPlanSchema>;
