/* Decides what each policy's parameters in each namespace should be, within their limits. Pure. */
import type { ImageArgv, LearnedImage, PlanParameters } from '../../model/instrumentation-plan.js';
import { bytesOf } from './known-plans.js';

/** The parameters of one policy in one namespace, with as many of the images that were used last as fit. */
export interface FittedPlan {
  readonly spec: PlanParameters;
  /** How many images were left out. */
  readonly leftOut: number;
  readonly bytes: number;
  /** The bytes of these parameters without images. */
  readonly bareBytes: number;
}

/**
 * Puts images into parameters.
 * @param make makes the parameters with these images; `undefined` if the namespace is not claimed
 * @param argvOf returns an image's part of these parameters; `undefined` if it is not claimed
 */
export function fittedPlan<Refusal>(
  learned: Readonly<Record<string, LearnedImage>>,
  argvOf: (reference: string, image: LearnedImage, bare: PlanParameters) => ImageArgv | undefined,
  make: (images: Readonly<Record<string, ImageArgv>>) => PlanParameters | Refusal,
  isPlan: (made: PlanParameters | Refusal) => made is PlanParameters,
  mostBytes: number,
): FittedPlan | Refusal {
  const bare = make({});
  if (!isPlan(bare)) return bare;
  const bareBytes = bytesOf(bare);
  let bytes = bareBytes;
  let leftOut = 0;
  const images: Record<string, ImageArgv> = {};
  for (const [reference, image] of Object.entries(learned).sort(byUse)) {
    const argv = argvOf(reference, image, bare);
    if (argv === undefined) continue;
    const more = bytesOf([reference, argv]);
    if (bytes + more > mostBytes) {
      leftOut++;
      continue;
    }
    bytes += more;
    images[reference] = argv;
  }
  return { spec: { ...bare, images }, leftOut, bytes, bareBytes };
}

/** The most recently used first, then by name, so that the same images give the same parameters. */
function byUse([a, one]: [string, LearnedImage], [b, other]: [string, LearnedImage]): number {
  if (one.usedAt !== other.usedAt) return one.usedAt < other.usedAt ? 1 : -1;
  return a < b ? -1 : 1;
}
