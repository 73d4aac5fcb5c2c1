/** One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** The scheme in lower case: `bearer`, `basic`, … */
  readonly scheme: string;
  /** Parameters by lower-case name; of one given twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

const maxChallenges = 16;

const tokenPattern = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68Pattern = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const spacePattern = /[ \t]*/y;
const separatorPattern = /[ \t,]*/y;
const restPattern = /[^,]*/y;
const wordEndPattern = /[ \t,]|$/y;

/**
 * Reads every challenge of one or several WWW-Authenticate headers: unknown schemes too, several in one header, quoted
 * strings with commas and escapes. It never throws: what is malformed is left out up to the next comma. It reads each
 * character a bounded number of times.
 */
export function parseChallenges(header: string | readonly string[] | undefined): readonly Challenge[] {
  const headers = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return headers.flatMap((text) => parseHeader(text)).slice(0, maxChallenges);
}

function parseHeader(text: string): Challenge[] {
  const scanner = new Scanner(text);
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  for (;;) {
    scanner.take(separatorPattern);
    if (scanner.done) return challenges;
    const word = scanner.take(tokenPattern);
    if (word === '') {
      scanner.take(restPattern);
      continue;
    }
    const value = parameters === undefined ? undefined : scanner.parameterValue();
    if (value !== undefined) {
      const name = word.toLowerCase();
      if (parameters?.has(name) === false) parameters.set(name, value);
      continue;
    }
    if (!scanner.at(wordEndPattern)) {
      scanner.take(restPattern);
      continue;
    }
    // A word without a value starts a challenge; a token68 after it (Negotiate's) is of no use here.
    parameters = new Map();
    challenges.push({ scheme: word.toLowerCase(), parameters });
    scanner.take(spacePattern);
    scanner.take(token68Pattern);
  }
}

class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#position >= this.#text.length;
  }

  /** Takes what the sticky pattern matches here; `''` when it does not. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += match.length;
    return match;
  }

  /** True when the sticky pattern matches here. */
  at(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position;
    return pattern.test(this.#text);
  }

  /** The value after `=`, token or quoted string; `undefined`, and nothing is taken, when no `=` follows. */
  parameterValue(): string | undefined {
    const start = this.#position;
    this.take(spacePattern);
    if (this.#text[this.#position] !== '=') {
      this.#position = start;
      return undefined;
    }
    this.#position++;
    this.take(spacePattern);
    if (this.#text[this.#position] !== '"') return this.take(tokenPattern);
    return this.#quoted();
  }

  #quoted(): string {
    let value = '';
    for (this.#position++; !this.done; this.#position++) {
      const character = this.#text[this.#position] ?? '';
      if (character === '"') {
        this.#position++;
        return value;
      }
      if (character === '\\') this.#position++;
      value += character === '\\' ? (this.#text[this.#position] ?? '') : character;
    }
    return value;
  }
}
