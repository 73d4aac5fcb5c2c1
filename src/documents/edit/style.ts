import type { CollectionNode, SyntaxNode } from '../manifest/syntax.js';

/** How a document is written, so that what is new looks like what is there. */
export interface DocumentStyle {
  readonly newline: string;
  /** Spaces (or a tab, in JSON) that one level of nesting adds. */
  readonly step: string;
  /** Spaces that a block sequence under a key is indented by; 0 is kubectl's way. */
  readonly sequenceIndent: number;
  /** What is after a comma on one line. */
  readonly afterComma: string;
  /** What is after a flow mapping's colon. */
  readonly afterColon: string;
  readonly format: 'yaml' | 'json';
}

/** Reads the style of a document. If it shows none, returns the most common one. */
export function styleOf(text: string, root: SyntaxNode, format: 'yaml' | 'json'): DocumentStyle {
  const habits = new Habits(text);
  habits.look(root, undefined);
  const json = format === 'json';
  return {
    newline: text.includes('\r\n') ? '\r\n' : '\n',
    step: habits.step ?? '  ',
    sequenceIndent: habits.sequenceIndent ?? (habits.step ?? '  ').length,
    afterComma: habits.afterComma ?? (json && habits.afterColon === '' ? '' : ' '),
    afterColon: habits.afterColon ?? ' ',
    format,
  };
}

class Habits {
  step: string | undefined;
  sequenceIndent: number | undefined;
  afterComma: string | undefined;
  afterColon: string | undefined;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  look(node: SyntaxNode, parent: { readonly node: CollectionNode; readonly column: number } | undefined): void {
    if (node.kind !== 'map' && node.kind !== 'seq') return;
    const first = node.members[0];
    if (first === undefined) return;
    const column = columnAt(this.#text, first.start);
    if (node.style === 'flow') this.#lookAtFlow(node);
    else if (node.style === 'block' && parent?.node.kind === 'map' && parent.node.style === 'block') {
      const deeper = column - parent.column;
      if (node.kind === 'seq') this.sequenceIndent ??= deeper;
      else if (deeper > 0) this.step ??= ' '.repeat(deeper);
    }
    for (const { value } of node.members) {
      if (this.#known()) return;
      this.look(value, { node, column });
    }
  }

  #known(): boolean {
    return (
      this.step !== undefined &&
      this.sequenceIndent !== undefined &&
      this.afterComma !== undefined &&
      this.afterColon !== undefined
    );
  }

  #lookAtFlow(node: CollectionNode): void {
    const [first, second] = node.members;
    if (first === undefined) return;
    const text = this.#text;
    if (node.kind === 'map' && first.gap !== undefined && this.afterColon === undefined) {
      const between = text.slice(first.gap, first.value.start);
      if (/^[ \t]*$/.test(between)) this.afterColon = between;
    }
    if (second !== undefined && first.comma !== undefined) {
      const between = text.slice(first.comma + 1, second.start);
      if (/^[ \t]*$/.test(between)) this.afterComma ??= between;
    }
    const own = indentationAt(text, first.start);
    const outer = indentationAt(text, node.bodyStart);
    if (isFirstOnLine(text, first.start) && own.startsWith(outer) && own.length > outer.length) {
      this.step ??= own.slice(outer.length);
    }
  }
}

/** Offset of the start of the line. */
export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset of the line's break, CR included, or of the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  if (feed === -1) return text.length;
  return feed > offset && text[feed - 1] === '\r' ? feed - 1 : feed;
}

/** Columns before the offset; a byte order mark takes none. */
export function columnAt(text: string, offset: number): number {
  const start = lineStart(text, offset);
  return offset - start - (text[start] === '\uFEFF' ? 1 : 0);
}

/** Spaces and tabs that the line starts with. */
export function indentationAt(text: string, offset: number): string {
  const start = lineStart(text, offset);
  return /^[ \t]*/.exec(text.slice(start, start + 1000))?.[0] ?? '';
}

/** Nothing but spaces is before the offset on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  return /^\uFEFF?[ \t]*$/.test(text.slice(lineStart(text, offset), offset));
}
