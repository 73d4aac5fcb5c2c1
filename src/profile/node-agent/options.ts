import { OutriderError } from '../../model/error.js';
import { policySchema } from '../../model/policy.js';
import type { Profile, ProfileSetting, Settings, SettingValue } from '../../model/profile.js';
import type { TaskAgent } from '../../model/task-recipe.js';
import { apiVersion } from '../../model/names.js';
import { renderTaskRecipe } from '../render-task.js';
import { effectiveSettings, settingsProblems } from '../settings.js';

/** What the texts for a node agent are made with. */
export interface NodeAgentOptions {
  readonly remoteConfiguration: boolean;
  readonly networkEvents: boolean;
  /** The container that runs the whole Agent, as `inject` adds it to a task. */
  readonly agent: TaskAgent;
  /** `DD_SITE`. */
  readonly site: string;
  /** `DD_TAGS`; `undefined` when there are none. */
  readonly tags: string | undefined;
  /** Name of the Kubernetes Secret that holds the API key under `api-key`. */
  readonly secretName: string;
}

/** Settings that only matter in texts, besides those of the profile. */
const extra: Readonly<Record<string, ProfileSetting>> = {
  secretName: {
    type: 'string',
    required: false,
    description: 'the Kubernetes Secret that holds the API key under the key api-key',
    default: 'datadog-secret',
    pattern: '[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?',
  },
};

/** The profile with the settings that its texts know besides its own. */
export function withTextSettings(profile: Profile): Profile {
  return { ...profile, spec: { ...profile.spec, settings: { ...profile.spec.settings, ...extra } } };
}

/**
 * The options that settings give.
 *
 * @param profile one of `withTextSettings`
 * @throws OutriderError `settings_invalid`, as for a policy's settings
 */
export function nodeAgentOptions(profile: Profile, given: Settings): NodeAgentOptions {
  const [problem] = settingsProblems(profile, given);
  if (problem !== undefined) throw problem;
  const values = effectiveSettings(profile, given);
  const text = (name: string): string => String(valueOf(values, name));
  return {
    remoteConfiguration: valueOf(values, 'remoteConfiguration') === true,
    networkEvents: valueOf(values, 'networkEvents') === true,
    agent: agentOf(profile, given),
    site: text('site'),
    tags: values.get('tags') === undefined ? undefined : text('tags'),
    secretName: text('secretName'),
  };
}

function agentOf(profile: Profile, settings: Settings): TaskAgent {
  const { name } = profile.metadata;
  const { spec } = policySchema.parse({
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { profile: { name, settings } },
  });
  const recipe = renderTaskRecipe(profile, spec);
  if (recipe === undefined) throw new OutriderError('internal', `profile ${name} has no recipe for tasks`);
  return recipe.agent;
}

function valueOf(values: ReadonlyMap<string, SettingValue>, name: string): SettingValue {
  const value = values.get(name);
  if (value === undefined) throw new OutriderError('internal', `setting ${name} has no default`);
  return value;
}
