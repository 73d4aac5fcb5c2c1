/** Longest pattern that a profile may give, in characters. */
const maxPatternLength = 256;
/** Longest value that a pattern is tried on, in characters. */
const maxMatchedLength = 1024;
const maxRepeats = 3;

/**
 * Why a setting's pattern is not accepted; `undefined` when it is. A pattern runs on every load of a policy, so one
 * whose time may explode is refused: a repeat inside a repeat, a look-around, a back reference, more than three
 * unbounded repeats, and more than 256 characters.
 */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  try {
    compile(pattern);
  } catch (error) {
    return `is not a regular expression (${error instanceof Error ? error.message : String(error)})`;
  }
  const repeats = repeatsOf(pattern);
  if (repeats === undefined) return 'has a look-around or a back reference; write it without';
  if (repeats.nested) return 'repeats a group that itself repeats, which may never end; write it without';
  if (repeats.unbounded > maxRepeats) return `has more than ${maxRepeats} repeats without an upper bound`;
  return undefined;
}

/** Whether the whole value matches. A value of more than 1024 characters never does. */
export function matchesPattern(pattern: string, value: string): boolean {
  return value.length <= maxMatchedLength && compile(pattern).test(value);
}

function compile(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'u');
}

/** Counts repeats; `undefined` for syntax that is refused altogether. Expects a pattern that compiles. */
function repeatsOf(pattern: string): { nested: boolean; unbounded: number } | undefined {
  const groups: boolean[] = [];
  let nested = false;
  let unbounded = 0;
  // True when what the next quantifier would repeat is a group that holds a repeat or an alternative.
  let groupVaries = false;
  const tokens =
    pattern.match(/\\[1-9k]|\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?:<?[=!]|<[^>]*>|:)|\{\d+(?:,\d*)?\}|./gsu) ?? [];
  for (const token of tokens) {
    if (/^(\\[1-9k]|\(\?<?[=!])/.test(token)) return undefined;
    if (token.startsWith('(')) {
      groups.push(false);
      groupVaries = false;
    } else if (token === ')') {
      groupVaries = groups.pop() ?? false;
      if (groupVaries) mark(groups);
    } else if (token === '|') {
      mark(groups);
      groupVaries = false;
    } else if (/^([*+?]|\{\d+(,\d*)?\})$/.test(token)) {
      const many = token !== '?';
      if (many && groupVaries) nested = true;
      if (/^([*+]|\{\d+,\})$/.test(token)) unbounded++;
      if (token !== '?' || !groupVaries) mark(groups);
    } else {
      groupVaries = false;
    }
  }
  return { nested, unbounded };
}

function mark(groups: boolean[]): void {
  if (groups.length > 0) groups[groups.length - 1] = true;
}
