import type { PolicySpec } from '../model/policy.js';
import type { Profile, SettingValue } from '../model/profile.js';
import type { ProfileTask, ProfileTaskEnv } from '../model/profile-task.js';
import type { TaskAgent, TaskEnv, TaskRecipe, TaskSecret } from '../model/task-recipe.js';
import { holds } from './condition.js';
import { agentImage, agentPorts, fillArgs, fillText, type Filling } from './fill.js';
import { reservedNames, unsetVariables } from './reserved.js';
import { effectiveSettings, settingsProblems } from './settings.js';
import { expandTemplate } from './template.js';

/**
 * Fills a profile's recipe for tasks in for one policy. Variables and conditions count as they do in a pod's; the
 * access key is never more than the name of where ECS reads it from.
 *
 * @param profile one that `checkProfile` finds nothing wrong with
 * @returns `undefined` for a profile that has no recipe for tasks; without a wrapper, a recipe of the agent alone
 * @throws OutriderError `settings_invalid` and `profile_invalid`, as `renderRecipe` does
 */
export function renderTaskRecipe(profile: Profile, policy: PolicySpec): TaskRecipe | undefined {
  const { task, wrapper, skipWhen } = profile.spec;
  if (task === undefined) return undefined;
  const problem = settingsProblems(profile, policy.profile.settings)[0];
  if (problem !== undefined) throw problem;
  const values = { prefer: policy.prefer, settings: effectiveSettings(profile, policy.profile.settings) };
  const filling: Filling = { profile, policy, values };
  const { env, secrets } = variablesOf(filling, task.env);
  const given = new Set(
    [...env.filter(({ containers }) => containers === undefined), ...secrets].map(({ name }) => name),
  );
  const unset = wrapper === undefined ? [] : unsetVariables(profile.spec, policy, given);
  return {
    profile: profile.metadata.name,
    prefer: policy.prefer,
    sharePidNamespace: task.sharePidNamespace,
    capabilities: task.capabilities,
    wrapper: wrapper === undefined ? [] : fillArgs(filling, wrapper.argv, 'spec.wrapper.argv'),
    toolsPath: task.toolsPath ?? '',
    volume: task.volume && volumeOf(filling, task.volume),
    env: [...env, ...unset.map((variable) => ({ ...variable, fargateOnly: false }))],
    reservedEnv: new Set(reservedNames(profile.spec)),
    dependsOn: task.dependsOn.map(({ part, condition }, index) => ({
      part,
      condition: fillText(filling, condition, `spec.task.dependsOn[${index}].condition`),
    })),
    agent: agentOf(filling, task.agent),
    skipWhen: new Set(skipWhen),
  };
}

function volumeOf(filling: Filling, { name, init }: NonNullable<ProfileTask['volume']>): TaskRecipe['volume'] {
  const image = init.image ?? filling.profile.spec.volume?.copy?.image;
  return {
    name,
    init: {
      name: init.name,
      image: image === undefined ? agentImage(filling) : fillText(filling, image, 'spec.task.volume.init.image'),
      command: fillArgs(filling, init.command, 'spec.task.volume.init.command'),
      user: init.user,
    },
  };
}

function agentOf(filling: Filling, agent: ProfileTask['agent']): TaskAgent {
  const { profile, policy, values } = filling;
  const { log } = agent;
  const at = 'spec.task.agent';
  const settingOf = (name: string | undefined): SettingValue | undefined =>
    name === undefined ? undefined : values.settings.get(name);
  const credentials = settingOf(agent.repositoryCredentialsSetting);
  const { env, secrets, secretSetting } = variablesOf(filling, agent.env);
  return {
    name: fillText(filling, agent.name, `${at}.name`),
    image: agent.image === undefined ? agentImage(filling) : fillText(filling, agent.image, `${at}.image`),
    repositories: agent.repositories,
    essential: policy.prefer === 'Security',
    env,
    secrets,
    ports: agentPorts(profile.spec.sidecar?.ports ?? [], filling),
    capabilities: agent.capabilities,
    hostMounts: agent.hostMounts,
    dockerrunSecurityOptions: agent.dockerrunSecurityOptions,
    memoryLimitMiB: numberOf(settingOf(agent.memoryLimitSetting)),
    memoryMiB: numberOf(settingOf(agent.memorySetting)),
    cpuUnits: numberOf(settingOf(agent.cpuSetting)),
    repositoryCredentials: credentials === undefined ? undefined : String(credentials),
    memoryReservationMiB: agent.memoryReservationMiB,
    healthCheck: agent.healthCheck,
    log:
      log === undefined || !holds(log.when, values)
        ? undefined
        : {
            driver: log.driver,
            options: Object.fromEntries(
              Object.entries(log.options).map(([option, value]) => [
                option,
                fillText(filling, value, `${at}.log.options.${option}`),
              ]),
            ),
          },
    secretSetting,
    repositoryCredentialsSetting: agent.repositoryCredentialsSetting,
  };
}

function variablesOf(
  { values }: Filling,
  variables: readonly ProfileTaskEnv[],
): {
  readonly env: readonly TaskEnv[];
  readonly secrets: readonly TaskSecret[];
  readonly secretSetting: string | undefined;
} {
  const env = new Map<string, TaskEnv>();
  const secrets = new Map<string, TaskSecret>();
  const limited: TaskEnv[] = [];
  let secretSetting: string | undefined;
  for (const { name, value, secretFrom, dockerrunPlaceholder, containersSetting, when, fargateOnly } of variables) {
    if (env.has(name) || secrets.has(name) || !holds(when, values)) continue;
    if (secretFrom !== undefined) {
      const source = values.settings.get(secretFrom);
      secrets.set(name, { name, valueFrom: source === undefined ? undefined : String(source), dockerrunPlaceholder });
      secretSetting ??= secretFrom;
      continue;
    }
    const expansion = expandTemplate(value ?? '', values);
    if (!expansion.ok) continue;
    const variable = { name, value: expansion.text, fargateOnly };
    if (containersSetting === undefined) env.set(name, variable);
    else limited.push({ ...variable, containers: namesIn(values.settings.get(containersSetting)) });
  }
  return { env: [...limited, ...env.values()], secrets: [...secrets.values()], secretSetting };
}

function namesIn(value: SettingValue | undefined): ReadonlySet<string> {
  const names = String(value ?? '').split(/[,\s]+/);
  return new Set(names.filter((name) => name !== ''));
}

function numberOf(value: SettingValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
