const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const space = 0x20;

const key = Buffer.from('status');
const nothing = Buffer.from('null');

// The level of the members of a review's object: the review is the first, its request the second.
const levelOfStatus = 3;

/**
 * Removes the pod's status from a review as it arrives. An API server sends what an author has written there, up to
 * thirty times as long, and discards it afterwards, so it does not count towards the size of a pod (F10). Whether the
 * text is JSON is left to the parser.
 */
export class StatusFilter {
  readonly #into: Buffer;
  #length = 0;
  #level = 0;
  #inString = false;
  #escaped = false;
  /** How many bytes of the string are those of the key; -1 where it is another string. */
  #matched = -1;
  /** The last string was the key, as far as is known. */
  #isKey = false;
  #skips = false;

  /** @param into where the rest of the review is written */
  constructor(into: Buffer) {
    this.#into = into;
  }

  /** Bytes that are written. */
  get length(): number {
    return this.#length;
  }

  /** Takes the next piece. @returns false when there is no room for what is left of it */
  push(chunk: Buffer): boolean {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#inString) {
        this.#inText(byte);
        continue;
      }
      const ends = this.#skips && this.#level === levelOfStatus && (byte === comma || isClosing(byte));
      if (ends) {
        this.#skips = false;
        if (!this.#write(nothing)) return false;
        from = at;
      }
      if (byte === colon && this.#isKey && !this.#skips) {
        if (!this.#write(chunk.subarray(from, at + 1))) return false;
        this.#skips = true;
      }
      this.#between(byte);
    }
    return this.#skips || this.#write(chunk.subarray(from));
  }

  #inText(byte: number): void {
    if (this.#escaped) {
      this.#escaped = false;
      this.#matched = -1;
    } else if (byte === backslash) {
      this.#escaped = true;
    } else if (byte === quote) {
      this.#inString = false;
      this.#isKey = this.#level === levelOfStatus && this.#matched === key.length;
    } else {
      this.#matched = this.#matched !== -1 && byte === key[this.#matched] ? this.#matched + 1 : -1;
    }
  }

  #between(byte: number): void {
    if (byte === quote) {
      this.#inString = true;
      this.#matched = 0;
    } else if (isOpening(byte)) this.#level++;
    else if (isClosing(byte)) this.#level--;
    if (byte > space) this.#isKey = false;
  }

  #write(bytes: Buffer): boolean {
    if (this.#length + bytes.length > this.#into.length) return false;
    this.#length += bytes.copy(this.#into, this.#length);
    return true;
  }
}

/** `{` or `[`. */
function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b;
}

/** `}` or `]`. */
function isClosing(byte: number): boolean {
  return byte === 0x7d || byte === 0x5d;
}
