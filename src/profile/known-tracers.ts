import type { Profile, ProfileArg } from '../model/profile.js';
import type { Recipe } from '../model/recipe.js';
import type { KnownPart, KnownTracers, KnownWrapper } from '../model/tracers.js';
import { parseTemplate } from './template.js';

/** Programs that start anything: as a wrapper's, they tell nothing alone. */
const generic: ReadonlySet<string> = new Set(['ash', 'bash', 'busybox', 'dash', 'env', 'exec', 'sh', 'tini']);

/**
 * Compiles what the profiles that trace are known by. A profile without a wrapper traces nothing that another one could
 * trace again.
 *
 * @param recipes how policies use profiles: images that only they tell
 */
export function knownTracers(profiles: Iterable<Profile>, recipes: Iterable<Recipe> = []): KnownTracers {
  const found = new Collected();
  for (const { metadata, spec } of profiles) {
    if (spec.wrapper === undefined) continue;
    const { name } = metadata;
    found.addWrapper(name, startOf(spec.wrapper.argv));
    const { sidecar, volume, task } = spec;
    const agents = [spec.image, sidecar?.image, task?.agent.image, ...(task?.agent.repositories ?? [])];
    const repositoriesIn = (images: readonly (string | undefined)[]): readonly string[] =>
      images.flatMap((image) => (image === undefined ? undefined : repositoryIn(image, spec.settings)) ?? []);
    const ofTask = task === undefined ? undefined : defaultOf(task.agent.name, spec.settings);
    for (const repository of repositoriesIn(agents)) {
      found.addAgent(name, repository);
      found.addPart(name, sidecar?.name, repository);
      found.addPart(name, ofTask, repository);
    }
    for (const repository of repositoriesIn([volume?.copy?.image ?? spec.image])) {
      found.addPart(name, volume?.copy?.name, repository);
    }
  }
  for (const { profile, wrapper, sidecar } of recipes) {
    const repository = wrapper === undefined || sidecar === undefined ? undefined : repositoryIn(sidecar.image, {});
    if (repository === undefined) continue;
    found.addAgent(profile, repository);
    found.addPart(profile, sidecar?.name, repository);
  }
  return found;
}

class Collected implements KnownTracers {
  readonly wrappers = new Map<string, (KnownWrapper & { readonly profiles: Set<string> })[]>();
  readonly agents = new Map<string, Set<string>>();
  readonly parts = new Map<string, KnownPart[]>();

  addWrapper(profile: string, [program, ...behind]: readonly string[]): void {
    if (program === undefined) return;
    const words = generic.has(lastPart(program)) ? behind : [];
    const known = this.wrappers.get(program) ?? [];
    this.wrappers.set(program, known);
    const same = known.find((other) => JSON.stringify(other.words) === JSON.stringify(words));
    if (same === undefined) known.push({ profiles: new Set([profile]), words });
    else same.profiles.add(profile);
  }

  addAgent(profile: string, repository: string): void {
    const profiles = this.agents.get(repository) ?? new Set();
    this.agents.set(repository, profiles.add(profile));
  }

  addPart(profile: string, name: string | undefined, repository: string): void {
    if (name === undefined) return;
    const base = lastPart(repository);
    const parts = this.parts.get(base) ?? [];
    this.parts.set(base, parts);
    if (!parts.some((part) => part.profile === profile && part.name === name)) parts.push({ profile, name });
  }
}

/** What every argv of a wrapper starts with, whatever a policy sets: its first word is always text. */
function startOf(argv: readonly ProfileArg[]): readonly string[] {
  const end = argv.findIndex((arg) => typeof arg !== 'string' || isTemplate(arg));
  return argv.slice(0, end === -1 ? argv.length : end).filter((arg) => typeof arg === 'string');
}

function isTemplate(text: string): boolean {
  return parseTemplate(text).some(({ kind }) => kind !== 'text');
}

/** A template that is one setting, as the setting's default; one without any, as it is. */
function defaultOf(template: string, settings: Profile['spec']['settings']): string | undefined {
  const [part, ...more] = parseTemplate(template);
  if (part === undefined || more.length > 0) return undefined;
  if (part.kind === 'text') return part.text;
  const value = part.kind === 'setting' ? settings[part.setting]?.default : undefined;
  return value === undefined ? undefined : String(value);
}

/** A reference's repository, with the settings' defaults; `undefined` where a setting without one decides it. */
function repositoryIn(image: string, settings: Profile['spec']['settings']): string | undefined {
  const text = parseTemplate(image)
    .map((part) => {
      if (part.kind === 'text') return part.text;
      const value = part.kind === 'setting' ? settings[part.setting]?.default : undefined;
      return value === undefined ? undecided : String(value);
    })
    .join('')
    .replace(/@[^]*$/, '');
  const tag = text.lastIndexOf(':');
  const repository = tag > text.lastIndexOf('/') ? text.slice(0, tag) : text;
  return repository.includes(undecided) ? undefined : repository;
}

// No reference has it.
const undecided = '\n';

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
