import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { apiVersionOf, type Resource } from '../client/resources.js';

/** What is kept of a policy or a profile. */
export interface WatchedObject {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** What a user would have written: nothing of its metadata but the name, and no status. */
  readonly document: JsonObject;
  readonly status: JsonObject;
}

/** Reads off an object of ours what is kept of it. */
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
        // The objects in a list need not carry the two.
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata: { name },
        spec: object['spec'] ?? {},
      },
      status: objectOf(object['status']) ?? {},
    };
  };
}

/** Reads off a namespace its labels. */
export function pickLabels(object: JsonObject): StringMap {
  const labels: Record<string, string> = {};
  for (const [key, value] of Object.entries(objectOf(objectOf(object['metadata'])?.['labels']) ?? {})) {
    if (typeof value === 'string') labels[key] = value;
  }
  return labels;
}
