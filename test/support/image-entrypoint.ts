import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** The Node that the image is tested with: what test/e2e/setup.sh fetched, or else this machine's own. */
export function shippedNode(): string {
  const script = fileURLToPath(new URL('../../../test/node/fetch-node.sh', import.meta.url));
  return execFileSync('bash', [script, '--where'], { encoding: 'utf8' }).trim();
}
