import type { JsonValue } from '../../model/json.js';
import type { CollectionNode, Member, SyntaxNode } from '../manifest/syntax.js';
import { spliceBlock } from './block.js';
import { draftValue, type Child, type Draft } from './draft.js';
import { flowLayoutOf, spliceFlow } from './flow.js';
import { bodyColumn, isInline, renderBlockBody, renderFlow, renderInline } from './render.js';
import { Unspliceable, type Splice } from './splice.js';
import { columnAt, indentationAt, isFirstOnLine, lineEnd, lineStart, type DocumentStyle } from './style.js';

/** The place of a value: a member of a collection, or the document's root. */
type Place = { readonly node: CollectionNode; readonly member: Member } | undefined;

/** Turns an edited draft into the splices that bring the text there. */
export class Emitter {
  readonly #text: string;
  readonly #style: DocumentStyle;
  readonly #splices: Splice[] = [];

  constructor(text: string, style: DocumentStyle) {
    this.#text = text;
    this.#style = style;
  }

  /**
   * @param root what the draft was made of
   * @throws Unspliceable where the text is written in a way that splicing does not know
   */
  splices(root: SyntaxNode, draft: Draft): readonly Splice[] {
    this.#emit(root, draft, undefined);
    return this.#splices;
  }

  #emit(old: SyntaxNode, draft: Draft, place: Place): void {
    if (draft.kind === 'source') return;
    if (draft.kind === 'fresh') {
      this.#replace(old, draft.value, place);
      return;
    }
    const { node, children } = draft;
    const kept = children.filter(({ member }) => member !== undefined);
    if (kept.length === 0 && (children.length > 0 || node.members.length > 0)) {
      this.#replace(old, draftValue(draft), place);
      return;
    }
    const changed = kept.length !== children.length || kept.length !== node.members.length;
    if (node.style === 'pair' && changed) throw new Unspliceable('a pair in a flow sequence has no brackets');
    // Members first: if a member and its collection both grow at the same offset, the member's text comes first.
    for (const { member, draft: inner } of kept) {
      if (member !== undefined) this.#emit(member.value, inner, { node, member });
    }
    if (changed) this.#spliceMembers(node, children);
  }

  #spliceMembers(node: CollectionNode, children: readonly Child[]): void {
    const splice = node.style === 'block' ? spliceBlock : spliceFlow;
    this.#splices.push(...splice(this.#text, node, children, this.#style));
  }

  #replace(old: SyntaxNode, value: JsonValue, place: Place): void {
    if (place !== undefined && place.member.gap === undefined) throw new Unspliceable('a key has no colon');
    const inFlow = place === undefined ? this.#style.format === 'json' : place.node.style !== 'block';
    if (inFlow) this.#replaceInFlow(old, value, place);
    else if (isInline(value)) this.#replaceInline(old, value, place);
    else if (old.kind !== 'scalar' && old.kind !== 'alias' && old.style === 'flow' && old.members.length > 0) {
      this.#write(old, renderFlow(value, flowLayoutOf(this.#text, old, this.#style), this.#style));
    } else this.#replaceByBlock(old, value, place);
  }

  #replaceInFlow(old: SyntaxNode, value: JsonValue, place: Place): void {
    const text = this.#text;
    const own = old.kind === 'map' || old.kind === 'seq' ? flowLayoutOf(text, old, this.#style) : undefined;
    const outer = place === undefined ? undefined : flowLayoutOf(text, place.node, this.#style);
    const filled = (old.kind === 'map' || old.kind === 'seq') && old.members.length > 0;
    const indentation = indentationAt(text, place?.member.start ?? old.start);
    const lines = this.#style.format === 'json' && (filled ? own : (outer ?? own))?.indentation !== undefined;
    const layout = { quoteAlways: (outer ?? own)?.quoteAlways ?? false, indentation: lines ? indentation : undefined };
    this.#write(old, renderFlow(value, layout, this.#style));
  }

  #write(old: SyntaxNode, text: string): void {
    const lead = old.start === old.end && !/[\s[{]/.test(this.#text[old.start - 1] ?? ' ') ? ' ' : '';
    this.#splices.push({ start: old.start, end: old.end, text: `${lead}${text}` });
  }

  #replaceInline(old: SyntaxNode, value: JsonValue, place: Place): void {
    const text = this.#text;
    const column = place === undefined ? 0 : columnAt(text, place.member.start);
    const gap = place?.member.gap;
    // A key with nothing after it says null, and is how people write it (W28).
    const isEmpty = value === null && place?.node.kind === 'map' && (old.kind === 'map' || old.kind === 'seq');
    const rendered = isEmpty ? '' : renderInline(value, column, this.#style);
    const multiLine = rendered.includes('\n');
    const laterLine = gap !== undefined && (old.kind === 'map' || old.kind === 'seq') && lineEnd(text, gap) < old.end;
    if (place === undefined && multiLine) throw new Unspliceable('the root becomes a block scalar');
    if (laterLine && old.style === 'block' && isFirstOnLine(text, old.bodyStart)) {
      // The comment on the key's own line stays; a block scalar cannot have it after its text.
      const keyLineEnd = lineEnd(text, gap);
      const head =
        old.start < keyLineEnd ? { start: old.start, end: propertiesEnd(text, old) } : { start: gap, end: gap };
      this.#splices.push({
        ...head,
        text: head.start === gap && !isEmpty ? ` ${firstLine(rendered)}` : firstLine(rendered),
      });
      this.#splices.push({
        start: keyLineEnd,
        end: lineEnd(text, old.end),
        text: rendered.slice(firstLine(rendered).length),
      });
      return;
    }
    if (multiLine) {
      const end = lineEnd(text, old.end);
      const comment = text.slice(old.end, end);
      const rest = rendered.slice(firstLine(rendered).length);
      const lead = old.start === gap ? ' ' : '';
      this.#splices.push({ start: old.start, end, text: `${lead}${firstLine(rendered)}${comment}${rest}` });
      return;
    }
    if (isEmpty && gap !== undefined) this.#splices.push({ start: gap, end: old.end, text: '' });
    else this.#write(old, rendered);
  }

  #replaceByBlock(old: SyntaxNode, value: JsonValue, place: Place): void {
    const text = this.#text;
    const style = this.#style;
    if (place === undefined) {
      const lead = isFirstOnLine(text, old.start) ? '' : style.newline;
      this.#splices.push({ start: old.start, end: old.end, text: `${lead}${renderBlockBody(value, 0, style)}` });
      return;
    }
    const parentColumn = columnAt(text, place.member.start);
    const gap = place.member.gap ?? old.start;
    const column = bodyColumn(place.node.kind, value, parentColumn, style);
    if ((old.kind === 'map' || old.kind === 'seq') && old.style === 'block' && old.start === old.bodyStart) {
      const sameKind = (old.kind === 'seq') === Array.isArray(value);
      const own = columnAt(text, old.bodyStart);
      if (!isFirstOnLine(text, old.bodyStart)) {
        this.#splices.push({ start: old.start, end: old.end, text: renderBlockBody(value, own, style) });
        return;
      }
      const chosen = sameKind ? own : column;
      const body = `${' '.repeat(chosen)}${renderBlockBody(value, chosen, style)}`;
      this.#splices.push({ start: lineStart(text, old.start), end: old.end, text: body });
      return;
    }
    const end = lineEnd(text, old.end);
    const body = renderBlockBody(value, column, style);
    const line = `${style.newline}${' '.repeat(column)}`;
    const around = text.slice(gap, end);
    if (isEmptyFlow(old) && /\s#/.test(text.slice(gap, old.end))) {
      // A comment on an empty value becomes a comment on the new one: on the key's line, and above the first member.
      const beside = /^[ \t]+#[^\r\n]*/.exec(around)?.[0] ?? '';
      const above = around.slice(beside.length).match(/(?<=\s)#[^\r\n]*/g) ?? [];
      const lines = [...above, body].map((each) => `${line}${each}`);
      this.#splices.push({ start: gap, end, text: `${beside}${lines.join('')}` });
      return;
    }
    if (place.node.kind === 'seq' && text.slice(old.end, end).trim() === '') {
      this.#splices.push({ start: gap, end: old.end, text: ` ${body}` });
      return;
    }
    this.#splices.push({ start: gap, end: old.end, text: '' });
    this.#splices.push({ start: end, end, text: `${line}${body}` });
  }
}

function isEmptyFlow(node: SyntaxNode): boolean {
  return (node.kind === 'map' || node.kind === 'seq') && node.style === 'flow' && node.members.length === 0;
}

function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? '';
}

function propertiesEnd(text: string, node: SyntaxNode): number {
  const bodyStart = node.kind === 'map' || node.kind === 'seq' ? node.bodyStart : node.end;
  const line = lineEnd(text, node.start);
  const properties = /^(?:[&!][^\s]*[ \t]*)+/.exec(text.slice(node.start, Math.min(line, bodyStart)))?.[0] ?? '';
  return node.start + properties.trimEnd().length;
}
