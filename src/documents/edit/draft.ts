import jsonpatch from 'fast-json-patch';
import { OutriderError } from '../../model/error.js';
import { isDeepStrictEqual } from 'node:util';
import { cloneJson, isArray, type JsonValue } from '../../model/json.js';
import { pointerIndex, readPointer, writePointer } from '../../model/json-pointer.js';
import type { Operation } from '../../model/patch.js';
import { mergedMembers, valueOf } from '../manifest/value.js';
import type { CollectionNode, Member, SyntaxNode } from '../manifest/syntax.js';

/**
 * A document while operations are applied to it. Untouched nodes still are their source, opened nodes have members from the
 * source or new ones, and fresh nodes have no source.
 */
export type Draft =
  | { readonly kind: 'source'; readonly node: SyntaxNode }
  | { readonly kind: 'open'; readonly node: CollectionNode; readonly children: Child[] }
  | { readonly kind: 'fresh'; value: JsonValue };

/** A member of an opened collection. */
export interface Child {
  /** Its place in the source; `undefined` for a new member. */
  readonly member: Member | undefined;
  readonly key: string;
  draft: Draft;
}

/** Applies operations to a draft and keeps track of what happens to anchors. */
export class DraftEditor {
  #root: Draft;
  /** Anchored nodes whose text changes or is removed. Their aliases must not follow. */
  readonly #changed = new Set<SyntaxNode>();

  constructor(root: SyntaxNode) {
    this.#root = { kind: 'source', node: root };
  }

  /** @throws OutriderError `internal` if the operation does not fit the document, because it was not made for it */
  apply(operation: Operation): void {
    const tokens = readPointer(operation.path);
    this.#root = this.#applyAt(this.#root, tokens, 0, operation);
  }

  /** The draft with every alias written out whose anchor has changed. */
  finish(): Draft {
    return this.#changed.size === 0 ? this.#root : this.#expand(this.#root);
  }

  #applyAt(draft: Draft, tokens: readonly string[], depth: number, operation: Operation): Draft {
    const token = tokens[depth];
    if (token === undefined) return this.#applyHere(draft, operation);
    const open = this.#open(draft, operation);
    if (open.kind === 'fresh') {
      applyToValue(open.value, { ...operation, path: writePointer(tokens.slice(depth)) }, operation);
      return open;
    }
    const last = depth === tokens.length - 1;
    const index = this.#indexOf(open, token, operation, last && operation.op === 'add');
    const child = open.children[index];
    if (last && operation.op === 'add' && (open.node.kind === 'seq' || child === undefined)) {
      const added: Child = { member: undefined, key: token, draft: freshDraft(operation.value) };
      open.children.splice(index, 0, added);
      return open;
    }
    if (child === undefined) throw misfit(operation);
    if (last && operation.op === 'remove') {
      this.#markGone(child.draft);
      open.children.splice(index, 1);
    } else {
      child.draft = this.#applyAt(child.draft, tokens, depth + 1, operation);
    }
    return open;
  }

  #applyHere(draft: Draft, operation: Operation): Draft {
    switch (operation.op) {
      case 'test':
        applyToValue({ value: draftValue(draft) }, { ...operation, path: '/value' }, operation);
        return draft;
      case 'remove':
        throw misfit(operation);
      case 'add':
      case 'replace':
        if (isArray(operation.value)) {
          const kept = this.#keepMembers(draft, operation.value);
          if (kept !== undefined) return kept;
        }
        this.#markGone(draft);
        return freshDraft(operation.value);
    }
  }

  /**
   * A list that replaces another one with the same beginning or end. The shared parts stay as they are written, with
   * comments and quotes, and only the part between them changes (W14).
   */
  #keepMembers(draft: Draft, value: readonly JsonValue[]): Draft | undefined {
    const node = draft.kind === 'fresh' ? undefined : draft.node;
    if (node?.kind !== 'seq' || node.style === 'pair' || node.intrinsic !== undefined) return undefined;
    const open = draft.kind === 'open' ? draft : openCollection(node);
    const { children } = open;
    const isSame = (child: Child | undefined, item: JsonValue | undefined): boolean =>
      child !== undefined && item !== undefined && isDeepStrictEqual(draftValue(child.draft), item);
    const most = Math.min(children.length, value.length);
    let behind = 0;
    while (behind < most && isSame(children.at(-1 - behind), value.at(-1 - behind))) behind += 1;
    let before = 0;
    while (before < most - behind && isSame(children[before], value[before])) before += 1;
    if (behind + before === 0) return undefined;
    if (node.anchor !== undefined) this.#changed.add(node);
    const gone = children.slice(before, children.length - behind);
    for (const child of gone) this.#markGone(child.draft);
    const added = value.slice(before, value.length - behind);
    const fresh = added.map((item): Child => ({ member: undefined, key: '', draft: freshDraft(item) }));
    children.splice(before, gone.length, ...fresh);
    return open;
  }

  #open(draft: Draft, operation: Operation): Draft & { readonly kind: 'open' | 'fresh' } {
    if (draft.kind !== 'source') return draft;
    const { node } = draft;
    if (node.kind === 'scalar') throw misfit(operation);
    // A value under a short form reads as another value than the written one.
    if (node.kind !== 'alias' && node.intrinsic !== undefined) throw misfit(operation);
    // A value that is only tested stays as it is.
    if (node.kind === 'alias') return freshDraft(valueOf(node));
    if (node.anchor !== undefined && operation.op !== 'test') this.#changed.add(node);
    return openCollection(node);
  }

  #indexOf(open: Draft & { readonly kind: 'open' }, token: string, operation: Operation, adding: boolean): number {
    const { children } = open;
    if (open.node.kind === 'seq') {
      if (adding && token === '-') return children.length;
      const index = pointerIndex(token);
      if (index === undefined || index > children.length) throw misfit(operation);
      return index;
    }
    const index = children.findIndex((child) => child.key === token && child.member?.merge !== true);
    if (index !== -1) return index;
    if (!unmerge(open, token)) return children.length;
    return children.findIndex((child) => child.key === token && child.member?.merge !== true);
  }

  #markGone(draft: Draft): void {
    if (draft.kind === 'source') this.#markAnchors(draft.node);
    if (draft.kind === 'open') this.#markAnchors(draft.node);
  }

  #markAnchors(node: SyntaxNode): void {
    if (node.anchor !== undefined) this.#changed.add(node);
    if (node.kind === 'map' || node.kind === 'seq') for (const { value } of node.members) this.#markAnchors(value);
  }

  #expand(draft: Draft): Draft {
    if (draft.kind === 'fresh') return draft;
    if (draft.kind === 'source') {
      const { node } = draft;
      if (node.kind === 'scalar' || !this.#needsExpansion(node)) return draft;
      if (node.kind === 'alias') return freshDraft(valueOf(node));
      return this.#expand(openCollection(node));
    }
    for (const child of [...draft.children]) {
      if (child.member?.merge === true && this.#needsExpansion(child.member.value)) unmerge(draft, undefined);
    }
    for (const child of draft.children) child.draft = this.#expand(child.draft);
    return draft;
  }

  #needsExpansion(node: SyntaxNode): boolean {
    if (node.kind === 'alias') return this.#changed.has(node.target);
    return node.kind !== 'scalar' && node.members.some(({ value }) => this.#needsExpansion(value));
  }
}

function openCollection(node: CollectionNode): Draft & { readonly kind: 'open' } {
  const children = node.members.map((member): Child => {
    return { member, key: member.key, draft: { kind: 'source', node: member.value } };
  });
  return { kind: 'open', node, children };
}

/**
 * Replaces merge keys with the keys that they bring in.
 *
 * @param key only merge keys that bring in this key; `undefined`: all
 * @returns whether there was one
 */
function unmerge(open: Draft & { readonly kind: 'open' }, key: string | undefined): boolean {
  const own = new Set(open.children.filter(({ member }) => member?.merge !== true).map((child) => child.key));
  const merges = open.children.filter(({ member }) => member?.merge === true);
  const brought = merges.flatMap(({ member }) => (member === undefined ? [] : mergedMembers(member, new Set(own))));
  if (merges.length === 0 || (key !== undefined && !brought.some((member) => member.key === key))) return false;
  const written = open.children.flatMap((child): readonly Child[] => {
    if (child.member?.merge !== true) return [child];
    return mergedMembers(child.member, own).map((member) => {
      return { member: undefined, key: member.key, draft: freshDraft(valueOf(member.value)) };
    });
  });
  open.children.splice(0, open.children.length, ...written);
  return true;
}

/** The JSON value of a draft. */
export function draftValue(draft: Draft): JsonValue {
  if (draft.kind === 'source') return valueOf(draft.node);
  if (draft.kind === 'fresh') return draft.value;
  if (draft.node.kind === 'seq') return draft.children.map((child) => draftValue(child.draft));
  const own = new Set(draft.children.filter(({ member }) => member?.merge !== true).map((child) => child.key));
  return Object.fromEntries(
    draft.children.flatMap((child): (readonly [string, JsonValue])[] =>
      child.member?.merge === true
        ? mergedMembers(child.member, own).map(({ key, value }) => [key, valueOf(value)])
        : [[child.key, draftValue(child.draft)]],
    ),
  );
}

function freshDraft(value: JsonValue): Draft & { readonly kind: 'fresh' } {
  // Later operations may reach into it, and the operation's value is the caller's.
  return { kind: 'fresh', value: cloneJson(value) };
}

function applyToValue(value: JsonValue, relative: Operation, operation: Operation): void {
  try {
    jsonpatch.applyOperation(value, relative, true, true);
  } catch (error) {
    throw misfit(operation, error);
  }
}

function misfit(operation: Operation, cause?: unknown): OutriderError {
  const message = `the patch operation ${operation.op} does not fit the document at ${operation.path || 'its root'}`;
  return new OutriderError('internal', message, { field: operation.path, cause });
}
