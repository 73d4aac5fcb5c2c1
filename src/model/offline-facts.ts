import { z } from 'zod';
import { imagesSchema } from './image-map.js';

const label = z.string().max(316);

const labelsSchema = z.record(label, z.string().max(63));

const texts = z.array(z.string().min(1).max(512)).max(1000);

/**
 * What is taken for true of the cluster, under the names of the settings. Their own rules are checked where they are read
 * as settings.
 */
export const clusterFactsSchema = z.strictObject({
  nativeSidecars: z.boolean().exactOptional().describe('Every node runs native sidecars. Default: true.'),
  imageVolumes: z.boolean().exactOptional().describe('Every node mounts image volumes with subPath. Default: false.'),
  podSecurityDefault: z
    .enum(['privileged', 'baseline', 'restricted'])
    .exactOptional()
    .describe('Pod Security level of namespaces that have no label for it. Default: privileged.'),
  openshift: z.boolean().exactOptional().describe('The cluster is OpenShift. Default: false.'),
  toolsImage: z.string().min(1).max(1024).exactOptional().describe('Image with the copier: Outrider’s own.'),
  agentUser: z.int().exactOptional().describe('Uid and gid of what Outrider adds.'),
  imageRewrites: texts.exactOptional().describe('FROM=TO: prefixes of the images that Outrider adds.'),
  sandboxedRuntimeClasses: texts.exactOptional().describe('Names of runtime classes that are sandboxes, as globs.'),
  excludedNamespaces: texts.exactOptional().describe('Namespaces in which no pod is ever touched.'),
  maxContainers: z.int().exactOptional().describe('Most containers of a pod that is instrumented.'),
});

/** Labels of namespaces, by the namespaces’ names. */
export const namespaceFactsSchema = z
  .record(z.string().min(1).max(63), labelsSchema)
  .describe('Labels of namespaces, by name. They win over those of Namespace manifests.');

/** What files say of a cluster that nobody asks: the same documents and facts give the same decision everywhere. */
export const factsSchema = z.strictObject({
  namespaces: namespaceFactsSchema.exactOptional(),
  images: imagesSchema.exactOptional(),
  cluster: clusterFactsSchema.exactOptional().describe('What is true of the cluster, as the settings have it.'),
  missingSecrets: z
    .array(z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'must be NAMESPACE/NAME'))
    .max(1000)
    .exactOptional()
    .describe(
      'Secrets with an access key that are known to be missing, as NAMESPACE/NAME. Of others nothing is known.',
    ),
});

export type OfflineFacts = z.infer<typeof factsSchema>;
export type ClusterFactsInput = z.infer<typeof clusterFactsSchema>;
