import { CST } from 'yaml';

/**
 * Finds a token that more than so many collections enclose. Walks without recursion: what is found here would exhaust the
 * stack of all that comes later, and the parser's composer may even end the process over it, natively.
 *
 * @returns its offset; `undefined` when nothing is as deep
 */
export function tooDeepAt(root: CST.Token, maxDepth: number): number | undefined {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [{ token: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > maxDepth) return token.offset;
    if (token.type === 'document' && token.value !== undefined) waiting.push({ token: token.value, depth });
    if (!CST.isCollection(token)) continue;
    for (const { key, value } of token.items) {
      if (key) waiting.push({ token: key, depth: depth + 1 });
      if (value) waiting.push({ token: value, depth: depth + 1 });
    }
  }
  return undefined;
}
