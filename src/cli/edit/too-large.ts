import { readManifests } from '../../documents/manifest/manifest.js';
import { isArray, isObject, objectOf, stringMembersOf, type JsonValue } from '../../model/json.js';
import { readPointer } from '../../model/json-pointer.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import type { EditedFile } from '../files/edited-file.js';

/** The most bytes that all annotations of one object may have (Kubernetes, `TotalAnnotationSizeLimitB`). */
const mostBytes = 256 * 1024;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The message about objects that have become too large for a client-side `kubectl apply`. It keeps the whole object in an
 * annotation of that object, including the record of how to undo the injection (W16).
 */
export function tooLargeToApply(files: readonly EditedFile<TemplateEdit>[]): readonly string[] {
  return files.flatMap(({ input, documents }) =>
    documents.flatMap(({ document, edits, text }) => {
      const isSmall = text.length < mostBytes / 8;
      if (isSmall || text === document.text || document.templates.length === 0) return [];
      if (!mayBeTooLarge(document.value, edits)) return [];
      const [value] = readManifests(text, input.name).flatMap((each) => (each.value === null ? [] : [each.value]));
      if (value === undefined || !objectsIn(value).some(isTooLarge)) return [];
      return [
        `${input.name}:${document.line}: with the record for uninject in it, it is too large for a client-side apply; use kubectl apply --server-side.`,
      ];
    }),
  );
}

/**
 * Whether an object may become too large, as far as that shows without reading the text again. Every added byte counts
 * twice: in an annotation, and in the annotation that quotes it.
 */
function mayBeTooLarge(value: JsonValue, edits: readonly TemplateEdit[]): boolean {
  const [only, ...more] = objectsIn(value);
  const isList = more.length > 0 || only !== value;
  const added = new Map<string, number>();
  for (const { template, operations } of edits) {
    const object = isList ? (readPointer(template.path)[1] ?? '') : '';
    added.set(object, (added.get(object) ?? 0) + 2 * bytesOf(JSON.stringify(operations)));
  }
  return objectsIn(value).some(
    (object, index) => sizeOf(object) + (added.get(isList ? `${index}` : '') ?? 0) > mostBytes,
  );
}

function objectsIn(value: JsonValue): readonly JsonValue[] {
  const items = isObject(value) ? value['items'] : undefined;
  return isArray(items) ? items : [value];
}

function isTooLarge(value: JsonValue): boolean {
  return sizeOf(value) > mostBytes;
}

/** Bytes of an object's annotations once a client-side apply has added its own. */
function sizeOf(value: JsonValue): number {
  const annotations = stringMembersOf(objectOf(objectOf(value)?.['metadata'])?.['annotations']);
  const own = Object.entries(annotations).reduce((sum, [key, text]) => sum + bytesOf(key) + bytesOf(text), 0);
  return own + lastApplied.length + bytesOf(JSON.stringify(value)) + 1;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
