import { OutriderError } from '../model/error.js';
import type { PolicySpec, Resources } from '../model/policy.js';
import type { Profile, ProfileEnv, ProfileSidecar, ProfileVolume } from '../model/profile.js';
import type { Recipe, RecipeEnv, RecipeSidecar, RecipeVolume } from '../model/recipe.js';
import { holds } from './condition.js';
import { agentImage, agentPorts, fillArgs, fillText, type Filling } from './fill.js';
import { programFolders, toolsVolumeName } from './program-folders.js';
import { hostsOf } from './hosts.js';
import { reservedNames, unsetVariables } from './reserved.js';
import { copyResourcesProblem, mergeResources, resourcesProblem, type ResourceProblem } from './resources.js';
import { effectiveSettings, settingsProblems } from './settings.js';
import { quote } from './setting-value.js';
import { expandTemplate, type TemplateValues } from './template.js';

export interface RenderOptions {
  /** What an image starts (entrypoint, then cmd), where the operator's image map says so; it wins over the profile. */
  readonly argvOf?: (image: string) => readonly string[] | undefined;
  /** Name of the Secret that pods refer to in place of the policy's, for a policy whose Secret is mirrored. */
  readonly secretName?: (secret: { readonly name: string; readonly key: string }) => string;
  /** The same for a pull secret of the agent's image. */
  readonly pullSecretName?: (name: string) => string;
}

/**
 * Fills a profile in for one policy.
 *
 * - A variable or a conditional argument is used when its condition holds; of several variables with one name, the
 *   first that applies.
 * - A variable is left out when a setting in it has no value; an argument, an image or a command must have its values.
 * - The access key is a `secretKeyRef`, `optional` when the policy prefers availability.
 *
 * @param profile one that `checkProfile` finds nothing wrong with
 * @throws OutriderError `settings_invalid` with the policy's field (`spec.profile.settings.region`), what is allowed
 *   there and the near miss; `profile_invalid` for a template that names nothing known.
 */
export function renderRecipe(profile: Profile, policy: PolicySpec, options: RenderOptions = {}): Recipe {
  const problem = settingsProblems(profile, policy.profile.settings)[0];
  if (problem !== undefined) throw problem;
  return new Renderer(profile, policy, effectiveSettings(profile, policy.profile.settings), options).recipe();
}

class Renderer {
  readonly #filling: Filling;
  readonly #options: RenderOptions;

  constructor(profile: Profile, policy: PolicySpec, settings: TemplateValues['settings'], options: RenderOptions) {
    this.#filling = { profile, policy, values: { prefer: policy.prefer, settings } };
    this.#options = options;
  }

  recipe(): Recipe {
    const { spec } = this.#filling.profile;
    const { policy, values } = this.#filling;
    const env = this.#env(spec.env);
    const containers = spec.containers.map((part) => ({ ...part, env: this.#env(part.env) }));
    const unset = unsetVariables(spec, policy, new Set(env.map(({ name }) => name)));
    const wrapper = spec.wrapper && fillArgs(this.#filling, spec.wrapper.argv, 'spec.wrapper.argv');
    const sidecar = spec.sidecar && this.#sidecar(spec.sidecar);
    const credentials = this.#usesCredentials() ? this.#credentials() : undefined;
    const copyResources = this.#copyResources();
    return {
      profile: this.#filling.profile.metadata.name,
      version: spec.version,
      prefer: policy.prefer,
      shareProcessNamespace: spec.shareProcessNamespace,
      capabilities: spec.capabilities,
      wrapper,
      ...this.#session(),
      volume: spec.volume && this.#volume(spec.volume),
      env: [...env, ...unset],
      ...(unset.length === 0 ? {} : { unsetEnv: new Set(unset.map(({ name }) => name)) }),
      reservedEnv: new Set(reservedNames(spec)),
      hosts: hostsOf(spec.hosts, values, [...env, ...(sidecar?.env ?? [])], wrapper ?? []),
      containers,
      hostVolumes: spec.hostVolumes.map(({ name, path, type }) =>
        type === undefined ? { name, path } : { name, path, type },
      ),
      sidecar,
      skipWhen: new Set(spec.skipWhen),
      imagePullSecrets: policy.agent.imagePullSecrets.map((name) => this.#options.pullSecretName?.(name) ?? name),
      ...(copyResources === undefined ? {} : { copyResources }),
      ...(credentials === undefined ? {} : { credentials }),
    };
  }

  #session(): Pick<Recipe, 'session'> {
    const { session } = this.#filling.profile.spec;
    if (session === undefined) return {};
    const { argv, relocatable } = session;
    if (argv === undefined) return { session: { relocatable } };
    return { session: { argv: fillArgs(this.#filling, argv, 'spec.session.argv'), relocatable } };
  }

  #copyResources(): Resources | undefined {
    const { copyResources } = this.#filling.policy.agent;
    if (Object.keys({ ...copyResources.requests, ...copyResources.limits }).length === 0) return undefined;
    const problem = copyResourcesProblem(copyResources);
    if (problem !== undefined) throw invalidResources('copyResources', problem);
    return mergeResources({}, copyResources);
  }

  #volume(volume: ProfileVolume): RecipeVolume {
    const { copy, imageVolume } = volume;
    const image = () =>
      copy?.image === undefined
        ? agentImage(this.#filling)
        : fillText(this.#filling, copy.image, 'spec.volume.copy.image');
    return {
      name: volume.name,
      mountPath: volume.mountPath,
      sizeLimit: volume.sizeLimit,
      programs: programFolders(volume, this.#filling.profile.spec.wrapper),
      copy: copy && {
        image: image(),
        name: copy.name,
        toolsName: copy.toolsName ?? `${copy.name}-tools`,
        from: copy.from,
        command: copy.command && fillArgs(this.#filling, copy.command, 'spec.volume.copy.command'),
      },
      imageVolume: imageVolume && {
        image: image(),
        subPath: imageVolume.subPath,
        toolsName: toolsVolumeName(volume),
      },
    };
  }

  #sidecar(sidecar: ProfileSidecar): RecipeSidecar {
    const image =
      sidecar.image === undefined
        ? agentImage(this.#filling)
        : fillText(this.#filling, sidecar.image, 'spec.sidecar.image');
    const resources = mergeResources(sidecar.resources, this.#filling.policy.agent.resources);
    const problem = resourcesProblem(resources);
    if (problem !== undefined) throw invalidResources('resources', problem);
    return {
      name: sidecar.name,
      image,
      argv: this.#argvOf(image) ?? sidecar.argv,
      env: this.#env(sidecar.env),
      ports: agentPorts(sidecar.ports, this.#filling),
      resources,
      ...(sidecar.minimumLimits === undefined ? {} : { minimumLimits: sidecar.minimumLimits }),
      runAs: sidecar.runAs,
      ...(sidecar.runAsUser === undefined ? {} : { runAsUser: sidecar.runAsUser }),
      ...(sidecar.runAsGroup === undefined ? {} : { runAsGroup: sidecar.runAsGroup }),
      readOnlyRootFilesystem: sidecar.readOnlyRootFilesystem,
      ...(sidecar.apiAccess ? { apiAccess: true as const } : {}),
    };
  }

  #argvOf(image: string): readonly string[] | undefined {
    const argv = this.#options.argvOf?.(image);
    return argv === undefined || argv.length === 0 ? undefined : argv;
  }

  #env(variables: readonly ProfileEnv[]): readonly RecipeEnv[] {
    const rendered = new Map<string, RecipeEnv>();
    for (const variable of variables) {
      if (rendered.has(variable.name) || !holds(variable.when, this.#filling.values)) continue;
      const result = this.#variable(variable);
      if (result !== undefined) rendered.set(variable.name, result);
    }
    return [...rendered.values()];
  }

  #variable({ name, value, fromField, fromSecret }: ProfileEnv): RecipeEnv | undefined {
    if (fromSecret !== undefined) {
      const optional = this.#filling.policy.prefer === 'Availability';
      return { name, valueFrom: { secretKeyRef: { ...this.#credentials(), optional } } };
    }
    if (fromField !== undefined) return { name, valueFrom: { fieldRef: { fieldPath: fromField } } };
    const expansion = expandTemplate(value ?? '', this.#filling.values);
    return expansion.ok ? { name, value: expansion.text } : undefined;
  }

  #credentials(): { readonly name: string; readonly key: string } {
    const secret = this.#filling.policy.credentials.secretRef ?? this.#filling.profile.spec.credentials;
    if (secret !== undefined && secretKey.test(secret.key)) {
      return { name: this.#options.secretName?.(secret) ?? secret.name, key: secret.key };
    }
    if (secret !== undefined) {
      const field = 'spec.credentials.secretRef.key';
      const message = `${field} is ${quote(secret.key)}; give a key of the Secret: letters, digits, - _ and dots.`;
      throw new OutriderError('settings_invalid', message, { field });
    }
    const field = 'spec.credentials.secretRef';
    const message = `${field} is missing, and profile ${this.#filling.profile.metadata.name} has no default; name the Secret and the key in it that hold the agent’s access key.`;
    throw new OutriderError('settings_invalid', message, { field });
  }

  #usesCredentials(): boolean {
    const { env, containers, sidecar } = this.#filling.profile.spec;
    const variables = [...env, ...containers.flatMap((part) => part.env), ...(sidecar?.env ?? [])];
    return variables.some(({ fromSecret, when }) => fromSecret !== undefined && holds(when, this.#filling.values));
  }
}

function invalidResources(of: 'resources' | 'copyResources', { field: inside, text }: ResourceProblem): OutriderError {
  const field = `spec.agent.${of}.${inside}`;
  return new OutriderError('settings_invalid', `${field} ${text}.`, { field });
}

/** Keys that a Secret can have (Kubernetes `IsConfigMapKey`). */
const secretKey = /^[-._a-zA-Z0-9]+$/;
