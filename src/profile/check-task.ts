import type { Condition, ProfileArg, ProfileSpec } from '../model/profile.js';
import type { ProfileTask, ProfileTaskEnv } from '../model/profile-task.js';

/** The checks that every section of a profile shares; each reports what it finds under the field. */
export interface SharedChecks {
  report(field: string, problem: string): void;
  template(field: string, template: string): void;
  args(field: string, args: readonly ProfileArg[]): void;
  condition(field: string, condition: Condition | undefined): void;
  capabilities(field: string, capabilities: readonly string[]): void;
  setting(field: string, name: string): void;
  isSecretName(name: string): boolean;
}

const at = 'spec.task';

/** Checks a profile's recipe for tasks beyond its schema. */
export function checkTask({ task, image, wrapper }: ProfileSpec, check: SharedChecks): void {
  if (task === undefined) return;
  const { agent, volume } = task;
  if (wrapper === undefined) checkAgentOnly(task, check);
  else if (task.toolsPath === undefined)
    check.report(`${at}.toolsPath`, 'is missing, and there is spec.wrapper; give it');
  const [first] = wrapper?.argv ?? [];
  if (
    typeof first === 'string' &&
    task.toolsPath !== undefined &&
    !first.startsWith(`${task.toolsPath.replace(/\/$/, '')}/`)
  ) {
    check.report(`${at}.toolsPath`, `is ${task.toolsPath}, and the wrapper ${first} is outside it; make them agree`);
  }
  check.capabilities(`${at}.capabilities`, task.capabilities);
  check.capabilities(`${at}.agent.capabilities`, agent.capabilities);
  for (const field of ['memoryLimitSetting', 'memorySetting', 'cpuSetting', 'repositoryCredentialsSetting'] as const) {
    const setting = agent[field];
    if (setting !== undefined) check.setting(`${at}.agent.${field}`, setting);
  }
  const hostVolumes = agent.hostMounts.map(({ volume: name }) => name);
  for (const [index, name] of hostVolumes.entries()) {
    if (hostVolumes.indexOf(name) === index && name !== volume?.name) continue;
    check.report(
      `${at}.agent.hostMounts[${index}].volume`,
      `is ${name}, which another volume has too; name it otherwise`,
    );
  }
  checkEnv(`${at}.env`, task.env, check);
  checkEnv(`${at}.agent.env`, agent.env, check);
  for (const [index, { containersSetting }] of agent.env.entries()) {
    if (containersSetting === undefined) continue;
    check.report(`${at}.agent.env[${index}].containersSetting`, 'is for containers of the workload; take it out');
  }
  check.template(`${at}.agent.name`, agent.name);
  if (agent.image !== undefined) check.template(`${at}.agent.image`, agent.image);
  else if (image === undefined) check.report(`${at}.agent.image`, 'is missing, and so is spec.image; give one of them');
  check.condition(`${at}.agent.log.when`, agent.log?.when);
  for (const [option, value] of Object.entries(agent.log?.options ?? {})) {
    check.template(`${at}.agent.log.options.${option}`, value);
  }
  if (volume?.init.image !== undefined) check.template(`${at}.volume.init.image`, volume.init.image);
  check.args(`${at}.volume.init.command`, volume?.init.command ?? []);
  for (const [index, { part, condition }] of task.dependsOn.entries()) {
    check.template(`${at}.dependsOn[${index}].condition`, condition);
    if (part === 'init' && volume === undefined) {
      check.report(`${at}.dependsOn[${index}].part`, 'is init, and there is no volume with one; take it out');
    }
  }
}

/** Without a wrapper nothing is done to other containers, so what is for them would never be used. */
function checkAgentOnly({ toolsPath, capabilities, volume, env, dependsOn }: ProfileTask, check: SharedChecks): void {
  const given = {
    toolsPath: toolsPath !== undefined,
    capabilities: capabilities.length > 0,
    volume: volume !== undefined,
    env: env.length > 0,
    dependsOn: dependsOn.length > 0,
  };
  for (const [field, isGiven] of Object.entries(given)) {
    if (!isGiven) continue;
    check.report(
      `${at}.${field}`,
      'is given without spec.wrapper, so there is nothing to start; add one, or take it out',
    );
  }
}

function checkEnv(field: string, variables: readonly ProfileTaskEnv[], check: SharedChecks): void {
  for (const [
    index,
    { name, value, secretFrom, dockerrunPlaceholder, containersSetting, when },
  ] of variables.entries()) {
    const place = `${field}[${index}]`;
    if ((value === undefined) === (secretFrom === undefined)) {
      check.report(place, 'needs exactly one of value and secretFrom');
    }
    if (dockerrunPlaceholder !== undefined && secretFrom === undefined) {
      check.report(`${place}.dockerrunPlaceholder`, 'stands for a secret; it goes with secretFrom');
    }
    if (value !== undefined) {
      check.template(`${place}.value`, value);
      if (check.isSecretName(name)) {
        check.report(`${place}.value`, `would put ${name} into tasks in plain text; use secretFrom`);
      }
    }
    if (secretFrom !== undefined) check.setting(`${place}.secretFrom`, secretFrom);
    if (containersSetting !== undefined) check.setting(`${place}.containersSetting`, containersSetting);
    check.condition(`${place}.when`, when);
  }
}
