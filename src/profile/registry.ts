import { OutriderError } from '../model/error.js';
import { didYouMean } from '../model/nearest.js';
import { profileSchema, type Profile } from '../model/profile.js';
import { checkProfile } from './check.js';
import { datadog } from './datadog.js';
import { datadogNode } from './datadog-node.js';
import { sysdig } from './sysdig.js';

const nodeAgent: Profile = profileSchema.parse(datadogNode);
const builtIn: readonly Profile[] = [profileSchema.parse(sysdig), profileSchema.parse(datadog), nodeAgent];

/** The profiles that come with Outrider. */
export function builtInProfiles(): readonly Profile[] {
  return builtIn;
}

/** The built-in profile whose agent runs on the node: the one that is rendered for the agent itself. */
export function nodeAgentProfile(): Profile {
  return nodeAgent;
}

/** A user's profile and the file it comes from. */
export interface ExtraProfile {
  readonly profile: Profile;
  readonly file?: string;
}

/** Every profile that can be used, by name, and why others cannot. */
export interface ProfileRegistry {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly problems: readonly OutriderError[];
}

/**
 * Adds a user's profiles to the built-in ones. One that has a built-in's name, or the name of one before it, or that
 * `checkProfile` refuses, is left out, with a problem (`profile_invalid`) that says why.
 */
export function profileRegistry(extra: readonly ExtraProfile[] = []): ProfileRegistry {
  const profiles = new Map(builtIn.map((profile) => [profile.metadata.name, profile]));
  const problems: OutriderError[] = [];
  for (const { profile, file } of extra) {
    const { name } = profile.metadata;
    if (profiles.has(name)) {
      const owner = builtIn.some((other) => other.metadata.name === name) ? 'a built-in profile' : 'another profile';
      const message = `metadata.name is ${name}, the name of ${owner}; give the profile a name of its own.`;
      problems.push(
        new OutriderError('profile_invalid', file === undefined ? message : `${file}: ${message}`, {
          field: 'metadata.name',
          ...(file === undefined ? {} : { file }),
        }),
      );
      continue;
    }
    const found = checkProfile(profile, file);
    problems.push(...found);
    if (found.length === 0) profiles.set(name, profile);
  }
  return { profiles, problems };
}

/**
 * The profile of that name.
 *
 * @throws OutriderError `profile_unknown` at `spec.profile.name`, with the near miss and the names there are.
 */
export function findProfile(registry: ProfileRegistry, name: string): Profile {
  const profile = registry.profiles.get(name);
  if (profile !== undefined) return profile;
  const names = [...registry.profiles.keys()];
  const field = 'spec.profile.name';
  const hint = didYouMean(name, names) || ';';
  throw new OutriderError(
    'profile_unknown',
    `${field} is ${name}, and there is no such profile${hint} there are ${names.join(', ')}.`,
    { field },
  );
}
