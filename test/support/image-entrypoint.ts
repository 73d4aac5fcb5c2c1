import { readFileSync } from 'node:fs';

const dockerfile = new URL('../../../Dockerfile', import.meta.url);

/** What Outrider's image starts: the Dockerfile's ENTRYPOINT. */
export function imageEntrypoint(): readonly string[] {
  const [, list] = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(dockerfile, 'utf8')) ?? [];
  const words: unknown = JSON.parse(list ?? 'null');
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) {
    throw new Error('the Dockerfile has no ENTRYPOINT that is a list of words on one line');
  }
  return words;
}

/** Flags of Node in it. */
export function shippedNodeFlags(): readonly string[] {
  return imageEntrypoint().filter((word) => word.startsWith('--'));
}
