import { literal } from '../../inject/pod/argv.js';
import { mountPoint } from '../../inject/path.js';
import type { ImageConfig } from '../../model/image.js';
import { longestReference, type ImageArgv, type PlanTerms } from '../../model/instrumentation-plan.js';
import { plainWords } from './conditions.js';

const digest = /@sha256:[0-9a-f]{64}$/;
const tag = /:([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/;

/** Whether what a reference names cannot change under us: it has a digest, or a tag that one of the patterns matches. */
export function isUnchanging(reference: string, tagPatterns: readonly RegExp[]): boolean {
  if (Buffer.byteLength(reference) > longestReference) return false;
  if (digest.test(reference)) return true;
  const found = tag.exec(reference)?.[1];
  return found !== undefined && tagPatterns.some((pattern) => pattern.test(found));
}

/**
 * What an image starts, for the parameters.
 *
 * @param config the same on every platform; a resolver's outcome `ok` says no less
 * @param terms those of the parameters' first plan
 * @returns `undefined` where the webhook would do anything but put the wrapper in front: it then decides
 */
export function imageArgvOf(config: ImageConfig, { files, programs, users }: PlanTerms): ImageArgv | undefined {
  const { entrypoint, cmd } = config;
  const [program] = [...entrypoint, ...cmd];
  if (program === undefined || !plainWords.isProgram(program, programs)) return undefined;
  if (![...entrypoint, ...cmd].every(plainWords.isNoInit)) return undefined;
  if ((config.users ?? []).some((user) => users.includes(user))) return undefined;
  const isInTheWay = (place: string): boolean =>
    place.startsWith('/proc/') || (files !== '' && (place.startsWith(files) || files.startsWith(place)));
  if ((config.volumes ?? []).some((volume) => isInTheWay(mountPoint(volume)))) return undefined;
  return { entrypoint: entrypoint.map(literal), cmd: cmd.map(literal) };
}
