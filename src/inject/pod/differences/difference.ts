import type { JsonObject, JsonValue } from '../../../model/json.js';
import { writePointer } from '../../../model/json-pointer.js';
import type { AllowedDifference, ClusterFacts } from '../../../model/recipe.js';

/** The part of ours that something is about. */
export type Part = 'volume' | 'tools' | 'files' | 'agent';

/** One place in which a part of ours is neither as planned nor as the table allows. */
export interface Difference {
  readonly part: Part;
  /** The path from the part on: fields, and members of lists by their key, a name or a mount's path. */
  readonly place: readonly string[];
  /** The pod's value there; `null` for nothing. */
  readonly value: JsonValue;
}

/** No differences. Shared, because nearly every part has none. */
export const noDifferences: readonly Difference[] = [];

/** What a comparison uses, besides the two sides. */
export interface Terms {
  readonly part: Part;
  readonly facts: ClusterFacts;
  /** The pod's volumes, because only a volume's source says what a mount is. */
  readonly volumes: readonly JsonObject[];
  /** The lowest limits that others may set on the part, by resource; the planned ones if absent. */
  readonly minimumLimits: () => Readonly<Record<string, string>> | undefined;
  /**
   * Limits that the part has in every pod. Further ones depend on the pod's quality of service, which a container that
   * another webhook adds may change, so they may be absent.
   */
  readonly ownLimits: () => Readonly<Record<string, string>> | undefined;
  /** Variables that must not be added (E32). */
  readonly reservedEnv: ReadonlySet<string>;
}

/** An entry longer than this is not printed, but its place is. */
const longestEntry = 300;
/** How many characters of entries are printed. A denial has room for 2,000. */
const longestTogether = 1_400;
/** The parts that are containers; `*` in an entry means all of them. */
const containerParts: readonly Part[] = ['tools', 'files', 'agent'];

/** The entry of `ownPartsMayDiffer` that allows a difference. */
export function entryFor({ part, place, value }: Difference): AllowedDifference {
  return { path: writePointer([part, ...place]), value };
}

/**
 * Differences for people: the entries that would allow them, and the places of those that are too long to print. A
 * difference that is the same in each of our containers is reported once.
 */
export function describeDifferences(differences: readonly Difference[]): string {
  const entries = new Set<string>();
  const places = new Set<string>();
  const inEach = findInEach(differences);
  let left = longestTogether;
  for (const difference of differences) {
    const { path, value } = entryFor(difference);
    const isShared = difference.part !== 'volume' && inEach.has(textOf(difference));
    const shared = isShared ? path.replace(/^\/[a-z]+/, '/*') : path;
    const text = JSON.stringify({ path: shared, value });
    if (entries.has(text)) continue;
    if (text.length > longestEntry || text.length > left) {
      places.add(shared);
      continue;
    }
    left -= text.length;
    entries.add(text);
  }
  const told = [...places].slice(0, mostPlaces).join(', ');
  const more = places.size > mostPlaces ? ` and ${places.size - mostPlaces} more` : '';
  const where = places.size === 0 ? '' : `, at ${told}${more}`;
  return entries.size === 0
    ? `not as planned${where}`
    : `not as planned${where}; to let it be, list in ownPartsMayDiffer: [${[...entries].join(',')}]`;
}

/** How many places are reported. */
const mostPlaces = 8;

/** The differences that all of our containers have, as texts. */
function findInEach(differences: readonly Difference[]): ReadonlySet<string> {
  const parts = new Map<string, Set<Difference['part']>>();
  for (const difference of differences) {
    if (difference.part === 'volume') continue;
    const text = textOf(difference);
    const found = parts.get(text);
    if (found === undefined) parts.set(text, new Set([difference.part]));
    else found.add(difference.part);
  }
  return new Set([...parts].flatMap(([text, found]) => (containerParts.every((one) => found.has(one)) ? [text] : [])));
}

/** Place and value. */
function textOf({ place, value }: Difference): string {
  return `${writePointer(place)} ${JSON.stringify(value)}`;
}
