import { parseConfiguration } from '../../documents/configuration/configuration.js';
import type { TextFile } from '../../documents/configuration/document-reader.js';
import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import { objectsIn } from '../../documents/manifest/objects.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import { configure } from '../../engine/configure.js';
import type { Engine } from '../../engine/engine.js';
import type { ImageConfig } from '../../model/image.js';
import { isObject, objectOf, stringMembersOf, stringOf } from '../../model/json.js';
import type { ClusterFactsInput, OfflineFacts } from '../../model/offline-facts.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';
import { clusterFacts } from '../../settings/cluster-facts.js';
import { readSettings } from '../../settings/settings.js';
import { together } from '../errors.js';
import { containerNames } from '../files/template-names.js';
import type { OpenImages } from '../image/open-images.js';
import type { Namespaces } from '../options/namespaces.js';
import { clusterSettingKeys, type ClusterSettings } from '../options/settings.js';
import type { OfflineEngine } from './engine.js';

/** The inputs of an engine that does not depend on its surroundings. */
export interface FixedInput {
  /** Policies, profiles, image maps and Namespaces. */
  readonly files: readonly TextFile[];
  /** Documents whose Namespaces also count, after those of the files. */
  readonly documents: readonly ManifestDocument[];
  readonly facts: OfflineFacts;
  /** Opens the sources that know images, those of files and facts first. */
  readonly openImages: (map: ReadonlyMap<string, ImageConfig>) => Promise<OpenImages> | OpenImages;
}

/** An engine made only of documents. */
export interface FixedEngine extends Pick<OfflineEngine, 'engine' | 'images' | 'imagesByText'> {
  /** The namespace of pods whose manifests name none. */
  namespaces(fallback: string): Namespaces;
}

/**
 * Makes an engine from documents and facts. Flags, environment variables and clusters have no influence, so the same files
 * give the same decisions everywhere.
 *
 * @throws OutriderError, or an AggregateError of them: everything that is wrong with the files and facts
 */
export async function fixedEngine({ files, documents, facts, openImages }: FixedInput): Promise<FixedEngine> {
  const settings = clusterSettings(facts.cluster);
  const parsed = parseConfiguration(files);
  const images = new Map([...parsed.configuration.images, ...Object.entries(facts.images ?? {})]);
  const configured = { ...parsed, configuration: { ...parsed.configuration, images } };
  const { rules, problems } = configure(configured, settings.imageRewrites);
  if (problems.length > 0) throw together(problems);
  const missing = new Set(facts.missingSecrets);
  const engine: Omit<Engine, 'images'> = {
    rules,
    facts: clusterFacts(settings),
    excludedNamespaces: new Set(settings.excludedNamespaces),
    secretState: (namespace, name) => (missing.has(`${namespace}/${name}`) ? 'missing' : 'unknown'),
  };
  const labels = namespaceLabels(parsed.configuration.namespaces, documents, facts);
  const opened = await openImages(references(images, documents));
  return {
    engine: { ...engine, images: opened.resolver },
    images: opened,
    imagesByText: images,
    namespaces: (fallback) => ({
      of: (template) => namespaceOf(template) ?? fallback,
      labels: (namespace) => namespaceLabelsOf(namespace, labels.get(namespace) ?? {}),
    }),
  };
}

/** The namespace that the template itself names. */
export function namespaceOf({ pod, namespace }: Pick<PodTemplate, 'pod' | 'namespace'>): string | undefined {
  return stringOf(objectOf(pod['metadata'])?.['namespace']) || namespace || undefined;
}

/** Leaves out the keys that only tasks use: container names with capitals, and texts with functions. */
function references(
  images: ReadonlyMap<string, ImageConfig>,
  documents: readonly ManifestDocument[],
): ReadonlyMap<string, ImageConfig> {
  const names = new Set(documents.flatMap(({ tasks }) => tasks.flatMap(containerNames)));
  return new Map([...images].filter(([text]) => !text.includes('${') && !(/[A-Z]/.test(text) && names.has(text))));
}

function clusterSettings(value: ClusterFactsInput = {}): ClusterSettings {
  return readSettings({ flags: {}, env: {}, file: { name: 'facts.cluster', value } }, clusterSettingKeys);
}

function namespaceLabels(
  configured: ReadonlyMap<string, StringMap>,
  documents: readonly ManifestDocument[],
  { namespaces = {} }: OfflineFacts,
): ReadonlyMap<string, StringMap> {
  const labels = new Map<string, StringMap>();
  for (const { value } of documents) {
    for (const { kind, apiVersion, name, value: object } of objectsIn(value)) {
      if (kind !== 'Namespace' || apiVersion !== 'v1' || name === undefined || !isObject(object['metadata'])) continue;
      labels.set(name, stringMembersOf(object['metadata']['labels']));
    }
  }
  for (const [name, given] of configured) labels.set(name, given);
  for (const [name, given] of Object.entries(namespaces)) labels.set(name, given);
  return labels;
}
