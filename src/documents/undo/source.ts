import { createHash } from 'node:crypto';
import { pointerToken, readPointer } from '../../model/json-pointer.js';
import { exactValueOf, readsAs } from '../edit/reads-as.js';
import { applySplices, Unspliceable, type Splice } from '../edit/splice.js';
import { lineEnd } from '../edit/style.js';
import { readDocument } from '../manifest/split.js';
import type { CollectionNode, Member, SyntaxNode } from '../manifest/syntax.js';

/**
 * A stretch of a document as its author wrote it, where taking the data back gives it another form: an empty list that
 * was `[ ]`, a null that was `~`, an alias that had to be written out (W28). It only says how something is written,
 * never what: forging one changes no data.
 */
export interface Source {
  /** JSON pointer, in the document, of the value in which or around which it is. */
  readonly path: string;
  /** Where it goes, counted from the start of the value's member. */
  readonly at: number;
  /** Length of what is there once the data is taken back. */
  readonly length: number;
  /** Hash of the member's text up to the end of that and of its line: if it differs, the text was edited. */
  readonly hash: string;
  readonly text: string;
}

/** The limit for one record, because an object's annotations have little room (W16). */
const mostSources = 100;
const mostCharacters = 16 * 1024;

/** As many of them as a record may hold, short ones first. */
export function boundedSources(sources: readonly Source[]): readonly Source[] {
  let left = mostCharacters;
  const kept = new Set(
    [...sources]
      .sort((one, other) => one.text.length - other.text.length)
      .slice(0, mostSources)
      .filter(({ text }) => (left -= text.length) >= 0),
  );
  return sources.filter((source) => kept.has(source));
}

/**
 * Where two texts of the same data differ, in the smallest values that hold the differences.
 *
 * @param was the text as it was
 * @param is the text with the data taken back
 * @returns none where the data is another, too
 * @throws SyntaxProblem where a text is not one document
 */
export function sourcesBetween(was: string, is: string): readonly Source[] {
  const [old, fresh] = [readDocument(was).root, readDocument(is).root];
  if (was === is || old === undefined || fresh === undefined || !readsAs(is, exactValueOf(old))) return [];
  return differences(whole(was, old), whole(is, fresh), '');
}

/**
 * Restores sources in a text: those whose place was not edited, as long as the data stays the same.
 *
 * @throws SyntaxProblem where the text is not one document
 */
export function giveSourcesBack(text: string, sources: readonly Source[]): string {
  if (sources.length === 0) return text;
  const { root } = readDocument(text);
  if (root === undefined) return text;
  const wanted = exactValueOf(root);
  // Together first: an alias needs its anchor.
  const together = withSources(text, sources, wanted);
  if (together !== undefined) return together;
  return sources.reduce((current, source) => withSources(current, [source], wanted) ?? current, text);
}

function withSources(
  text: string,
  sources: readonly Source[],
  wanted: ReturnType<typeof exactValueOf>,
): string | undefined {
  const { root } = readDocument(text);
  if (root === undefined) return undefined;
  const splices = sources.flatMap((source) => spliceOf(whole(text, root), source) ?? []);
  try {
    const spliced = applySplices(text, splices);
    return readsAs(spliced, wanted) ? spliced : undefined;
  } catch (error) {
    if (error instanceof Unspliceable) return undefined;
    throw error;
  }
}

function spliceOf(document: Region, { path, at, length, hash, text }: Source): Splice | undefined {
  const region = regionAt(document, path);
  const start = (region?.start ?? 0) + at;
  const end = start + length;
  if (region === undefined || end > region.end) return undefined;
  return hashUpTo(region, end) === hash ? { start, end, text } : undefined;
}

/** A value with its key or dash, and with all after it up to what is next. */
interface Region {
  readonly text: string;
  readonly node: SyntaxNode;
  readonly start: number;
  readonly end: number;
}

interface Part extends Region {
  readonly member: Member;
}

function whole(text: string, node: SyntaxNode): Region {
  return { text, node, start: 0, end: text.length };
}

function regionAt(document: Region, path: string): Region | undefined {
  let region: Region | undefined = document;
  for (const token of readPointer(path)) {
    region = region && partsOf(region).find((part, index) => tokenOf(region?.node, part, index) === token);
  }
  return region;
}

function tokenOf(node: SyntaxNode | undefined, { member }: Part, index: number): string | undefined {
  if (node?.kind === 'seq') return `${index}`;
  return member.merge ? undefined : member.key;
}

function partsOf({ text, node, end }: Region): readonly Part[] {
  if (node.kind === 'scalar' || node.kind === 'alias' || node.style === 'pair') return [];
  const last = node.style === 'flow' ? node.end - 1 : end;
  const { members } = node;
  return members.map((member, index) => {
    return { text, member, node: member.value, start: member.start, end: members[index + 1]?.start ?? last };
  });
}

function differences(was: Region, is: Region, path: string): readonly Source[] {
  const [old, fresh] = [textOf(was), textOf(is)];
  if (old === fresh) return [];
  const pairs = membersAlike(was, is);
  if (pairs === undefined) return [sourceOf(old, fresh, is, path)];
  return pairs.flatMap(([one, other], index) => {
    return differences(one, other, `${path}/${pointerToken(tokenOf(was.node, one, index) ?? '')}`);
  });
}

/** The members of two collections in pairs, where all that differs is in them. */
function membersAlike(was: Region, is: Region): readonly (readonly [Part, Part])[] | undefined {
  const [one, other] = [was.node, is.node];
  if (!isCollection(one) || !isCollection(other) || one.kind !== other.kind || one.style !== other.style) {
    return undefined;
  }
  const [old, fresh] = [partsOf(was), partsOf(is)];
  const pairs = old.flatMap((part, index): (readonly [Part, Part])[] => {
    const second = fresh[index];
    return second === undefined ? [] : [[part, second]];
  });
  const isAlike =
    old.length === fresh.length &&
    aroundMembers(was, old) === aroundMembers(is, fresh) &&
    pairs.every(([{ member: a, ...first }, { member: b, ...second }]) => {
      return a.key === b.key && a.merge === b.merge && (!a.merge || textOf(first) === textOf(second));
    });
  return isAlike && pairs.length > 0 ? pairs : undefined;
}

function aroundMembers(region: Region, parts: readonly Part[]): string | undefined {
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const { text, start, end } = region;
  return JSON.stringify([text.slice(start, first.start), text.slice(last.end, end)]);
}

function isCollection(node: SyntaxNode): node is CollectionNode {
  return node.kind === 'map' || node.kind === 'seq';
}

function sourceOf(was: string, is: string, region: Region, path: string): Source {
  const most = Math.min(was.length, is.length);
  let at = 0;
  while (at < most && was[at] === is[at]) at += 1;
  let behind = 0;
  while (behind < most - at && was.at(-1 - behind) === is.at(-1 - behind)) behind += 1;
  const end = is.length - behind;
  const hash = hashUpTo(region, region.start + end);
  return { path, at, length: end - at, hash, text: was.slice(at, was.length - behind) };
}

function textOf({ text, start, end }: Region): string {
  return text.slice(start, end);
}

function hashUpTo({ text, node, start, end: regionEnd }: Region, offset: number): string {
  // Of a value that is one word all counts.
  const own = isCollection(node) && node.members.length > 0 ? offset : Math.max(offset, node.end);
  return hashOf(text.slice(start, Math.min(lineEnd(text, own), regionEnd)));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
