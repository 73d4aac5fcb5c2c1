import { OutriderError } from '../model/error.js';
import type { PolicySpec } from '../model/policy.js';
import type { Profile, ProfileArg, ProfileSidecar, SettingValue } from '../model/profile.js';
import type { AgentPort } from '../model/recipe.js';
import { holds } from './condition.js';
import { quote } from './setting-value.js';
import { missingSetting } from './settings.js';
import { expandTemplate, type TemplateValues } from './template.js';

/** A profile and the values that its templates are filled in with. */
export interface Filling {
  readonly profile: Profile;
  readonly policy: PolicySpec;
  readonly values: TemplateValues;
}

/**
 * A template filled in.
 *
 * @param field the template's, for messages
 * @throws OutriderError `settings_invalid` for a setting without a value, `profile_invalid` for a name that is none
 */
export function fillText({ profile, values }: Filling, template: string, field: string): string {
  const expansion = expandTemplate(template, values);
  if (expansion.ok) return expansion.text;
  if (Object.hasOwn(profile.spec.settings, expansion.missing)) throw missingSetting(profile, expansion.missing);
  const message = `${field} of profile ${profile.metadata.name} names ${expansion.missing}, which is nothing known; use \${settings.NAME} or \${prefer}.`;
  throw new OutriderError('profile_invalid', message, { field });
}

/** The arguments whose conditions hold, filled in. Throws what {@link fillText} does. */
export function fillArgs(filling: Filling, args: readonly ProfileArg[], field: string): readonly string[] {
  return args.flatMap((arg, index) => {
    if (typeof arg === 'string') return [fillText(filling, arg, `${field}[${index}]`)];
    return holds(arg.when, filling.values) ? [fillText(filling, arg.value, `${field}[${index}].value`)] : [];
  });
}

/**
 * The agent's image: the policy's, else the profile's.
 *
 * @throws OutriderError `settings_invalid` when there is none, or it has a blank in it
 */
export function agentImage(filling: Filling): string {
  const { profile, policy } = filling;
  const { image } = policy.agent;
  const field = 'spec.agent.image';
  if (/\s/.test(image)) {
    const message = `${field} is ${quote(image)}, with a blank in it; give an image reference.`;
    throw new OutriderError('settings_invalid', message, { field });
  }
  if (image !== '') return image;
  if (profile.spec.image !== undefined) return fillText(filling, profile.spec.image, 'spec.image');
  const message = `${field} is empty, and profile ${profile.metadata.name} names no image; give the agent’s image.`;
  throw new OutriderError('settings_invalid', message, { field });
}

/** The ports that a profile's agent listens on, as the settings have them. */
export function agentPorts(ports: ProfileSidecar['ports'], { values }: Filling): readonly AgentPort[] {
  return ports.map((port): AgentPort => {
    if (typeof port === 'number') return { number: port, protocol: 'TCP' };
    if ('port' in port) return { number: port.port, protocol: port.protocol };
    const { setting, protocol } = port;
    return { number: portIn(values.settings.get(setting)) ?? port.default, protocol, setting };
  });
}

/** The port in a setting's value: the number itself, or what is after the last colon of an address. */
function portIn(value: SettingValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(String(value).split(':').at(-1));
  return Number.isInteger(number) && number > 0 && number <= 65535 ? number : undefined;
}
