import type { Profile, ProfileEnv, ProfileSetting } from '../../src/model/profile.js';
import { reservedNames } from '../../src/profile/reserved.js';

/** Reference of profiles' settings: a Markdown table for each, made from the profile itself. */
export function profileReference(profiles: readonly Profile[]): string {
  return ['# Profile settings', '', introduction, '', ...profiles.flatMap(section)].join('\n');
}

const introduction =
  'What `spec.profile.settings` of a policy, or `--set`, may hold for each built-in profile. A variable or flag whose setting has no value is left out.';

function section(profile: Profile): readonly string[] {
  const { spec } = profile;
  const { name } = profile.metadata;
  const settings = Object.entries(spec.settings).map(
    ([setting, rule]) =>
      `| \`${setting}\` | ${rule.type} | ${standard(rule)} | ${allowed(rule)} | ${cell(sentence(rule.description))} |`,
  );
  const secret =
    spec.credentials === undefined ? 'none' : `Secret \`${spec.credentials.name}\`, key \`${spec.credentials.key}\``;
  return [
    `## ${name}`,
    '',
    `${spec.description}. Recipe version ${spec.version}.`,
    '',
    `- Image: \`${spec.image ?? 'none'}\``,
    `- Access key: ${secret}; another one by \`spec.credentials.secretRef\`. Never a setting.`,
    `- Variables on instrumented containers: ${variables(spec.env)}`,
    `- Variables on the agent: ${variables(spec.sidecar?.env ?? [])}`,
    `- Reserved variables: ${list(reservedNames(spec))}`,
    ...(spec.hosts.length === 0 ? [] : [`- Hosts that a pod must not redirect: ${list(spec.hosts)}`]),
    ...(spec.task === undefined
      ? []
      : [
          `- In ECS tasks, variables on the agent: ${list([...new Set(spec.task.agent.env.map(({ name: each }) => each))])}`,
        ]),
    '',
    '| Setting | Type | Default | Allowed | Meaning |',
    '| --- | --- | --- | --- | --- |',
    ...settings,
    '',
    ...Object.entries(spec.settings).flatMap(([setting, rule]) => table(name, setting, rule)),
  ];
}

function standard({ default: value, lookup, required }: ProfileSetting): string {
  const follows = lookup === undefined ? '' : `follows \`${lookup.setting}\``;
  const own = value === undefined ? '' : `\`${cell(String(value))}\``;
  const parts = [follows, own].filter((part) => part !== '');
  if (parts.length > 0) return parts.join(', else ');
  return required ? 'required' : 'none';
}

function allowed({ enum: values, pattern, minimum, maximum }: ProfileSetting): string {
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(' ');
  if (pattern !== undefined) return `\`${cell(pattern)}\``;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${minimum} or more`;
  return maximum === undefined ? '' : `${maximum} or less`;
}

function table(profile: string, name: string, { lookup }: ProfileSetting): readonly string[] {
  if (lookup?.table === undefined) return [];
  return [
    `### ${profile}: ${lookup.setting} to ${name}`,
    '',
    `| ${lookup.setting} | ${name} |`,
    '| --- | --- |',
    ...Object.entries(lookup.table).map(([key, value]) => `| \`${key}\` | \`${value}\` |`),
    '',
  ];
}

function variables(env: readonly ProfileEnv[]): string {
  return list([...new Set(env.map(({ name }) => name))]);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `\`${name}\``).join(', ');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
