import { Option, type Command } from 'commander';
import type { Configuration, ParsedConfiguration } from '../../documents/configuration/configuration.js';
import { parseConfiguration } from '../../documents/configuration/configuration.js';
import { parseImageMapJson } from '../../documents/configuration/image-map.js';
import { schemaProblems } from '../../documents/schema/problem.js';
import { fieldName } from '../../documents/schema/guide.js';
import { applySettings } from '../../documents/configuration/set.js';
import { configure } from '../../engine/configure.js';
import type { Rules } from '../../engine/rules.js';
import { OutriderError } from '../../model/error.js';
import type { ImageConfig } from '../../model/image.js';
import { asJson } from '../../model/json.js';
import { apiVersion } from '../../model/names.js';
import { policySchema, preferSchema, withoutStrictnessDefaults, type Policy } from '../../model/policy.js';
import type { Profile } from '../../model/profile.js';
import type { StringMap } from '../../model/selector.js';
import { builtInProfiles, findProfile, profileRegistry, type ProfileRegistry } from '../../profile/registry.js';
import type { Settings } from '../../settings/table.js';
import { collect, type Invocation, textOf, textsOf } from '../command.js';
import { together } from '../errors.js';
import { readInputs } from '../files/inputs.js';

const heading = 'Policy:';

/** Gives a command the options that select policies and give facts about images. */
export function addPolicyOptions(command: Command): void {
  const profiles = builtInProfiles().map(({ metadata }) => metadata.name);
  const options = [
    new Option(
      '--policy <PATH>',
      'file or folder with policies, profiles, image maps, namespaces; repeatable',
    ).argParser(collect),
    new Option(
      '--profile <NAME>',
      `a policy made on the spot that gives every pod this profile: ${profiles.join(', ')}, or one of --policy’s files`,
    ),
    new Option(
      '--set <KEY=VALUE>',
      'a setting of the profile (region=us2), or a field of the policy (spec.capability=Never); repeatable',
    ).argParser(collect),
    new Option(
      '--prefer <WHAT>',
      'what gives way on trouble: Availability or Security, in place of what the policy says',
    ).choices(preferSchema.options),
    new Option(
      '--image-config <FILE>',
      'JSON that says what images start: {"REFERENCE": {"entrypoint": ["/app"], "cmd": []}}; repeatable',
    ).argParser(collect),
  ];
  for (const option of options) command.addOption(option.helpGroup(heading));
}

/** Rules made from a command line, and what came with them. */
export interface LoadedPolicies {
  readonly rules: Rules;
  readonly images: ReadonlyMap<string, ImageConfig>;
  readonly namespaces: ReadonlyMap<string, StringMap>;
}

/**
 * Reads the policies that a command line gives.
 *
 * @param settings the rewrites of the images that Outrider adds, and the installation that would copy keys
 * @param known what images start, unless the files or flags say otherwise
 * @throws OutriderError, or an AggregateError of them: everything that is wrong with the files and settings
 */
export async function loadPolicies(
  { flags, io }: Pick<Invocation, 'flags' | 'io'>,
  { imageRewrites, instance }: Pick<Settings, 'imageRewrites'> & Partial<Pick<Settings, 'instance'>>,
  known: ReadonlyMap<string, ImageConfig> = new Map(),
): Promise<LoadedPolicies> {
  const given = await readGivenPolicies({ flags, io });
  const images = new Map([...known, ...given.images]);
  const configuration: ParsedConfiguration['configuration'] = { ...given, images };
  const { rules, problems } = configure(
    { configuration, problems: [] },
    imageRewrites,
    instance === undefined ? {} : { instance },
  );
  if (problems.length > 0) throw together(problems.map((problem) => withFlag(problem, textOf(flags['profile']))));
  return { rules, images, namespaces: configuration.namespaces };
}

/**
 * Reads the documents that a command line gives, with its changes to policies, and does not compile them yet.
 *
 * @param others profiles that policies may name although no file has them: a cluster's
 * @returns the configuration, with what `--image-config` says among the images
 * @throws OutriderError, or an AggregateError of them
 */
export async function readGivenPolicies(
  { flags, io }: Pick<Invocation, 'flags' | 'io'>,
  others: readonly Profile[] = [],
): Promise<Configuration> {
  const paths = textsOf(flags['policy']);
  const profile = textOf(flags['profile']);
  if (paths.length === 0 && profile === undefined) {
    const names = builtInProfiles().map(({ metadata }) => metadata.name);
    throw new OutriderError(
      'usage',
      `nothing says what to put in: give --policy FILE, or --profile NAME (${names.join(', ')}) with its settings, such as --profile sysdig --set region=us2.`,
    );
  }
  const parsed = parseConfiguration(await readInputs(paths, io));
  if (parsed.problems.length > 0) throw together(parsed.problems);
  const images = new Map([...parsed.configuration.images, ...(await readImageConfigs({ flags, io }))]);
  const own = new Set(parsed.configuration.profiles.map((each) => each.profile.metadata.name));
  const registry = profileRegistry([
    ...others
      .filter(({ metadata }) => !own.has(metadata.name))
      .map((each) => ({ profile: each, file: `profile ${each.metadata.name} of the cluster` })),
    ...parsed.configuration.profiles,
  ]);
  if (registry.problems.length > 0) throw together(registry.problems);
  const policies = adjust(choose(parsed.configuration, profile), assignmentsOf(flags), registry);
  return { ...parsed.configuration, policies, images };
}

/**
 * Reads what `--image-config` says.
 *
 * @throws OutriderError `file_unreadable`, `image_map_invalid`
 */
export async function readImageConfigs({
  flags,
  io,
}: Pick<Invocation, 'flags' | 'io'>): Promise<ReadonlyMap<string, ImageConfig>> {
  const files = await readInputs(textsOf(flags['imageConfig']), io);
  return new Map(files.flatMap((file) => [...parseImageMapJson(file.text, file.name)]));
}

type ConfiguredPolicy = Configuration['policies'][number];

function choose({ policies }: Configuration, profile: string | undefined): readonly ConfiguredPolicy[] {
  const [first] = policies;
  if (profile === undefined) {
    // Adds the line to problems that only show when the policies are compiled.
    if (first !== undefined) return policies.map((each) => ({ ...each, file: `${each.file}:${each.line}` }));
    throw new OutriderError('usage', '--policy gives no InstrumentationPolicy; add one, or --profile NAME.');
  }
  if (first === undefined) return [{ policy: onTheSpot(profile), file: `--profile ${profile}`, line: 1 }];
  throw new OutriderError(
    'usage',
    `--profile makes a policy of its own, and ${first.file} has policy ${first.policy.metadata.name}; give one of the two.`,
  );
}

function onTheSpot(profile: string): Policy {
  const result = policySchema.safeParse({
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name: profile },
    spec: { mode: 'Inject', profile: { name: profile } },
  });
  if (result.success) return result.data;
  throw new OutriderError('usage', `--profile ${JSON.stringify(profile)} is no name of a profile.`);
}

/** `--prefer` is a shorter way of setting `spec.prefer`. */
function assignmentsOf(flags: Invocation['flags']): readonly string[] {
  const prefer = textOf(flags['prefer']);
  return [...textsOf(flags['set']), ...(prefer === undefined ? [] : [`spec.prefer=${prefer}`])];
}

/** Applies `--set` to every policy. */
function adjust(
  policies: readonly ConfiguredPolicy[],
  assignments: readonly string[],
  registry: ProfileRegistry,
): readonly ConfiguredPolicy[] {
  if (assignments.length === 0) return policies;
  return policies.map((configured) => {
    const { policy } = configured;
    const spec = asJson(withoutStrictnessDefaults(policy.spec));
    const profile = profileOf(configured, registry);
    const value = { ...policy, spec: applySettings(spec, assignments, profile) };
    const result = policySchema.safeParse(value);
    if (result.success) return { ...configured, policy: result.data };
    const problems = schemaProblems(policySchema, asJson(value), result.error.issues);
    throw together(
      problems.map(({ path, text }) => {
        const field = fieldName(path);
        return new OutriderError('settings_invalid', `--set ${field}: ${field} ${text}.`, { field });
      }),
    );
  });
}

function profileOf({ policy, file }: ConfiguredPolicy, registry: ProfileRegistry): Profile {
  try {
    return findProfile(registry, policy.spec.profile.name);
  } catch (error) {
    if (!(error instanceof OutriderError)) throw error;
    throw new OutriderError(error.code, `${file}: ${error.message}`, { file, cause: error });
  }
}

/** Names the flag for a setting that a policy made from flags lacks. */
function withFlag(problem: OutriderError, profile: string | undefined): OutriderError {
  const { code, field = '', file, message } = problem;
  const [, name] = /^spec\.profile\.settings\.(\w+)$/.exec(field) ?? [];
  if (profile === undefined || name === undefined) return problem;
  return new OutriderError(code, `${message} Give it with --set ${name}=VALUE.`, {
    field,
    cause: problem,
    ...(file === undefined ? {} : { file }),
  });
}
