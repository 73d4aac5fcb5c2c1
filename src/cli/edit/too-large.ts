import { readManifests } from '../../documents/manifest/manifest.js';
import { isArray, isObject, objectOf, stringMembersOf, type JsonValue } from '../../model/json.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import type { EditedFile } from '../files/edited-file.js';

/** Bytes that the annotations of one object may have together (Kubernetes, `TotalAnnotationSizeLimitB`). */
const mostBytes = 256 * 1024;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What to say of objects that a client-side `kubectl apply` cannot take any more, since it keeps each whole in an
 * annotation of it, the record of how the injection is taken back included (W16).
 */
export function tooLargeToApply(files: readonly EditedFile<TemplateEdit>[]): readonly string[] {
  return files.flatMap(({ input, documents }) =>
    documents.flatMap(({ document, text }) => {
      const isSmall = text.length < mostBytes / 8;
      if (isSmall || text === document.text || document.templates.length === 0) return [];
      const [value] = readManifests(text, input.name).flatMap((each) => (each.value === null ? [] : [each.value]));
      if (value === undefined || !objectsIn(value).some(isTooLarge)) return [];
      return [
        `${input.name}:${document.line}: with the record for uninject in it, it is too large for a client-side apply; use kubectl apply --server-side.`,
      ];
    }),
  );
}

function objectsIn(value: JsonValue): readonly JsonValue[] {
  const items = isObject(value) ? value['items'] : undefined;
  return isArray(items) ? items : [value];
}

function isTooLarge(value: JsonValue): boolean {
  const annotations = stringMembersOf(objectOf(objectOf(value)?.['metadata'])?.['annotations']);
  const own = Object.entries(annotations).reduce((sum, [key, text]) => sum + bytesOf(key) + bytesOf(text), 0);
  return own + lastApplied.length + bytesOf(JSON.stringify(value)) + 1 > mostBytes;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
