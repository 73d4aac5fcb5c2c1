import { isDeepStrictEqual } from 'node:util';
import { readProfileObject } from '../../documents/configuration/object.js';
import { OutriderError } from '../../model/error.js';
import type { Profile } from '../../model/profile.js';
import { builtInProfiles, profileRegistry, type ProfileRegistry } from '../../profile/registry.js';
import { problemOf, type ProfileState } from './cluster-configuration.js';
import type { WatchedObject } from './watched-object.js';

interface Valid {
  readonly profile: Profile;
  readonly generation: number;
}

interface Entry {
  readonly watched: WatchedObject;
  readonly error: OutriderError | undefined;
  /** What is served. */
  readonly valid: Valid | undefined;
}

/**
 * The users' profiles. If an edit makes a profile invalid, its last valid version stays in use. A deleted profile is gone;
 * the policies that were compiled with it keep it (`PolicyBook`).
 */
export class ProfileBook {
  #entries: ReadonlyMap<string, Entry> = new Map();
  #registry: ProfileRegistry = profileRegistry();
  #states: readonly ProfileState[] = [];

  /** Built-in and served profiles. */
  get registry(): ProfileRegistry {
    return this.#registry;
  }

  get states(): readonly ProfileState[] {
    return this.#states;
  }

  /**
   * Takes over the current objects. Only changed ones are read again; a profile that did not change stays the same object.
   * @returns false when nothing that is served, and nothing that is wrong, changed
   */
  update(objects: Iterable<WatchedObject>): boolean {
    const entries = new Map<string, Entry>();
    for (const watched of [...objects].sort(byName)) {
      entries.set(watched.name, entryOf(watched, this.#entries.get(watched.name)));
    }
    const before = this.#entries;
    this.#entries = entries;
    if (isSame(before, entries)) return false;
    const served = [...entries.values()].flatMap(({ valid }) => valid?.profile ?? []);
    const profiles = [...builtInProfiles(), ...served].map((profile) => [profile.metadata.name, profile] as const);
    this.#registry = { profiles: new Map(profiles), problems: [] };
    this.#states = [...entries.values()].map(stateOf);
    return true;
  }
}

/** Whether two maps have the same values under the same keys. */
export function isSame<Value>(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** Orders objects by name, in code units. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

function entryOf(watched: WatchedObject, previous: Entry | undefined): Entry {
  const known = previous?.watched.uid === watched.uid ? previous : undefined;
  if (known?.watched.generation === watched.generation && isDeepStrictEqual(known.watched.document, watched.document)) {
    return known;
  }
  const { value: profile, error } = readProfileObject(watched.document);
  const problem = profile === undefined ? error : fault(profile);
  if (profile === undefined || problem !== undefined) return { watched, error: problem, valid: known?.valid };
  return { watched, error: undefined, valid: { profile, generation: watched.generation } };
}

/** The problem with a profile that has the right form. */
function fault(profile: Profile): OutriderError | undefined {
  const file = `profile ${profile.metadata.name}`;
  try {
    return profileRegistry([{ profile, file }]).problems[0];
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new OutriderError('internal', `${file}: it cannot be checked: ${text}`, { cause });
  }
}

function stateOf({ watched, error, valid }: Entry): ProfileState {
  return {
    name: watched.name,
    uid: watched.uid,
    generation: watched.generation,
    served: error === undefined ? 'Current' : valid === undefined ? 'None' : 'LastValid',
    servedGeneration: error === undefined ? watched.generation : valid?.generation,
    problem: error && problemOf(error),
    profile: valid?.profile,
  };
}
