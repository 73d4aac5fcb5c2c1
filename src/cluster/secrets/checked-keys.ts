import type { CredentialsReport } from './credentials-report.js';
import type { WantedKey } from './wanted.js';

/** What was found at the places where a key is wanted. */
export type Found = 'present' | 'missing' | 'blocked' | 'unknown';

/** For each copy, the version of its source; `undefined` if the source does not exist. */
export type SourceVersions = ReadonlyMap<string, string | undefined>;

interface Checked {
  readonly found: Found;
  /** When to look at it again, on the monotonic clock. */
  readonly dueMs: number;
  /** For a copy: the version of the source that it was made from. */
  readonly sourceVersion: string | undefined;
}

/** What was found about the wanted keys, and when to look at each again. */
export class CheckedKeys {
  readonly #checked = new Map<string, Checked>();

  get size(): number {
    return this.#checked.size;
  }

  /** What was found last. */
  foundOf(wanted: WantedKey): Found | undefined {
    return this.#checked.get(idOf(wanted))?.found;
  }

  note(wanted: WantedKey, found: Found, versions: SourceVersions, dueMs: number): void {
    this.#checked.set(idOf(wanted), { found, sourceVersion: sourceVersionOf(wanted, versions), dueMs });
  }

  /** Forgets the keys that are no longer wanted. */
  keepOnly(wanted: readonly WantedKey[]): void {
    const ids = new Set(wanted.map(idOf));
    for (const id of this.#checked.keys()) if (!ids.has(id)) this.#checked.delete(id);
  }

  /** The keys to look at now: those never looked at, those looked at long ago, and copies of changed sources. */
  due(wanted: readonly WantedKey[], versions: SourceVersions, nowMs: number): readonly WantedKey[] {
    return wanted.filter((one) => {
      const last = this.#checked.get(idOf(one));
      return last === undefined || last.dueMs <= nowMs || last.sourceVersion !== sourceVersionOf(one, versions);
    });
  }

  /** By policy and Secret, the state of its keys; a policy's access key comes first. */
  reports(wanted: readonly WantedKey[], versions: SourceVersions, ownNamespace: string): readonly CredentialsReport[] {
    return [...bySecret(wanted).values()].flatMap((keys) => {
      const [first] = keys;
      if (first === undefined) return [];
      const { policy, mirror, name } = first;
      const where = (found: Found): readonly string[] =>
        keys
          .filter((one) => (this.foundOf(one) ?? 'unknown') === found)
          .map(({ namespace }) => namespace)
          .sort();
      return {
        policy,
        secret: mirror === undefined ? name : `${ownNamespace}/${mirror.source.name}`,
        mirrored: mirror !== undefined,
        sourcePresent: mirror === undefined || versions.get(mirror.copy) !== undefined,
        matched: keys.length,
        present: where('present').length,
        missing: where('missing'),
        blocked: where('blocked'),
        unknown: where('unknown'),
      };
    });
  }
}

function idOf({ policy, namespace, name, key }: WantedKey): string {
  return `${policy}/${namespace}/${name}/${key}`;
}

function sourceVersionOf({ mirror }: WantedKey, versions: SourceVersions): string | undefined {
  return mirror === undefined ? undefined : versions.get(mirror.copy);
}

function bySecret(wanted: readonly WantedKey[]): ReadonlyMap<string, readonly WantedKey[]> {
  const keys = new Map<string, WantedKey[]>();
  for (const one of wanted) {
    const id = `${one.policy}/${one.name}`;
    const known = keys.get(id);
    if (known === undefined) keys.set(id, [one]);
    else known.push(one);
  }
  return keys;
}
