import type { ImageConfig } from '../model/image.js';
import type { ReasonCode } from '../model/reasons.js';
import type { Content } from './cache/content.js';
import type { PodPlatforms } from './pod-platforms.js';
import { agreeOn, normalisePlatform, platformText, selectEntries, type PlatformEntry } from './platforms.js';

/** What one platform's manifest starts. */
export interface PlatformRow {
  readonly platform: string;
  readonly digest: string;
  readonly config: ImageConfig;
}

/** What an image starts on the nodes that the pod can run on, or what must be fetched first. */
export type Reading =
  | { readonly kind: 'config'; readonly config: ImageConfig; readonly rows: readonly PlatformRow[] }
  | {
      readonly kind: 'refused';
      readonly reason: ReasonCode;
      readonly message: string;
      readonly rows: readonly PlatformRow[];
    }
  | { readonly kind: 'missing'; readonly digests: readonly string[] };

/** Content of a digest: `absent` when the registry does not have it, `undefined` when it was not fetched yet. */
export type FindContent = (digest: string) => Content | 'absent' | undefined;

// An index can list a thousand entries; no image is built for that many platforms, and each costs two requests.
const mostPlatforms = 32;
// Tools that join images of several builds make an index of indexes; none is known to go deeper.
const deepest = 4;
// An index that appears many times in another costs one request, but one walk for each occurrence.
const mostEntries = 2 * mostPlatforms;

function refused(reason: ReasonCode, message: string, rows: readonly PlatformRow[] = []): Reading {
  return { kind: 'refused', reason, message, rows };
}

type Refused = Extract<Reading, { kind: 'refused' }>;

function readImage(digest: string, content: Extract<Content, { kind: 'image' }>): Reading {
  const { config } = content;
  const platform = normalisePlatform(content.platform);
  // Old builders leave the field out, and mean Linux.
  if (platform.os !== 'linux' && platform.os !== '') {
    return refused('image_not_runnable', `the image is for ${platform.os}`);
  }
  return { kind: 'config', config, rows: [{ platform: platformText(platform), digest, config }] };
}

/** Walks an index and its nested indexes, and collects what the images for the pod's nodes start (E8, W6). */
class IndexWalk {
  readonly rows: PlatformRow[] = [];
  readonly missing = new Set<string>();
  /** Whether everything that was looked for is known not to be there. */
  isAbsent = true;
  refusal: Refused | undefined;
  /** What counts only where nothing was found: entries without a platform may be for no node at all. */
  doubt: Refused | undefined;
  readonly #find: FindContent;
  #entries = 0;

  constructor(find: FindContent) {
    this.#find = find;
  }

  /**
   * @param isSaid whether the indexes around say for which nodes these are
   * @param depth how many indexes are around this one
   */
  walk(selected: readonly PlatformEntry[], isSaid = true, depth = 0): void {
    this.#entries += selected.length;
    if (selected.length > mostPlatforms || this.#entries > mostEntries) {
      this.#refuse(isSaid, 'image_not_runnable', 'it lists too many platforms');
      return;
    }
    for (const entry of selected) {
      if (this.refusal !== undefined) return;
      this.#take(entry, isSaid && entry.platform !== undefined, depth);
    }
  }

  #take({ platform, entry: { digest }, nodes }: PlatformEntry, isSaid: boolean, depth: number): void {
    const content = this.#find(digest);
    if (content === undefined) this.missing.add(digest);
    // A copy of an image often lacks platforms that its index lists. No node can run a missing one.
    if (content === undefined || content === 'absent') return;
    this.isAbsent = false;
    switch (content.kind) {
      case 'unusable':
        this.#refuse(isSaid, content.reason, content.message);
        return;
      case 'image': {
        const actual = platform ?? normalisePlatform(content.platform);
        if (platform === undefined && !nodes.admits(actual.os, actual.architecture)) return;
        this.rows.push({ platform: platformText(actual), digest, config: content.config });
        return;
      }
      case 'index':
        if (depth < deepest) this.walk(selectEntries(content.entries, nodes), isSaid, depth + 1);
        else this.#refuse(isSaid, 'image_not_runnable', `its indexes lie more than ${deepest} deep in each other`);
    }
  }

  #refuse(isSaid: boolean, reason: ReasonCode, message: string): void {
    const refusal = { kind: 'refused', reason, message, rows: this.rows } as const;
    if (isSaid) this.refusal ??= refusal;
    else this.doubt ??= refusal;
  }
}

function readIndex(selected: readonly PlatformEntry[], find: FindContent): Reading {
  if (selected.length === 0) return refused('image_not_runnable', 'it has no image for a node the pod can land on');
  const walk = new IndexWalk(find);
  walk.walk(selected);
  const { rows, missing, refusal, doubt, isAbsent } = walk;
  if (refusal !== undefined) return refusal;
  if (missing.size > 0) return { kind: 'missing', digests: [...missing] };
  if (rows.length === 0) {
    if (doubt !== undefined) return doubt;
    return isAbsent
      ? refused('image_not_found', 'the index is there, and none of its images')
      : refused('image_not_runnable', 'it has no image for a node the pod can land on');
  }
  const agreement = agreeOn(rows);
  if (agreement === undefined) return refused('image_not_runnable', 'it has no image for a node the pod can land on');
  return agreement.agree
    ? { kind: 'config', config: agreement.config, rows }
    : refused('image_platforms_differ', agreement.differences, rows);
}

/**
 * Reads what the image of a digest starts on the nodes a pod can land on (E8), from cached content.
 *
 * @param digest of the manifest or index.
 * @param find gives content by digest.
 */
export function readImageOf(digest: string, find: FindContent, possible: PodPlatforms): Reading {
  const content = find(digest);
  if (content === undefined) return { kind: 'missing', digests: [digest] };
  if (content === 'absent') return refused('image_not_found', 'it is not there');
  switch (content.kind) {
    case 'image':
      return readImage(digest, content);
    case 'index':
      return readIndex(selectEntries(content.entries, possible), find);
    case 'unusable':
      return refused(content.reason, content.message);
  }
}
