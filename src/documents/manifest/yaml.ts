import { Composer, CST, Parser } from 'yaml';
import { pointerToken } from '../../model/json-pointer.js';
import { overIndentedLine, tooDeepAt } from '../yaml-limits.js';
import { intrinsicOf } from './intrinsics.js';
import { joinQuotedLines, restoreQuotedLines } from './quoted-lines.js';
import { resolvePlain, type ResolvedScalar } from './scalar.js';
import { maxDepth, SyntaxProblem, type Member, type ScalarNode, type SyntaxNode } from './syntax.js';

interface Properties {
  readonly start: number | undefined;
  readonly anchor: string | undefined;
  readonly tag: string | undefined;
}

const noProperties: Properties = { start: undefined, anchor: undefined, tag: undefined };

/**
 * Reads the text of one YAML document into a syntax tree; `undefined` when it has no content.
 *
 * @throws SyntaxProblem naming offset and, where known, JSON pointer
 */
export function parseYaml(text: string): SyntaxNode | undefined {
  const deep = overIndentedLine(text);
  if (deep !== undefined) throw new SyntaxProblem(deep.text, deep.offset);
  const tokens = tokensOf(text);
  const document = tokens.find((token): token is CST.Document => token.type === 'document');
  if (document === undefined) return undefined;
  const reader = new YamlReader();
  const properties = propertiesOf(document.start);
  if (document.value === undefined && properties.start === undefined) return undefined;
  const at = document.start.at(-1);
  return reader.node(document.value, properties, at === undefined ? 0 : at.offset + at.source.length, '', 0);
}

function tokensOf(text: string): readonly CST.Token[] {
  const tokens = [...new Parser().parse(text)];
  refuseDepth(tokens);
  const problem = problemOf(tokens);
  if (problem === undefined) return tokens;
  const joined = joinQuotedLines(text);
  if (joined === undefined) throw problem;
  const anew = [...new Parser().parse(joined)];
  refuseDepth(anew);
  for (const token of anew) restoreQuotedLines(token, text);
  const left = problemOf(anew);
  if (left !== undefined) throw left;
  return anew;
}

/** The library's composer knows every rule of the syntax; here it only checks. Keys are compared by our own reader. */
function problemOf(tokens: readonly CST.Token[]): SyntaxProblem | undefined {
  const options = { version: '1.1', schema: 'failsafe', merge: false, uniqueKeys: false, prettyErrors: false } as const;
  for (const { errors } of new Composer(options).compose(tokens)) {
    const [first] = errors;
    if (first !== undefined) return new SyntaxProblem(first.message, first.pos[0]);
  }
  return undefined;
}

function refuseDepth(tokens: readonly CST.Token[]): void {
  for (const token of tokens) {
    const offset = tooDeepAt(token, maxDepth);
    if (offset !== undefined) throw new SyntaxProblem(`nested deeper than ${maxDepth} levels`, offset);
  }
}

function propertiesOf(tokens: readonly CST.SourceToken[]): Properties {
  let properties = noProperties;
  for (const token of tokens) {
    if (token.type !== 'anchor' && token.type !== 'tag') continue;
    const start = properties.start ?? token.offset;
    properties =
      token.type === 'anchor'
        ? { ...properties, start, anchor: token.source.slice(1) }
        : { ...properties, start, tag: token.source };
  }
  return properties;
}

class YamlReader {
  readonly #anchors = new Map<string, SyntaxNode>();
  readonly #open = new Set<string>();

  /** @param at where nothing is written when there is no token */
  node(
    token: CST.Token | null | undefined,
    properties: Properties,
    at: number,
    path: string,
    depth: number,
  ): SyntaxNode {
    if (depth > maxDepth) throw new SyntaxProblem(`nested deeper than ${maxDepth} levels`, at, path);
    const { anchor } = properties;
    if (anchor !== undefined) this.#open.add(anchor);
    const node = this.#read(token, properties, at, path, depth);
    if (anchor !== undefined) {
      this.#open.delete(anchor);
      this.#anchors.set(anchor, node);
    }
    return node;
  }

  #read(
    token: CST.Token | null | undefined,
    properties: Properties,
    at: number,
    path: string,
    depth: number,
  ): SyntaxNode {
    const anchor = properties.anchor;
    const intrinsic = intrinsicOf(properties.tag);
    if (token === null || token === undefined) {
      const start = properties.start ?? at;
      const end = properties.start === undefined ? at : propertiesEnd(properties);
      const value = properties.tag === '!!str' || properties.tag === '!' || intrinsic !== undefined ? '' : null;
      const style = start === end ? 'empty' : 'plain';
      return { kind: 'scalar', start, end, anchor, intrinsic, style, value, exact: undefined };
    }
    const start = properties.start ?? startOf(token);
    if (token.type === 'alias') {
      const name = token.source.slice(1);
      const target = this.#anchors.get(name);
      if (target === undefined || this.#open.has(name)) {
        const why = this.#open.has(name) ? 'stands inside its own anchor' : 'has no anchor before it';
        throw new SyntaxProblem(`the alias *${name} ${why}`, token.offset, path);
      }
      return { kind: 'alias', start, end: token.offset + token.source.length, anchor, target };
    }
    if (CST.isScalar(token)) return scalarNode(token, start, properties, path);
    if (token.type === 'block-map' || token.type === 'block-seq') {
      const kind = token.type === 'block-map' ? 'map' : 'seq';
      const members = this.#members(kind, 'block', token.items, path, depth);
      const bodyStart = members[0]?.start ?? token.offset;
      const end = members.at(-1)?.end ?? token.offset;
      return { kind, start: Math.min(start, bodyStart), end, anchor, intrinsic, style: 'block', bodyStart, members };
    }
    if (token.type === 'flow-collection') {
      const kind = token.start.type === 'flow-map-start' ? 'map' : 'seq';
      const members = this.#members(kind, 'flow', token.items, path, depth);
      const close = token.end.find((part) => part.type === 'flow-map-end' || part.type === 'flow-seq-end');
      const end = (close?.offset ?? token.offset) + 1;
      return { kind, start, end, anchor, intrinsic, style: 'flow', bodyStart: token.offset, members };
    }
    throw new SyntaxProblem('this cannot be read as YAML', start, path);
  }

  #members(
    kind: 'map' | 'seq',
    style: 'block' | 'flow',
    items: readonly CST.CollectionItem[],
    path: string,
    depth: number,
  ): Member[] {
    const members: Member[] = [];
    const keys = new Set<string>();
    for (const item of items) {
      const comma = item.start.find((token) => token.type === 'comma');
      const previous = members.at(-1);
      if (comma !== undefined && previous !== undefined)
        members[members.length - 1] = { ...previous, comma: comma.offset };
      if (isOnlyComment(item)) continue;
      const member =
        kind === 'seq' && item.sep === undefined
          ? this.#item(item, style, `${path}/${members.length}`, depth)
          : kind === 'seq'
            ? this.#pairItem(item, `${path}/${members.length}`, depth)
            : this.#entry(item, path, depth);
      if (kind === 'map' && !member.merge) {
        if (keys.has(member.key)) {
          throw new SyntaxProblem(`the key ${JSON.stringify(member.key)} is there twice`, member.start, path);
        }
        keys.add(member.key);
      }
      members.push(member);
    }
    return members;
  }

  #item(item: CST.CollectionItem, style: 'block' | 'flow', path: string, depth: number): Member {
    const dash = item.start.find((token) => token.type === 'seq-item-ind');
    const token = item.value ?? item.key;
    const properties = propertiesOf(item.start);
    const at = dash === undefined ? (properties.start ?? (token ? startOf(token) : 0)) : dash.offset + 1;
    const value = this.node(token, properties, at, path, depth + 1);
    const start = dash?.offset ?? value.start;
    const gap = style === 'block' ? at : value.start;
    return { key: '', merge: false, start, gap, value, end: Math.max(value.end, at), comma: undefined };
  }

  #pairItem(item: CST.CollectionItem, path: string, depth: number): Member {
    const entry = this.#entry(item, path, depth + 1);
    const value: SyntaxNode = {
      kind: 'map',
      start: entry.start,
      end: entry.end,
      anchor: undefined,
      intrinsic: undefined,
      style: 'pair',
      bodyStart: entry.start,
      members: [entry],
    };
    return { key: '', merge: false, start: entry.start, gap: entry.start, value, end: entry.end, comma: undefined };
  }

  #entry(item: CST.CollectionItem, path: string, depth: number): Member {
    const question = item.start.find((token) => token.type === 'explicit-key-ind');
    const colonIndex = item.sep?.findIndex((token) => token.type === 'map-value-ind') ?? -1;
    const colon = item.sep?.[colonIndex];
    const keyProperties = propertiesOf(item.start);
    const keyAt = question === undefined ? (colon?.offset ?? item.start.at(-1)?.offset ?? 0) : question.offset + 1;
    const keyNode = this.node(item.key, keyProperties, keyAt, path, depth + 1);
    const keyScalar = keyNode.kind === 'alias' ? keyNode.target : keyNode;
    if (keyScalar.kind !== 'scalar') {
      throw new SyntaxProblem(
        'a key must be a string; this one is a list, a mapping or an alias of one',
        keyNode.start,
        path,
      );
    }
    const merge = keyScalar.style === 'plain' && keyScalar.value === '<<';
    const key = String(keyScalar.value);
    const gap = colon === undefined ? undefined : colon.offset + 1;
    const valueProperties = propertiesOf(item.sep?.slice(colonIndex + 1) ?? []);
    const inner = `${path}/${pointerToken(key)}`;
    const value = this.node(item.value, valueProperties, gap ?? keyNode.end, inner, depth + 1);
    if (merge && !isMergeable(value)) {
      throw new SyntaxProblem('a merge key << needs a mapping, or a list of mappings', value.start, path);
    }
    const start = question?.offset ?? keyNode.start;
    return { key, merge, start, gap, value, end: Math.max(value.end, gap ?? keyNode.end), comma: undefined };
  }
}

const blank: ReadonlySet<string> = new Set(['space', 'newline', 'comment', 'comma', 'byte-order-mark']);

/** Items that hold nothing but comments and spaces are left over at the end of a collection. */
function isOnlyComment(item: CST.CollectionItem): boolean {
  return !item.key && item.sep === undefined && !item.value && item.start.every((token) => blank.has(token.type));
}

function isMergeable(node: SyntaxNode): boolean {
  const target = node.kind === 'alias' ? node.target : node;
  if (target.kind === 'map') return true;
  if (target.kind !== 'seq') return false;
  return target.members.every(({ value }) => (value.kind === 'alias' ? value.target : value).kind === 'map');
}

function startOf(token: CST.Token): number {
  return token.offset;
}

function propertiesEnd(properties: Properties): number {
  const anchor = properties.anchor === undefined ? 0 : properties.anchor.length + 1;
  return (properties.start ?? 0) + anchor + (properties.tag?.length ?? 0) + (anchor > 0 && properties.tag ? 1 : 0);
}

function scalarNode(
  token: CST.FlowScalar | CST.BlockScalar,
  start: number,
  { anchor, tag }: Properties,
  path: string,
): ScalarNode {
  const isPlain = token.type === 'scalar';
  const { value, exact } = tagged(textOf(token, path), tag, isPlain);
  const isBlock = token.type === 'block-scalar';
  const end = isBlock ? blockScalarEnd(token) : token.offset + token.source.length;
  const style = isBlock ? 'block' : isPlain ? 'plain' : token.type === 'single-quoted-scalar' ? 'single' : 'double';
  // Written out: there is one of these for every word of a file.
  return { kind: 'scalar', start, end, anchor, intrinsic: intrinsicOf(tag), style, value, exact };
}

/** What a scalar says. A plain one on one line is what is written: the composer has checked it. */
function textOf(token: CST.FlowScalar | CST.BlockScalar, path: string): string {
  if (token.type === 'scalar' && !/[\r\n]/.test(token.source)) return token.source;
  const { value } = CST.resolveAsScalar(token, true, (offset, _code, message) => {
    throw new SyntaxProblem(message, offset, path);
  });
  return value;
}

function tagged(string: string, tag: string | undefined, plain: boolean): ResolvedScalar {
  if (tag === '!!int' || tag === '!!float' || tag === '!!bool' || tag === '!!null') return resolvePlain(string);
  return plain && tag === undefined ? resolvePlain(string) : { value: string, exact: undefined };
}

/** The end of the last line that belongs to the value, before its line break. */
function blockScalarEnd(token: CST.BlockScalar): number {
  const header = token.props.find((part) => part.type === 'block-scalar-header');
  const last = token.props.at(-1);
  const sourceStart = last === undefined || !('source' in last) ? token.offset : last.offset + last.source.length;
  const keep = header !== undefined && 'source' in header && header.source.includes('+');
  const content = keep ? token.source.replace(/\r?\n$/, '') : token.source.replace(/[\r\n\t ]*$/, '');
  if (content !== '') return sourceStart + content.length;
  const headerEnd = header !== undefined && 'source' in header ? header.offset + header.source.length : token.offset;
  return keep && token.source !== '' ? sourceStart : headerEnd;
}
