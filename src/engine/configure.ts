import type { OutriderError } from '../model/error.js';
import type { ImageConfig } from '../model/image.js';
import type { ClusterFacts } from '../model/recipe.js';
import type { ParsedConfiguration } from '../documents/configuration/configuration.js';
import { rewriteImage } from '../inject/rewrite-image.js';
import { salvagePolicy } from '../policy/salvage.js';
import { profileRegistry } from '../profile/registry.js';
import { compileRules, type BrokenPolicy, type CompileOptions, type Rules } from './rules.js';

/** A compiled configuration, and all its problems. */
export interface Configured {
  readonly rules: Rules;
  readonly problems: readonly OutriderError[];
  /**
   * True if each problem belongs to one policy, which then is in the rules as invalid: its pods are treated as
   * `policy_invalid` (E41). False if there is a problem that cannot be attributed to a policy.
   */
  readonly usable: boolean;
}

/**
 * Compiles the policies, profiles and image map of a configuration. Pure.
 *
 * @param rewrites the operator's image rewrites: the image map may name the agent's image before or after them
 * @param options.mirrors whether mirrored access keys are copied into namespaces where this is used
 * @param options.instance the installation that copies them
 */
export function configure(
  { configuration, problems }: ParsedConfiguration,
  rewrites: ClusterFacts['imageRewrites'] = [],
  { mirrors = true, instance }: Pick<CompileOptions, 'mirrors' | 'instance'> = {},
): Configured {
  const registry = profileRegistry(configuration.profiles.map(({ profile, file }) => ({ profile, file })));
  const broken: BrokenPolicy[] = [];
  const excused = new Set<OutriderError>();
  for (const { document, error } of configuration.invalidPolicies) {
    const known = salvagePolicy(document);
    if (known === undefined) continue;
    broken.push({ known, problem: error.message });
    excused.add(error);
  }
  const compiled = compileRules(
    configuration.policies,
    registry,
    {
      mirrors,
      ...(instance === undefined ? {} : { instance }),
      argvOf: argvIn(configuration.images, rewrites),
    },
    broken,
  );
  return {
    rules: compiled.rules,
    problems: [...problems, ...registry.problems, ...compiled.problems],
    usable: problems.every((problem) => excused.has(problem)) && registry.problems.length === 0,
  };
}

/**
 * What images start by the operator's map, whose names may be from before or after the operator's rewrites.
 * @returns gives `undefined` for an image that is not in it, or starts nothing
 */
export function argvIn(
  images: ReadonlyMap<string, ImageConfig>,
  rewrites: ClusterFacts['imageRewrites'],
): (image: string) => readonly string[] | undefined {
  return (image) => argvOf(images, image) ?? argvOf(images, rewriteImage(image, rewrites));
}

/** What an image starts by the operator's map; `undefined` when it is not in it, or starts nothing. */
function argvOf(images: ReadonlyMap<string, ImageConfig>, image: string): readonly string[] | undefined {
  const config = images.get(image);
  const argv = config === undefined ? [] : [...config.entrypoint, ...config.cmd];
  return argv.length === 0 ? undefined : argv;
}
