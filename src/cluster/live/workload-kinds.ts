import { nearest } from '../../model/nearest.js';
import { OutriderError } from '../../model/error.js';
import { allWorkloadKinds, type WorkloadKind } from '../../model/workload-kinds.js';
import type { Resource } from '../client/resources.js';

/** An object as a command line names it. */
export interface NamedWorkload {
  readonly resource: Resource;
  readonly name: string;
}

const kinds = allWorkloadKinds.filter(({ ownsPods }) => ownsPods);

const byWord: ReadonlyMap<string, WorkloadKind> = new Map(
  kinds.flatMap((resource) => {
    const { group, version, plural, kind, short, needsGroup } = resource;
    const words = [...(needsGroup ? [] : [kind.toLowerCase(), plural]), ...(short === undefined ? [] : [short])];
    const long = [kind.toLowerCase(), plural].flatMap((word) =>
      group === '' ? [] : [`${word}.${group}`, `${word}.${version}.${group}`],
    );
    return [...words, ...long].map((word): [string, WorkloadKind] => [word, resource]);
  }),
);

/** `pod, deploy and rc`. */
const examples = kinds
  .filter(({ templates }) => templates.length > 0)
  .map(({ called }) => called)
  .join(', ')
  .replace(/, ([^,]*)$/, ' and $1');

/**
 * Reads the objects of a command line as kubectl does: `deploy/web job/seed`, or a kind and then names, `deploy web db`. A
 * kind can be given by its singular, plural or short name, with or without its group, in any case. An object that is named
 * twice is read once.
 *
 * @throws OutriderError `usage`
 */
export function namedWorkloads(words: readonly string[]): readonly NamedWorkload[] {
  const [first, ...rest] = words;
  if (first === undefined) return [];
  const named = first.includes('/')
    ? words.map(slashed)
    : rest.map((name) => {
        if (!name.includes('/')) return { resource: resourceOf(first), name };
        throw usage(`${first} stands before ${name}; write KIND/NAME for each object, or one kind and then names.`);
      });
  if (named.length === 0) {
    const kind = byWord.has(first.toLowerCase());
    throw usage(
      kind
        ? `${first} is a kind without a name; write ${first}/NAME.`
        : `${first} does not say its kind; write KIND/NAME, such as deploy/${first}, or -f ${first} for a file.`,
    );
  }
  const once = new Map(named.map((each) => [`${each.resource.kind}.${each.resource.group}/${each.name}`, each]));
  return [...once.values()];
}

const namespaceWord = /^(?:ns|namespaces?)\/([^/]+)$/i;

/**
 * Reads `ns/shop` as the namespace that it names.
 *
 * @param given the namespace that an option names
 * @returns the other words, and the namespace
 * @throws OutriderError `usage` for more than one namespace, or for a namespace next to objects
 */
export function namespaceIn(
  words: readonly string[],
  given: string | undefined,
): { readonly args: readonly string[]; readonly namespace?: string } {
  const [found] = words.flatMap((word) => namespaceWord.exec(word)?.[1] ?? []);
  if (found === undefined) return { args: words, ...(given === undefined ? {} : { namespace: given }) };
  if (words.length === 1 && (given === undefined || given === found)) return { args: [], namespace: found };
  throw usage(`${words.join(' ')}: give one namespace, with -n where objects of it are named.`);
}

function slashed(word: string): NamedWorkload {
  const [kind = '', name = '', ...more] = word.split('/');
  if (kind !== '' && name !== '' && more.length === 0) return { resource: resourceOf(kind), name };
  throw usage(`${word} is not of the form KIND/NAME; write deploy/web, say. A file is given with -f.`);
}

function resourceOf(word: string): Resource {
  if (/^(ns|namespaces?)$/i.test(word)) throw usage('a namespace is given with -n NAME, and workloads of it by name.');
  const found = byWord.get(word.toLowerCase());
  if (found !== undefined && found.templates.length > 0) return found;
  if (found !== undefined) {
    throw usage(`${word} holds containers, not pods: its controller makes them. Name one of those, such as pod/NAME.`);
  }
  const close = nearest(word.toLowerCase(), [...byWord.keys()]);
  const hint = close === undefined ? '' : ` Did you mean ${close}?`;
  throw usage(
    `${word} is no kind that is a pod or makes pods; there are ${examples}.${hint} A file is given with -f, a namespace with -n.`,
  );
}

function usage(message: string): OutriderError {
  return new OutriderError('usage', message);
}
