import type { JsonValue } from '../../model/json.js';
import { longForm } from './intrinsics.js';
import { SyntaxProblem, type CollectionNode, type Member, type ScalarNode, type SyntaxNode } from './syntax.js';

/** The most values that all aliases of a document may stand for: enough for people, too few for a bomb. */
const maxAliasedValues = 100_000;

/** How a scalar is given back; the plain way is its value. */
export type ScalarReader = (node: ScalarNode) => JsonValue;

/**
 * The JSON value of a syntax tree: aliases resolved, merge keys merged (a mapping's own keys win, then the first of
 * several mappings merged in), CloudFormation's short forms in their long form.
 *
 * @param scalar how scalars are read, for callers to which the nearest double of a big integer is not enough (E30)
 */
export function valueOf(node: SyntaxNode, scalar: ScalarReader = ({ value }) => value): JsonValue {
  if (node.kind === 'alias') return valueOf(node.target, scalar);
  const value = plainValue(node, scalar);
  return node.intrinsic === undefined ? value : longForm(node.intrinsic, value);
}

function plainValue(node: ScalarNode | CollectionNode, scalar: ScalarReader): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return scalar(node);
    case 'seq':
      return node.members.map(({ value }) => valueOf(value, scalar));
    case 'map':
      return Object.fromEntries(effectiveMembers(node).map(({ key, value }) => [key, valueOf(value, scalar)]));
  }
}

/** The members of a mapping as its readers see them: merged keys are where the merge key is. */
export function effectiveMembers(node: CollectionNode): readonly Member[] {
  if (!node.members.some(({ merge }) => merge)) return node.members;
  const own = new Set(node.members.filter(({ merge }) => !merge).map(({ key }) => key));
  return node.members.flatMap((member) => (member.merge ? mergedMembers(member, own) : [member]));
}

/** What one merge key brings in; each key brought in is added to `taken`. */
export function mergedMembers(member: Member, taken: Set<string>): readonly Member[] {
  const target = dereference(member.value);
  const sources = target.kind === 'seq' ? target.members.map(({ value }) => dereference(value)) : [target];
  const merged: Member[] = [];
  for (const source of sources) {
    if (source.kind !== 'map') continue;
    for (const each of effectiveMembers(source)) {
      if (taken.has(each.key)) continue;
      taken.add(each.key);
      merged.push(each);
    }
  }
  return merged;
}

/** The node itself, or what an alias stands for. */
export function dereference(node: SyntaxNode): ScalarNode | CollectionNode {
  return node.kind === 'alias' ? dereference(node.target) : node;
}

/** @throws SyntaxProblem when the aliases together stand for more than 100,000 values */
export function refuseAliasBomb(root: SyntaxNode): void {
  const sizes = new Map<SyntaxNode, number>();
  let aliased = 0;
  const size = (node: SyntaxNode): number => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    let count = 1;
    if (node.kind === 'alias') {
      count = size(node.target);
      aliased += count;
    } else if (node.kind !== 'scalar') {
      for (const { value } of node.members) count += size(value);
    }
    if (aliased > maxAliasedValues) {
      throw new SyntaxProblem(`the aliases stand for more than ${maxAliasedValues} values`, node.start);
    }
    sizes.set(node, count);
    return count;
  };
  size(root);
}
