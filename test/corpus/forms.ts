import { applyPatch } from 'diff';
import jsonpatch from 'fast-json-patch';
import { isDeepStrictEqual } from 'node:util';
import type { ManifestDocument } from '../../src/documents/manifest/manifest.js';
import { isObject, listOf, type JsonValue } from '../../src/model/json.js';

/** Documents before and after `inject`, and what a form of output says about them. */
export interface Form {
  readonly before: readonly ManifestDocument[];
  readonly after: readonly ManifestDocument[];
  readonly beforeText: string;
  readonly afterText: string;
}

/** An entry of `-o patch`, as docs/offline.md has it. */
interface PatchOfTemplate {
  /** From 1. */
  readonly document: number;
  readonly operations: readonly jsonpatch.Operation[];
}

/** Forms of output with what each says wrong; `undefined` where it says the same as the file that is written. */
export const forms: Readonly<Record<'json' | 'patch' | 'diff', (stdout: string, form: Form) => string | undefined>> = {
  json: (stdout, { after }) => {
    const printed = JSON.parse(stdout) as JsonValue;
    const wanted = withContent(after.map(({ value }) => value));
    const list = isObject(printed) ? withContent(listOf(printed['items'])) : [];
    const same = isDeepStrictEqual([printed], wanted) || isDeepStrictEqual(list, wanted);
    return same ? undefined : 'its data is not that of the YAML';
  },
  patch: (stdout, { before, after }) => {
    const values = before.map(({ value }) => plain(value));
    for (const { document, operations } of JSON.parse(stdout) as readonly PatchOfTemplate[]) {
      const value = values[document - 1] ?? null;
      values[document - 1] = jsonpatch.applyPatch<JsonValue>(value, operations, true, false).newDocument;
    }
    const wanted = after.map(({ value }) => plain(value));
    return isDeepStrictEqual(values, wanted) ? undefined : 'applied, it gives other data than the YAML';
  },
  diff: (stdout, { beforeText, afterText, before }) => {
    if (beforeText === afterText) return stdout === '' ? undefined : 'nothing changes, and it shows a change';
    // The lines of Secrets are not shown, and lines without an end are said in words.
    if (before.some(({ text }) => /\bSecret\b/.test(text))) return undefined;
    const applied = applyPatch(beforeText, stdout, { autoConvertLineEndings: false });
    return applied === afterText ? undefined : 'applied, it gives another text than the YAML';
  },
};

/** A value as a JSON patch can give it: the library that applies one knows no minus zero. */
function plain(value: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

function withContent(values: readonly (JsonValue | undefined)[]): readonly (JsonValue | undefined)[] {
  return values.filter((value) => value !== null);
}
