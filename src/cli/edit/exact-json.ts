import { longForm } from '../../documents/manifest/intrinsics.js';
import { splitDocuments } from '../../documents/manifest/split.js';
import { dereference, effectiveMembers } from '../../documents/manifest/value.js';
import type { CollectionNode, ScalarNode, SyntaxNode } from '../../documents/manifest/syntax.js';

/**
 * The documents of a manifest file as JSON texts, with every digit of big integers (E30). CloudFormation's short functions
 * do not exist in JSON and are written in their long form (W26). Documents without content are left out.
 */
export function exactJson(text: string): readonly string[] {
  return splitDocuments(text).flatMap(({ root }) => (root === undefined ? [] : [write(root, '')]));
}

/** Joins the JSON texts of objects as kubectl does: one stays as it is, several become the items of a List. */
export function asList(documents: readonly string[]): string {
  const [only] = documents;
  if (documents.length === 1 && only !== undefined) return `${only}\n`;
  const items = documents.map((item) => `\n    ${item.replaceAll('\n', '\n    ')}`).join(',');
  const body = documents.length === 0 ? '[]' : `[${items}\n  ]`;
  return `{\n  "apiVersion": "v1",\n  "kind": "List",\n  "items": ${body}\n}\n`;
}

function write(node: SyntaxNode, indent: string): string {
  const target = dereference(node);
  if (target.intrinsic === undefined) return writePlain(target, indent);
  if (target.kind === 'scalar' && target.exact === undefined) {
    return JSON.stringify(longForm(target.intrinsic, target.value), undefined, 2).replaceAll('\n', `\n${indent}`);
  }
  const inner = `${indent}  `;
  return `{\n${inner}${JSON.stringify(target.intrinsic)}: ${writePlain(target, inner)}\n${indent}}`;
}

function writePlain(target: ScalarNode | CollectionNode, indent: string): string {
  if (target.kind === 'scalar') return target.exact ?? JSON.stringify(target.value);
  const inner = `${indent}  `;
  const parts =
    target.kind === 'seq'
      ? target.members.map(({ value }) => write(value, inner))
      : effectiveMembers(target).map(({ key, value }) => `${JSON.stringify(key)}: ${write(value, inner)}`);
  const [open, close] = target.kind === 'seq' ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => `${inner}${part}`).join(',\n')}\n${indent}${close}`;
}
