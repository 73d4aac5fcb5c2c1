import type { ManifestDocument } from '../../src/documents/manifest/manifest.js';
import { parseReference } from '../../src/image/reference.js';
import { isArray, isObject, type JsonValue } from '../../src/model/json.js';

/** What every image is said to start, so that containers without a command are wrapped, too. */
const started = { entrypoint: ['/docker-entrypoint.sh'], cmd: ['serve'] };

/** An image map, as JSON, for every image that documents name. */
export function imageAnswers(documents: readonly ManifestDocument[]): string {
  const images = new Set<string>();
  for (const { value } of documents) gather(value, images);
  return JSON.stringify(Object.fromEntries([...images].map((image) => [image, started])));
}

function gather(value: JsonValue | undefined, images: Set<string>): void {
  if (isArray(value)) for (const item of value) gather(item, images);
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'string') gather(member, images);
    else if (/^image$/i.test(key) && isReference(member)) images.add(member);
  }
}

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}
