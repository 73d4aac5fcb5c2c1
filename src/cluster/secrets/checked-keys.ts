import type { CredentialsReport } from './credentials-report.js';
import type { WantedKey } from './wanted.js';

/** What was found where a key is wanted. */
export type Found = 'present' | 'missing' | 'blocked' | 'unknown';

/** Of each copy, the version of its source; `undefined` where the source is not there. */
export type SourceVersions = ReadonlyMap<string, string | undefined>;

interface Checked {
  readonly found: Found;
  /** When it is to be looked at again, on the monotonic clock. */
  readonly dueMs: number;
  /** Of a copy: the source's version that it was made of. */
  readonly sourceVersion: string | undefined;
}

/** What was found of the wanted keys, and when each is to be looked at again. */
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

  /** Forgets the keys that are not wanted any more. */
  keepOnly(wanted: readonly WantedKey[]): void {
    const ids = new Set(wanted.map(idOf));
    for (const id of this.#checked.keys()) if (!ids.has(id)) this.#checked.delete(id);
  }

  /** The keys to look at now: never looked at, looked at long ago, or copies of what has changed. */
  due(wanted: readonly WantedKey[], versions: SourceVersions, nowMs: number): readonly WantedKey[] {
    return wanted.filter((one) => {
      const last = this.#checked.get(idOf(one));
      return last === undefined || last.dueMs <= nowMs || last.sourceVersion !== sourceVersionOf(one, versions);
    });
  }

  /** By policy, how it stands with its keys. */
  reports(wanted: readonly WantedKey[], versions: SourceVersions, ownNamespace: string): readonly CredentialsReport[] {
    return [...byPolicy(wanted)].flatMap(([policy, keys]) => {
      const [first] = keys;
      if (first === undefined) return [];
      const { mirror, name } = first;
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

function byPolicy(wanted: readonly WantedKey[]): ReadonlyMap<string, readonly WantedKey[]> {
  const keys = new Map<string, WantedKey[]>();
  for (const one of wanted) {
    const known = keys.get(one.policy);
    if (known === undefined) keys.set(one.policy, [one]);
    else known.push(one);
  }
  return keys;
}
