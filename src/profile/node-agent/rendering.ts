import type { JsonObject } from '../../model/json.js';

/** A file of a rendering: a document, or a text that has no other form. */
export type RenderedFile =
  | { readonly name: string; readonly document: JsonObject; readonly format: 'yaml' | 'json' }
  | { readonly name: string; readonly text: string };

/** What switches Workload Protection on for one platform. */
export interface Rendering {
  readonly files: readonly RenderedFile[];
  /** What is left to do, or to know, for people. */
  readonly notes: readonly string[];
}
