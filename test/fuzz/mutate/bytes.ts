import type { Random } from './random.js';

/** Pieces that mean something to JSON, YAML, HTTP and shells of theirs. */
const pieces: readonly string[] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u0000',
  '\\ud800',
  '\u0000',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\t',
  ' ',
  '---\n',
  '...\n',
  '- ',
  '? ',
  '!!binary ',
  '!Sub ',
  '&a ',
  '*a',
  '<<: *a\n',
  '#',
  '|\n',
  '>+1\n',
  '%YAML 1.1\n',
  '{{ x }}',
  '1e999',
  '-',
  'null',
  '__proto__',
  '=',
  ';',
  '%00',
  'Bearer realm="',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 0\r\n',
  '\ufeff',
];

const encoder = new TextEncoder();

/** Changes bytes in a few places without a look at what they mean. */
export function mutateBytes(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let bytes = input;
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round++) bytes = mutateOnce(bytes, random, other);
  return bytes;
}

function mutateOnce(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.chance(4) ? 400 : 12));
  const head = bytes.subarray(0, at);
  const cut = bytes.subarray(at, end);
  const tail = bytes.subarray(end);
  switch (random.below(7)) {
    case 0:
      return joined(head, tail);
    case 1:
      return joined(head, encoder.encode(random.pick(pieces)), cut, tail);
    case 2:
      return joined(head, ...Array.from({ length: 2 + random.below(40) }, () => cut), tail);
    case 3: {
      const from = random.below(other.length);
      return joined(head, other.subarray(from, from + random.below(200)), tail);
    }
    case 4:
      return head;
    case 5: {
      const place = random.below(bytes.length + 1);
      const rest = joined(head, tail);
      return joined(rest.subarray(0, place), cut, rest.subarray(place));
    }
    default: {
      const changed = Uint8Array.from(bytes);
      if (at < changed.length)
        changed[at] = random.chance(2) ? random.below(256) : (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
