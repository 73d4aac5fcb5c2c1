import { OutriderError } from '../model/error.js';
import { objectName } from '../model/policy.js';
import type { Condition, Profile, ProfileArg, ProfileEnv } from '../model/profile.js';
import { validationRules } from '../model/validation-rules.js';
import { checkSettings, secretName, unknownSetting } from './check-settings.js';
import { checkTask } from './check-task.js';
import { checkVolumes, pathProblem } from './check-volumes.js';
import { patternProblem } from './pattern.js';
import { mergeResources, resourceNameProblem, resourcesProblem } from './resources.js';
import { quote, valueProblem } from './setting-value.js';
import { parseTemplate } from './template.js';

/** What the downward API gives a variable (Kubernetes, "Downward API"); anything else makes the pod invalid. */
const podField =
  /^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/;

/**
 * What is wrong with a profile beyond its schema: names that lead nowhere, defaults that a policy could not give,
 * patterns that may never end, keys in plain text. Each is `profile_invalid` with its field and the remedy.
 *
 * @param file the profile's file, for the messages
 */
export function checkProfile(profile: Profile, file?: string): readonly OutriderError[] {
  return new Check(profile, file).run();
}

class Check {
  readonly #profile: Profile;
  readonly #file: string | undefined;
  readonly #problems: OutriderError[] = [];

  constructor(profile: Profile, file: string | undefined) {
    this.#profile = profile;
    this.#file = file;
  }

  run(): readonly OutriderError[] {
    checkSettings(this.#profile.spec.settings, (field, problem) => this.#report(field, problem));
    this.#workload();
    this.#wrapper();
    checkVolumes(this.#profile.spec, (field, problem) => this.#reportIf(field, problem));
    this.#volumeImage();
    this.#sidecar();
    this.#task();
    return this.#problems;
  }

  #workload(): void {
    const { spec } = this.#profile;
    this.#env('spec.env', spec.env);
    this.#capabilities('spec.capabilities', spec.capabilities);
    for (const [index, host] of spec.hosts.entries()) this.#template(`spec.hosts[${index}]`, host);
    if (spec.credentials !== undefined) {
      const { name, key } = spec.credentials;
      if (!objectName.safeParse(name).success) {
        this.#report('spec.credentials.name', `is ${quote(name)}; give the name of a Secret`);
      }
      if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
        this.#report('spec.credentials.key', `is ${quote(key)}; give a key of the Secret`);
      }
    }
    for (const [index, part] of spec.containers.entries()) {
      this.#env(`spec.containers[${index}].env`, part.env);
      this.#capabilities(`spec.containers[${index}].capabilities`, part.capabilities);
    }
  }

  #capabilities(field: string, capabilities: readonly string[]): void {
    for (const [index, capability] of capabilities.entries()) {
      if (/^(?!CAP_)[A-Z][A-Z0-9_]*$/.test(capability)) continue;
      const name = capability.toUpperCase().replace(/^CAP_/, '');
      this.#report(
        `${field}[${index}]`,
        `is ${quote(capability)}; give a capability as Kubernetes writes it, such as ${name}`,
      );
    }
  }

  #wrapper(): void {
    const { wrapper, session } = this.#profile.spec;
    if (session !== undefined && wrapper === undefined) {
      this.#report('spec.session', 'says how sessions are traced, and there is no spec.wrapper; add it');
    }
    if (wrapper !== undefined) this.#startsWithWrapper('spec.wrapper.argv', wrapper.argv);
    if (session?.argv !== undefined) this.#startsWithWrapper('spec.session.argv', session.argv);
  }

  #startsWithWrapper(field: string, argv: readonly ProfileArg[]): void {
    const { volume } = this.#profile.spec;
    this.#args(field, argv);
    const [first] = argv;
    // A wrapped container is recognised by its first element, so that one can neither vary nor be looked up in PATH.
    if (typeof first !== 'string' || !first.startsWith('/') || first.includes('${')) {
      this.#report(`${field}[0]`, 'must be the wrapper’s absolute path, without a condition or a template');
    } else if (pathProblem(first) !== undefined) {
      this.#reportIf(`${field}[0]`, pathProblem(first));
    } else if (volume !== undefined && !first.startsWith(`${volume.mountPath.replace(/\/$/, '')}/`)) {
      this.#report(
        `${field}[0]`,
        `is ${first}, outside spec.volume.mountPath ${volume.mountPath}; name a file of the volume, or leave the volume out where the images hold the wrapper`,
      );
    }
  }

  #volumeImage(): void {
    const { volume, image } = this.#profile.spec;
    if (volume === undefined) return;
    if (volume.copy?.image !== undefined) this.#template('spec.volume.copy.image', volume.copy.image);
    else if (image === undefined) {
      this.#report('spec.image', 'is missing, and spec.volume is filled from it; name the agent’s image');
    }
    this.#args('spec.volume.copy.command', volume.copy?.command ?? []);
  }

  #sidecar(): void {
    const { sidecar, image } = this.#profile.spec;
    if (image !== undefined) this.#template('spec.image', image);
    if (sidecar === undefined) return;
    if (sidecar.image !== undefined) this.#template('spec.sidecar.image', sidecar.image);
    else if (image === undefined) {
      this.#report('spec.sidecar.image', 'is missing, and so is spec.image; give one of them');
    }
    this.#env('spec.sidecar.env', sidecar.env);
    const copy = this.#profile.spec.volume?.copy;
    if (copy !== undefined && [copy.name, copy.toolsName ?? `${copy.name}-tools`].includes(sidecar.name)) {
      this.#report(
        'spec.sidecar.name',
        `is ${sidecar.name}, which an init container of spec.volume.copy has too; rename one`,
      );
    }
    for (const [index, port] of sidecar.ports.entries()) {
      if (typeof port !== 'number' && 'setting' in port)
        this.#known(`spec.sidecar.ports[${index}].setting`, port.setting);
    }
    if (sidecar.runAs === 'Workload' && (sidecar.runAsUser ?? sidecar.runAsGroup) !== undefined) {
      this.#report('spec.sidecar.runAsUser', validationRules.ownUserOnly.message);
    }
    const problem = resourcesProblem(mergeResources(sidecar.resources, {}));
    if (problem !== undefined) this.#report(`spec.sidecar.resources.${problem.field}`, problem.text);
    for (const name of Object.keys(sidecar.minimumLimits ?? {})) {
      this.#reportIf(`spec.sidecar.minimumLimits.${name}`, resourceNameProblem(name));
    }
  }

  #task(): void {
    checkTask(this.#profile.spec, {
      report: (field, problem) => this.#report(field, problem),
      template: (field, template) => this.#template(field, template),
      args: (field, args) => this.#args(field, args),
      condition: (field, condition) => this.#condition(field, condition),
      capabilities: (field, capabilities) => this.#capabilities(field, capabilities),
      setting: (field, name) => void this.#known(field, name),
      isSecretName: (name) => secretName.test(name),
    });
  }

  #env(field: string, variables: readonly ProfileEnv[]): void {
    for (const [index, variable] of variables.entries()) {
      const at = `${field}[${index}]`;
      const sources = [variable.value, variable.fromField, variable.fromSecret].filter(
        (source) => source !== undefined,
      );
      if (sources.length !== 1) this.#report(at, validationRules.oneSourceOfVariable.message);
      if (variable.value !== undefined) {
        this.#template(`${at}.value`, variable.value);
        if (secretName.test(variable.name)) {
          this.#report(
            `${at}.value`,
            `would put ${variable.name} into pods in plain text; use fromSecret: credentials`,
          );
        }
      }
      if (variable.fromField !== undefined && !podField.test(variable.fromField)) {
        this.#report(
          `${at}.fromField`,
          `is ${quote(variable.fromField)}, which a pod does not offer; give one such as spec.nodeName, metadata.name or metadata.labels['app']`,
        );
      }
      this.#condition(`${at}.when`, variable.when);
    }
  }

  #args(field: string, args: readonly ProfileArg[]): void {
    for (const [index, arg] of args.entries()) {
      if (typeof arg === 'string') this.#template(`${field}[${index}]`, arg);
      else {
        this.#template(`${field}[${index}].value`, arg.value);
        this.#condition(`${field}[${index}].when`, arg.when);
      }
    }
  }

  #condition(field: string, condition: Condition | undefined): void {
    if (condition === undefined) return;
    if (condition.setting === undefined) {
      if (condition.equals !== undefined) this.#report(`${field}.equals`, 'needs setting beside it; name the setting');
      return;
    }
    if (!this.#known(`${field}.setting`, condition.setting) || condition.equals === undefined) return;
    const setting = this.#profile.spec.settings[condition.setting];
    if (setting === undefined || (setting.pattern !== undefined && patternProblem(setting.pattern) !== undefined))
      return;
    this.#reportIf(`${field}.equals`, valueProblem(setting, condition.equals));
  }

  #template(field: string, template: string): void {
    for (const part of parseTemplate(template)) {
      if (part.kind === 'setting') this.#known(field, part.setting);
      if (part.kind === 'unknown') {
        this.#report(
          field,
          `has ${part.expression}, which is nothing known; use \${settings.NAME} or \${prefer}, and $\${ for a literal \${`,
        );
      }
    }
  }

  #known(field: string, setting: string): boolean {
    const problem = unknownSetting(this.#profile.spec.settings, setting);
    this.#reportIf(field, problem);
    return problem === undefined;
  }

  #reportIf(field: string, problem: string | undefined): void {
    if (problem !== undefined) this.#report(field, problem);
  }

  #report(field: string, problem: string): void {
    const where = this.#file === undefined ? '' : `${this.#file}: `;
    this.#problems.push(
      new OutriderError('profile_invalid', `${where}profile ${this.#profile.metadata.name}: ${field} ${problem}.`, {
        field,
        ...(this.#file === undefined ? {} : { file: this.#file }),
      }),
    );
  }
}
