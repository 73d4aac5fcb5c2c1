/** One element of a pattern: any run of characters, or a test on one character. */
type Token = 'any' | ((character: string) => boolean);

/** A class such as `[a-c]` or `[^x]`; `undefined` when it is not closed or empty. */
function classAt(glob: string, start: number): { readonly token: Token; readonly next: number } | undefined {
  const negated = glob[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const end = glob.indexOf(']', first);
  if (end <= first) return undefined;
  const body = glob.slice(first, end);
  const has = (character: string): boolean => {
    for (let at = 0; at < body.length; at += 1) {
      const from = body.charAt(at);
      if (body[at + 1] === '-' && at + 2 < body.length) {
        if (character >= from && character <= body.charAt(at + 2)) return true;
        at += 2;
      } else if (from === character) return true;
    }
    return false;
  };
  return { token: (character) => has(character) !== negated, next: end + 1 };
}

function tokensOf(glob: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length;) {
    const character = glob.charAt(at);
    if (character === '[') {
      const found = classAt(glob, at);
      if (found === undefined) return undefined;
      tokens.push(found.token);
      at = found.next;
      continue;
    }
    if (character === '*') {
      if (tokens.at(-1) !== 'any') tokens.push('any');
    } else if (character === '?') tokens.push(() => true);
    else tokens.push((one) => one === character);
    at += 1;
  }
  return tokens;
}

/**
 * Whether a text matches a pattern of `*`, `?` and `[a-z]`, the whole of it, as Go's `filepath.Match` has it for a text
 * without slashes. The work grows with the product of the lengths at most, whatever a pattern's author writes.
 */
export function globMatches(glob: string, text: string): boolean {
  const tokens = tokensOf(glob);
  if (tokens === undefined) return false;
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = tokens[token];
    if (current === 'any') {
      star = token;
      starAt = at;
      token += 1;
    } else if (current?.(text.charAt(at)) === true) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      token = star + 1;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === 'any');
}
