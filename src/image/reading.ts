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

/** What an image starts where the pod can land; or what has to be fetched before that can be said. */
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

// An index can list a thousand entries; nobody builds for so many platforms, and each costs two requests.
const mostPlatforms = 32;

function refused(reason: ReasonCode, message: string, rows: readonly PlatformRow[] = []): Reading {
  return { kind: 'refused', reason, message, rows };
}

function readImage(digest: string, content: Extract<Content, { kind: 'image' }>): Reading {
  const { config, platform } = content;
  // Old builders leave the field out, and mean Linux.
  if (platform.os !== 'linux' && platform.os !== '') {
    return refused('image_not_runnable', `the image is for ${platform.os}`);
  }
  return { kind: 'config', config, rows: [{ platform: platformText(normalisePlatform(platform)), digest, config }] };
}

function readIndex(selected: readonly PlatformEntry[], find: FindContent, possible: PodPlatforms): Reading {
  if (selected.length === 0) return refused('image_not_runnable', 'it has no image for a node the pod can land on');
  if (selected.length > mostPlatforms) return refused('image_not_runnable', 'it lists too many platforms');
  const found = selected.map(({ platform, entry }) => ({
    platform,
    digest: entry.digest,
    content: find(entry.digest),
  }));
  const missing = found.filter(({ content }) => content === undefined).map(({ digest }) => digest);
  if (missing.length > 0) return { kind: 'missing', digests: [...new Set(missing)] };
  const rows: PlatformRow[] = [];
  for (const { platform, digest, content } of found) {
    // A copy of an image often lacks platforms that its index lists; no node can run what is not there.
    if (content === undefined || content === 'absent') continue;
    if (content.kind === 'index') return refused('image_not_runnable', 'an index lies where an image should', rows);
    if (content.kind === 'unusable') return refused(content.reason, content.message, rows);
    const actual = platform ?? normalisePlatform(content.platform);
    if (platform === undefined && !possible.admits(actual.os, actual.architecture)) continue;
    rows.push({ platform: platformText(actual), digest, config: content.config });
  }
  if (rows.length === 0) {
    const absent = found.every(({ content }) => content === 'absent');
    return absent
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
 * Reads what the image of a digest starts on the nodes a pod can land on (E8), from content at hand.
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
      return readIndex(selectEntries(content.entries, possible), find, possible);
    case 'unusable':
      return refused(content.reason, content.message);
  }
}
