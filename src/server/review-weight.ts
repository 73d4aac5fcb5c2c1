const openBrace = 0x7b;
const openBracket = 0x5b;
const comma = 0x2c;

// What V8 makes of an object, a list, or one more entry of either, measured over the shapes of docs/decisions/0008. Few take
// more, and none twice as much.
const bytesPerValue = 64;

/** A review that weighs more is none of a pod that can be stored: the heaviest of those comes to 75 MiB. */
export const mostWeightBytes = 128 * 1024 * 1024;

/** About how much memory the review in a body takes while it is worked on: its text, and the values in it. */
export function weightOf(body: Uint8Array): number {
  let values = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === comma || byte === openBrace || byte === openBracket) values++;
  }
  return body.length + values * bytesPerValue;
}
