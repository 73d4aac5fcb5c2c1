import { OutriderError } from '../../model/error.js';
import type { Profile, ProfileSetting, Settings, SettingValue } from '../../model/profile.js';
import { effectiveSettings, settingsProblems } from '../settings.js';

/** What the texts for a node agent are made with. */
export interface NodeAgentOptions {
  readonly remoteConfiguration: boolean;
  readonly networkEvents: boolean;
  /** The Agent's image, with its tag. */
  readonly image: string;
  /** `DD_SITE`. */
  readonly site: string;
  /** `DD_TAGS`; `undefined` when there are none. */
  readonly tags: string | undefined;
  /** Name of the Kubernetes Secret that holds the API key under `api-key`. */
  readonly secretName: string;
  /** ARN of the secret that holds the API key, for ECS. */
  readonly secretArn: string;
  /** Memory of the container on ECS and Elastic Beanstalk, in MiB. */
  readonly memoryMiB: number;
}

/** Settings that only matter where the whole Agent is written down, beside those of the profile. */
const extra: Readonly<Record<string, ProfileSetting>> = {
  site: {
    type: 'string',
    required: false,
    description: 'DD_SITE, the Datadog site, such as datadoghq.com or datadoghq.eu',
    default: 'datadoghq.com',
    pattern: '[A-Za-z0-9.-]{1,253}',
  },
  image: {
    type: 'string',
    required: false,
    description: 'the repository of the Agent’s image',
    default: 'public.ecr.aws/datadog/agent',
    pattern: '[A-Za-z0-9][A-Za-z0-9.:/_-]{0,254}',
  },
  version: {
    type: 'string',
    required: false,
    description: 'the tag of the Agent’s image; 7.46 is the oldest that the vendor supports for this',
    default: '7.81.1',
    pattern: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}',
  },
  tags: { type: 'string', required: false, description: 'DD_TAGS: KEY:VALUE, separated by blanks' },
  secretName: {
    type: 'string',
    required: false,
    description: 'the Kubernetes Secret that holds the API key under the key api-key',
    default: 'datadog-secret',
    pattern: '[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?',
  },
  secretArn: {
    type: 'string',
    required: false,
    description: 'ECS: the ARN of the Secrets Manager secret or parameter that holds the API key',
    default: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME',
    pattern: 'arn:[A-Za-z0-9:/_+=,.@-]{1,2000}',
  },
  memoryMiB: {
    type: 'integer',
    required: false,
    description: 'ECS and Elastic Beanstalk: the memory limit of the Agent’s container, in MiB',
    default: 256,
    minimum: 128,
    maximum: 65536,
  },
};

/** The profile with the settings that its texts know beside its own. */
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
    image: `${text('image')}:${text('version')}`,
    site: text('site'),
    tags: values.get('tags') === undefined ? undefined : text('tags'),
    secretName: text('secretName'),
    secretArn: text('secretArn'),
    memoryMiB: Number(valueOf(values, 'memoryMiB')),
  };
}

function valueOf(values: ReadonlyMap<string, SettingValue>, name: string): SettingValue {
  const value = values.get(name);
  if (value === undefined) throw new OutriderError('internal', `setting ${name} has no default`);
  return value;
}
