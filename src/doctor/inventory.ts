import { OutriderError } from '../model/error.js';
import { isObject, listOf, stringOf, type JsonObject, type JsonValue } from '../model/json.js';

/** What is known about a cluster. */
export interface ClusterInventory {
  /** Node objects, as the API server has them. */
  readonly nodes: readonly JsonObject[];
  /** Namespace objects. */
  readonly namespaces: readonly JsonObject[];
  /** LimitRange and ResourceQuota objects; `undefined` if they were not read or may not be. */
  readonly limits?: { readonly ranges: readonly JsonObject[]; readonly quotas: readonly JsonObject[] } | undefined;
  /** The server's version, such as `v1.34.1`; `undefined` where it was not asked. */
  readonly version: string | undefined;
}

/**
 * Reads an inventory from what `kubectl get nodes,namespaces -o json` or `-o yaml` prints, with
 * `limitranges,resourcequotas -A` or without, or from several such documents. Lists are opened, other kinds left out.
 *
 * @throws OutriderError `document_invalid` when there is no Node in it
 */
export function inventoryOf(documents: readonly JsonValue[], file: string): ClusterInventory {
  const objects = documents.flatMap(open);
  const ofKind = (kind: string) => objects.filter((object) => object['kind'] === kind);
  const nodes = ofKind('Node');
  if (nodes.length === 0) {
    const message = `${file}: there is no Node in it; give what kubectl get nodes,namespaces -o json prints.`;
    throw new OutriderError('document_invalid', message, { file });
  }
  const [ranges, quotas] = [ofKind('LimitRange'), ofKind('ResourceQuota')];
  const limits = ranges.length === 0 && quotas.length === 0 ? undefined : { ranges, quotas };
  return { nodes, namespaces: ofKind('Namespace'), limits, version: undefined };
}

function open(value: JsonValue): readonly JsonObject[] {
  if (!isObject(value)) return [];
  const kind = stringOf(value['kind']) ?? '';
  if (!kind.endsWith('List') || value['items'] === undefined) return [value];
  // Members of a NodeList do not say their kind.
  const member = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
  return listOf(value['items'])
    .filter(isObject)
    .map((item) => (member === undefined ? item : { kind: member, ...item }));
}
