/** A tracer's wrapper, as what an argv starts with. */
export interface KnownWrapper {
  /** Names of the profiles that start it. */
  readonly profiles: ReadonlySet<string>;
  /** Further words that have to be after the program; none, where the program alone tells. */
  readonly words: readonly string[];
}

/** A container that a profile adds. */
export interface KnownPart {
  readonly profile: string;
  /** Its name; with a suffix, it is still the same part. */
  readonly name: string;
}

/**
 * What the profiles of a configuration, the built-in ones too, trace with: how a pod or task shows that it is
 * instrumented by one of them. Compiled once per configuration.
 */
export interface KnownTracers {
  /** By the wrapper's program. */
  readonly wrappers: ReadonlyMap<string, readonly KnownWrapper[]>;
  /** Names of profiles by the repository of their agent's image. */
  readonly agents: ReadonlyMap<string, ReadonlySet<string>>;
  /** By the last part of their image's repository, under which a mirror of it goes too. */
  readonly parts: ReadonlyMap<string, readonly KnownPart[]>;
}
