/** Further reviews like one of the benchmark's: those of a rollout, whose pods are of one template, and those of many templates. */
import { madeUp, tokenVolumePrefix } from './pods.js';

const mostBytes = 4 * 1024 * 1024;
const mostReplicas = 512;

/**
 * What the API server sends for the pods of one template: what it makes up for each is another, and all else the same.
 *
 * @param template its number: no two cases are of the same
 */
export function replicasOf(body: string, template: number): readonly string[] {
  const count = Math.max(1, Math.min(mostReplicas, Math.floor(mostBytes / body.length)));
  const hash = (0x20_0000_0000 + template).toString(16);
  return Array.from({ length: count }, (_, number) => anew(body, number).replaceAll(madeUp.templateHash, hash));
}

/** The same for pods of as many templates: each has another name, and so another hash and owner. */
export function templatesOf(body: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) =>
    anew(body, number)
      .replaceAll(madeUp.templateHash, (0x10_0000_0000 + number).toString(16))
      .replaceAll(madeUp.owner.slice(0, 8), (0x1000_0000 + number).toString(16)),
  );
}

function anew(body: string, number: number): string {
  return body
    .replace(madeUp.review.slice(0, 8), (0x1000_0000 + number).toString(16))
    .replaceAll(madeUp.tokenVolume, tokenVolumePrefix + (0x1_0000 + number).toString(16));
}
