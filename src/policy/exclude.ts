import type { ContainerStart } from '../model/container-start.js';
import { compileGlob, compileGlobs, type TextMatcher } from '../model/glob.js';
import { isStrict, type Exclusion, type PolicySpec } from '../model/policy.js';

/** What happens to a container by `containers.exclude`: excluded, or why an exclusion that names it does not apply. */
export type Excluded = { readonly holds: true } | { readonly holds: false; readonly because: string };

/** A container that `containers.exclude` is asked about. */
export interface Candidate {
  readonly name: string;
  /** The image as it is written; no default registry or tag is added. */
  readonly image: string | undefined;
}

/**
 * Returns whether a container is excluded; `undefined` if no exclusion names it.
 * @param startOf how the container starts; only asked where an exclusion by image names it
 */
export type ExclusionMatcher = (container: Candidate, startOf: () => ContainerStart) => Excluded | undefined;

interface ByImage {
  readonly image: TextMatcher;
  /** Absent for a bare pattern, which under Availability applies whatever the container starts. */
  readonly words?: { readonly command: readonly string[]; readonly args: readonly string[] };
}

const imagePrefix = 'image:';
const excluded: Excluded = { holds: true };

/**
 * Compiles `containers.exclude`. If a pod's author is not trusted, the image does not say what the container starts.
 * Then an exclusion by image only applies to the image's own entrypoint, or to the words that the policy gives (F8).
 */
export function compileExclusions({ prefer, optOut, containers }: PolicySpec): ExclusionMatcher {
  const strict = isStrict({ prefer, optOut });
  const texts = containers.exclude.filter((exclusion) => typeof exclusion === 'string');
  const onName = compileGlobs(texts.filter((text) => !text.startsWith(imagePrefix)));
  const byImage = containers.exclude.flatMap(readByImage);
  if (byImage.length === 0) return ({ name }) => (onName(name) ? excluded : undefined);
  return ({ name, image }, startOf) => {
    if (onName(name)) return excluded;
    let refused: Excluded | undefined;
    for (const exclusion of byImage) {
      if (image === undefined || !exclusion.image(image)) continue;
      const because = objection(exclusion, strict, startOf);
      if (because === undefined) return excluded;
      refused = { holds: false, because };
    }
    return refused;
  };
}

function readByImage(exclusion: Exclusion): readonly ByImage[] {
  if (typeof exclusion !== 'string') {
    const { image, command = [], args = [] } = exclusion;
    return [{ image: compileGlob(image), words: { command, args } }];
  }
  return exclusion.startsWith(imagePrefix) ? [{ image: compileGlob(exclusion.slice(imagePrefix.length)) }] : [];
}

/** Why an exclusion whose image matches does not apply to a container. */
function objection({ words }: ByImage, strict: boolean, startOf: () => ContainerStart): string | undefined {
  if (!strict && words === undefined) return undefined;
  const start = startOf();
  const { command, args } = words ?? { command: [], args: [] };
  const given = words === undefined ? 'of its own' : 'other than the policy’s';
  if (!sameWords(start.command, command)) return `it has a command ${given}`;
  if (!sameWords(start.args, args)) return `it has args ${given}`;
  if (!strict) return undefined;
  const programs = [...command, ...args].filter((word) => word.startsWith('/'));
  const hidden = programs.find((program) => start.mounts.some((mount) => `${program}/`.startsWith(mount)));
  return start.bent ?? (hidden === undefined ? undefined : `it mounts something over ${hidden}`);
}

function sameWords(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one?.length === other.length && one.every((word, index) => word === other[index]);
}
