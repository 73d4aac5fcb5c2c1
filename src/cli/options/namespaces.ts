import { Option, type Command } from 'commander';
import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import { OutriderError } from '../../model/error.js';
import { isArray, isObject, objectOf, stringMembersOf, stringOf, type JsonValue } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { type Invocation, textOf } from '../command.js';

const heading = 'Namespace:';

/** Gives a command the options that say which namespace pods go to. */
export function addNamespaceOptions(
  command: Command,
  whose = 'namespace of manifests that name none (default: default)',
): void {
  command
    .addOption(new Option('-n, --namespace <NAME>', whose).helpGroup(heading))
    .addOption(
      new Option(
        '--namespace-labels <K=V,…>',
        'labels of the pods’ namespaces, over those of Namespace manifests in the input and of --policy',
      ).helpGroup(heading),
    );
}

/** Knows which namespace a template's pods go to, and its labels. */
export interface Namespaces {
  of(template: PodTemplate): string;
  labels(namespace: string): StringMap;
}

/**
 * Reads the options.
 *
 * @param configured labels from the configuration, by namespace
 * @param documents the input, whose Namespaces win over those of the configuration
 * @throws OutriderError `usage`
 */
export function namespacesOf(
  { flags }: Pick<Invocation, 'flags'>,
  configured: ReadonlyMap<string, StringMap>,
  documents: Iterable<ManifestDocument>,
): Namespaces {
  const fallback = textOf(flags['namespace']) ?? 'default';
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(fallback)) {
    throw new OutriderError('usage', `--namespace is ${JSON.stringify(fallback)}: it must be a namespace’s name.`);
  }
  const given = labelsOption({ flags });
  const byName = withNamespacesIn(documents, configured);
  return {
    of: ({ pod, namespace }) => stringOf(objectOf(pod['metadata'])?.['namespace']) || namespace || fallback,
    labels: (namespace) => ({ ...byName.get(namespace), ...given }),
  };
}

/**
 * Reads `--namespace-labels`.
 *
 * @throws OutriderError `usage`
 */
export function labelsOption({ flags }: Pick<Invocation, 'flags'>): StringMap {
  const text = textOf(flags['namespaceLabels']) ?? '';
  const labels: Record<string, string> = {};
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const [, key, value] = /^\s*([^=\s]+)=(\S*)\s*$/.exec(item) ?? [];
    if (key === undefined || value === undefined || key === '__proto__') {
      const message = `--namespace-labels has ${JSON.stringify(item)}: write key=value, with commas between.`;
      throw new OutriderError('usage', message);
    }
    labels[key] = value;
  }
  return labels;
}

/** The labels of namespaces, by name. Labels from the documents win over configured ones. */
function withNamespacesIn(
  documents: Iterable<ManifestDocument>,
  configured: ReadonlyMap<string, StringMap>,
): ReadonlyMap<string, StringMap> {
  const byName = new Map(configured);
  for (const { value } of documents) collectNamespaces(value, byName);
  return byName;
}

function collectNamespaces(value: JsonValue | undefined, byName: Map<string, StringMap>): void {
  if (!isObject(value)) return;
  if (stringOf(value['kind'])?.endsWith('List') === true && isArray(value['items'])) {
    for (const item of value['items']) collectNamespaces(item, byName);
  }
  if (value['kind'] !== 'Namespace' || value['apiVersion'] !== 'v1') return;
  const metadata = objectOf(value['metadata']);
  const name = stringOf(metadata?.['name']);
  if (name === undefined) return;
  byName.set(name, stringMembersOf(metadata?.['labels']));
}
