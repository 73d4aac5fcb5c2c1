import { builtInProfiles } from '../../src/profile/registry.js';

/** A profile as a command line asks for it. */
export interface AskedProfile {
  readonly name: string;
  readonly argv: readonly string[];
}

const key = 'accessKeySecretArn=arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf';

/** What a profile cannot do without, in pods or in tasks. */
const settings: Readonly<Record<string, readonly string[]>> = {
  sysdig: ['region=us2', key],
  datadog: [key],
  'datadog-node': [key],
};

/** Every built-in profile with the settings that it needs. */
export function askedProfiles(): readonly AskedProfile[] {
  return builtInProfiles().map(({ metadata: { name } }) => ({
    name,
    argv: ['--profile', name, ...(settings[name] ?? []).flatMap((setting) => ['--set', setting])],
  }));
}
