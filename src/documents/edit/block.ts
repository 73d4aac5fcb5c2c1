import type { CollectionNode } from '../manifest/syntax.js';
import { draftValue, type Child } from './draft.js';
import { renderBlockMember } from './render.js';
import type { Splice } from './splice.js';
import { columnAt, isFirstOnLine, lineEnd, lineStart, type DocumentStyle } from './style.js';

/**
 * Removes members from a block collection and inserts new ones. At least one member is kept. A new member goes right below
 * the one before it, so that a comment stays above the member it is above; the first goes to the very top.
 */
export function spliceBlock(
  text: string,
  node: CollectionNode,
  children: readonly Child[],
  style: DocumentStyle,
): readonly Splice[] {
  const column = columnAt(text, node.bodyStart);
  const pad = `${style.newline}${' '.repeat(column)}`;
  const splices: Splice[] = [];
  const kept = new Set(children.map(({ member }) => member));
  let previous: number | undefined;
  for (const { member, key, draft } of children) {
    if (member !== undefined) {
      previous = member.end;
      continue;
    }
    const rendered = renderBlockMember(node.kind, key, draftValue(draft), column, style);
    if (previous !== undefined) {
      const at = lineEnd(text, previous);
      splices.push({ start: at, end: at, text: `${pad}${rendered}` });
    } else {
      splices.push(atTheTop(text, node, rendered, pad));
    }
  }
  for (const [index, member] of node.members.entries()) {
    if (kept.has(member)) continue;
    splices.push(removal(text, node, index));
  }
  return splices;
}

function atTheTop(text: string, node: CollectionNode, rendered: string, pad: string): Splice {
  const { bodyStart } = node;
  if (!isFirstOnLine(text, bodyStart)) return { start: bodyStart, end: bodyStart, text: `${rendered}${pad}` };
  let top = lineStart(text, bodyStart);
  // Comments right above the first member are about it: the new one goes above them.
  while (top > 0 && /^[ \t]*#/.test(text.slice(lineStart(text, top - 1), top))) top = lineStart(text, top - 1);
  if (top === 0) return { start: bodyStart, end: bodyStart, text: `${rendered}${pad}` };
  const at = lineEnd(text, lineStart(text, top - 1));
  return { start: at, end: at, text: `${pad}${rendered}` };
}

function removal(text: string, node: CollectionNode, index: number): Splice {
  const member = node.members[index];
  const next = node.members[index + 1];
  if (member === undefined) return { start: node.end, end: node.end, text: '' };
  if (!isFirstOnLine(text, member.start)) {
    return { start: member.start, end: next?.start ?? member.end, text: '' };
  }
  const start = lineStart(text, member.start);
  const end = lineEnd(text, member.end);
  if (start === 0) return { start: text.startsWith('\uFEFF') ? 1 : 0, end: next?.start ?? end, text: '' };
  return { start: lineEnd(text, lineStart(text, start - 1)), end, text: '' };
}
