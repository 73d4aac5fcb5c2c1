import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { apiVersionOf, type Resource } from '../client/resources.js';

/** The parts of a policy or a profile that are kept. */
export interface WatchedObject {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** The part that a user writes: only the name of its metadata, and no status. */
  readonly document: JsonObject;
  readonly status: JsonObject;
}

/** Extracts the parts of an object of ours that are kept. */
export function pickObject(resource: Resource): (object: JsonObject) => WatchedObject | undefined {
  return (object) => {
    const metadata = objectOf(object['metadata']);
    const name = stringOf(metadata?.['name']);
    if (name === undefined) return undefined;
    const generation = metadata?.['generation'];
    return {
      name,
      uid: stringOf(metadata?.['uid']) ?? '',
      generation: typeof generation === 'number' ? generation : 0,
      document: {
        // The objects in a list need not carry these two fields.
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata: { name },
        spec: object['spec'] ?? {},
      },
      status: objectOf(object['status']) ?? {},
    };
  };
}

/** Extracts a namespace's labels. */
export function pickLabels(object: JsonObject): StringMap {
  const labels: Record<string, string> = {};
  for (const [key, value] of Object.entries(objectOf(objectOf(object['metadata'])?.['labels']) ?? {})) {
    if (typeof value === 'string') labels[key] = value;
  }
  return labels;
}
