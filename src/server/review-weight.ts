// One for each byte that begins an object, a list or one more entry of either, and zero for all others.
const beginsValue = new Uint8Array(256);
for (const character of '{[,') beginsValue[character.charCodeAt(0)] = 1;

// What V8 makes of an object, a list, or one more entry of either, measured over the shapes of docs/decisions/0008. Few take
// more, and none twice as much.
const bytesPerValue = 64;

/** A heavier review is not of a pod that can be stored: the heaviest such pod comes to 75 MiB. */
export const mostWeightBytes = 128 * 1024 * 1024;

/** Roughly how much memory the review in a body takes while it is handled: its text, and the values in it. */
export function weightOf(body: Uint8Array): number {
  return body.length + valuesIn(body) * bytesPerValue;
}

/** Looks each byte up, four at a turn: half the time of comparing each with three characters. */
function valuesIn(body: Uint8Array): number {
  const fours = body.length - (body.length % 4);
  let values = 0;
  for (let at = 0; at < fours; at += 4) {
    values += begins(body[at]) + begins(body[at + 1]) + begins(body[at + 2]) + begins(body[at + 3]);
  }
  for (let at = fours; at < body.length; at++) values += begins(body[at]);
  return values;
}

function begins(byte = 0): number {
  return beginsValue[byte] ?? 0;
}
