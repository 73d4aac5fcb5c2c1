import type { CollectionNode, Member } from '../manifest/syntax.js';
import { draftValue, type Child } from './draft.js';
import { renderFlow, renderFlowMember, type FlowLayout } from './render.js';
import type { Splice } from './splice.js';
import { indentationAt, isFirstOnLine, lineEnd, type DocumentStyle } from './style.js';

/** How the members of a flow collection are laid out; that of its surroundings when it has none. */
export function flowLayoutOf(text: string, node: CollectionNode, style: DocumentStyle): FlowLayout {
  const own = node.members.find((member) => isFirstOnLine(text, member.start));
  const strings = node.members.flatMap(({ value }) =>
    value.kind === 'scalar' && typeof value.value === 'string' ? [value] : [],
  );
  const quoteAlways =
    style.format === 'json' || (strings.length > 0 && strings.every((each) => each.style === 'double'));
  return { indentation: own === undefined ? undefined : indentationAt(text, node.bodyStart), quoteAlways };
}

/** A stretch of the text inside the brackets: from the end of the previous member's to the end of this one's. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly member: Member;
}

/** Removes members from a flow collection, or from JSON, and inserts new ones. At least one member is kept. */
export function spliceFlow(
  text: string,
  node: CollectionNode,
  children: readonly Child[],
  style: DocumentStyle,
): readonly Splice[] {
  const segments = segmentsOf(text, node);
  const sample = node.members.find((member) => isFirstOnLine(text, member.start));
  const indentation = sample === undefined ? undefined : indentationAt(text, sample.start);
  const layout = {
    ...flowLayoutOf(text, node, style),
    indentation: style.format === 'json' ? indentation : undefined,
  };
  const lead = indentation === undefined ? style.afterComma : `${style.newline}${indentation}`;
  const splices: Splice[] = [];
  const kept = new Set(children.map(({ member }) => member));
  const keptSegments = segments.filter(({ member }) => kept.has(member));
  const trailingComma = node.members.at(-1)?.comma !== undefined;

  const padded = paddingEnd(text, node);
  const [opening] = node.members;
  // New members in front stay on the bracket's line where the first one is there.
  const inFront = indentation === undefined || (opening !== undefined && !isFirstOnLine(text, opening.start));
  // The first that is kept moves up to the bracket when those in front of it was behind one on the same line.
  const gone = segments.slice(0, keptSegments[0] === undefined ? 0 : segments.indexOf(keptSegments[0]));
  const behind = gone.at(-1)?.end;
  const nextKept = keptSegments[0]?.member.start;
  const movesUp =
    behind !== undefined && nextKept !== undefined && inFront && /^[ \t]*$/.test(text.slice(behind, nextKept));
  let isInFront = inFront;
  let at = padded;
  for (const [index, child] of children.entries()) {
    const last = index === children.length - 1;
    const segment = segments.find(({ member }) => member === child.member);
    if (segment !== undefined) {
      splices.push(...commaSplice(segment.member, !last || trailingComma));
      at = segment.end;
      isInFront = false;
      continue;
    }
    const value = draftValue(child.draft);
    const rendered =
      node.kind === 'map' ? renderFlowMember(child.key, value, layout, style) : renderFlow(value, layout, style);
    const first = index === 0 && inFront;
    const comma = !last || trailingComma ? ',' : '';
    const next = children[index + 1];
    const gap =
      comma !== '' &&
      next?.member !== undefined &&
      next.member === keptSegments[0]?.member &&
      isInFront &&
      (movesUp || gone.length === 0)
        ? style.afterComma
        : '';
    splices.push({
      start: at,
      end: at,
      text: `${first ? '' : isInFront ? style.afterComma : lead}${rendered}${comma}${gap}`,
    });
  }
  if (movesUp) splices.push({ start: padded, end: nextKept, text: '' });
  for (const { member, start, end } of movesUp ? segments.slice(gone.length) : segments) {
    if (!kept.has(member)) splices.push({ start, end, text: '' });
  }
  return splices;
}

/** After the bracket and the blanks between it and the first member on its line, as in `[ a ]` (W28). */
function paddingEnd(text: string, node: CollectionNode): number {
  const inside = node.bodyStart + 1;
  const first = node.members[0]?.start ?? inside;
  return /^[ \t]*$/.test(text.slice(inside, first)) ? first : inside;
}

function commaSplice(member: Member, wanted: boolean): readonly Splice[] {
  if (wanted === (member.comma !== undefined)) return [];
  if (member.comma !== undefined) return [{ start: member.comma, end: member.comma + 1, text: '' }];
  return [{ start: member.end, end: member.end, text: ',' }];
}

function segmentsOf(text: string, node: CollectionNode): readonly Segment[] {
  let start = node.bodyStart + 1;
  return node.members.map((member, index) => {
    const next = node.members[index + 1];
    const behind = member.comma === undefined ? member.end : member.comma + 1;
    const limit = next?.start ?? node.end - 1;
    // A comment on the member's line is the member's.
    const line = lineEnd(text, behind);
    const end = line < limit && /^[ \t]*#/.test(text.slice(behind, line)) ? line : behind;
    const segment = { start, end, member };
    start = end;
    return segment;
  });
}
