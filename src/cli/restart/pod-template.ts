import { findPodTemplates, type PodTemplate } from '../../documents/manifest/templates.js';
import { OutriderError } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';

/** The template of a workload’s pods; `undefined` if it refers to the template of another object. */
export function podTemplateOf(workload: JsonObject): PodTemplate | undefined {
  const templates = findPodTemplates(workload);
  if (!('message' in templates)) return templates[0];
  throw new OutriderError('internal', `the API server gives ${templates.path} that ${templates.message}.`);
}
