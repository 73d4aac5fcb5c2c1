import { objectOf, type JsonObject } from '../../model/json.js';
import { version } from '../../model/version.js';
import type { EditedFile } from '../files/edited-file.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';

/** Outrider's own image, if the written pods need it. The cluster that runs them must be able to pull it. */
export interface OwnImage {
  readonly image: string;
  /** Where the image comes from: `--tools-image`, `OUTRIDER_TOOLS_IMAGE`, or `default`. */
  readonly from: string;
  /** How many pod templates need it. */
  readonly templates: number;
}

/**
 * Finds out whether the output needs Outrider's own image. A vendor's own command and most image volumes do not need it.
 *
 * @param files the files that are written
 * @param image the image, rewritten as in pods
 * @param given the flags and variables that say where the image comes from
 */
export function ownImageIn(
  files: readonly EditedFile<InstrumentedTemplate>[],
  image: string,
  given: { readonly flag: unknown; readonly variable: string | undefined },
): OwnImage | undefined {
  const edits = files.flatMap(({ documents }) => documents.flatMap((each) => each.edits));
  const templates = edits.filter((edit) => needs(edit, image)).length;
  if (templates === 0) return undefined;
  const from = given.flag !== undefined ? '--tools-image' : given.variable !== undefined ? toolsVariable : 'default';
  return { image, from, templates };
}

/** The variable in place of `--tools-image`. */
export const toolsVariable = 'OUTRIDER_TOOLS_IMAGE';

/** The plan holds all of our parts, including those that the pod already has. */
function needs({ outcome: { decision, plan } }: InstrumentedTemplate, image: string): boolean {
  if (decision.decision === 'skip' || plan === undefined || !('initContainers' in plan)) return false;
  const { volumes, initContainers, containers } = plan;
  return [...volumes, ...initContainers, ...containers].some(({ value }) => imageOf(value) === image);
}

/** The image of a container, or of an image volume. */
function imageOf({ image }: JsonObject): unknown {
  return objectOf(image)?.['reference'] ?? image;
}

/** The message about it. */
export function ownImageHint({ image, from, templates }: OwnImage): string {
  const many = `${templates} pod ${templates === 1 ? 'template needs' : 'templates need'}`;
  const needed = `note: ${many} Outrider’s own image, ${image}`;
  if (from !== 'default') return `${needed} (from ${from}).`;
  return `${needed} (the default): it brings the copier. Where your nodes cannot pull that, name a copy of yours with --tools-image REGISTRY/outrider:${version}; docs/offline.md, "The image of ours", says how to make one.`;
}
