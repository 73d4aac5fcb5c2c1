import { isObject, objectOf, parsedJson, stringsOf, type JsonValue } from '../model/json.js';
import {
  entrypointOf,
  type ImageConfig,
  type ImageOutcome,
  type ImageRequest,
  type ImageResolver,
} from '../model/image.js';
import { names } from '../model/names.js';
import type { ContainerBody, ContainerView, PodView } from '../inject/pod/view.js';
import type { AskedImages } from './asked-images.js';

/**
 * Collects what is known about the images of containers that give no command, without any I/O: the pod's annotation
 * first, then what the resolver has (the operator's map, its cache).
 */
export function knownImages(
  containers: readonly ContainerView[],
  view: PodView,
  pod: ImageRequest['pod'],
  namespace: string,
  resolver: ImageResolver,
): AskedImages {
  const known = new Map<string, ImageOutcome>();
  const unknown: { container: string; request: ImageRequest }[] = [];
  const annotation = view.annotations[names.images];
  const annotated = annotation === undefined ? undefined : parseAnnotation(annotation);
  for (const container of containers) {
    const said = annotated instanceof Map ? annotated.get(container.name) : annotated;
    const request: ImageRequest = { reference: container.image, namespace, pod };
    const outcome = said ?? resolver.known(request) ?? neverPulled(container);
    if (outcome !== undefined) known.set(container.name, outcome);
    else unknown.push({ container: container.name, request });
  }
  return { known, unknown };
}

/** An image that is never pulled is on the node alone: what a registry says about the name need not be it (E15). */
export function neverPulled(container: ContainerBody): ImageOutcome | undefined {
  if (container.value['imagePullPolicy'] !== 'Never') return undefined;
  return { ok: false, reason: 'image_unresolved', detail: `${container.image} is never pulled (imagePullPolicy)` };
}

/**
 * Reads the annotation `outrider.dev/images`.
 *
 * @returns what it says by container, or the outcome for every container when it is not of the documented shape
 */
function parseAnnotation(text: string): Map<string, ImageOutcome> | ImageOutcome {
  const value = parsedJson(text);
  if (value === undefined) return invalid('it is not JSON');
  if (!isObject(value)) return invalid('it is not an object');
  const outcomes = new Map<string, ImageOutcome>();
  for (const [container, said] of Object.entries(value)) {
    const config = readConfig(said);
    if (config === undefined) return invalid(`what it says of ${container} is not {"entrypoint": […], "cmd": […]}`);
    outcomes.set(container, { ok: true, config, source: 'annotation' });
  }
  return outcomes;
}

function readConfig(value: JsonValue | undefined): ImageConfig | undefined {
  const said = objectOf(value);
  if (said === undefined) return undefined;
  const entrypoint = readStrings(said['entrypoint']);
  const cmd = readStrings(said['cmd']);
  if (entrypoint === undefined || cmd === undefined) return undefined;
  if (Object.keys(said).some((key) => key !== 'entrypoint' && key !== 'cmd')) return undefined;
  return { entrypoint: entrypointOf(entrypoint), cmd };
}

function readStrings(value: JsonValue | undefined): readonly string[] | undefined {
  return value === undefined || value === null ? [] : stringsOf(value);
}

function invalid(what: string): ImageOutcome {
  return { ok: false, reason: 'images_annotation_invalid', detail: `annotation ${names.images}: ${what}` };
}
