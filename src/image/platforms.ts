import type { ImageConfig } from '../model/image.js';
import { isAttestation, type IndexEntry } from './manifest.js';
import type { PodPlatforms } from './pod-platforms.js';
import type { Platform } from './types.js';

/** What an image starts on one platform. */
export interface PlatformConfig {
  /** `linux/arm/v7`. */
  readonly platform: string;
  readonly config: ImageConfig;
}

const indexTypes = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);

/** A platform as people write it. */
export function platformText(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/**
 * A platform with the variant left out where it is the one that is meant without: `arm64` is v8, `amd64` v1, and an
 * `arm` without variant is v7 (containerd, `platforms.Normalize`).
 */
export function normalisePlatform(platform: Platform): Platform {
  const { os, architecture, variant } = platform;
  if (architecture === 'arm64' && (variant === 'v8' || variant === '8' || variant === '')) {
    return { os, architecture, variant: undefined };
  }
  if (architecture === 'amd64' && (variant === 'v1' || variant === '')) return { os, architecture, variant: undefined };
  if (architecture === 'arm') {
    if (variant === undefined || variant === '') return { os, architecture, variant: 'v7' };
    return { os, architecture, variant: /^\d$/.test(variant) ? `v${variant}` : variant };
  }
  return variant === '' ? { os, architecture, variant: undefined } : platform;
}

/** An entry with its normalised platform; without one where the index does not say and the image's config has to. */
export interface PlatformEntry {
  readonly platform: Platform | undefined;
  readonly entry: IndexEntry;
}

/**
 * The entries of an index that a node could run which the pod can land on, at most one for each platform: the first, as
 * containerd takes it (E8). Left out are attestations, Windows and indexes inside the index. A node takes the baseline
 * of its architecture before a variant of it, so `amd64/v3` counts only where there is no `amd64`; on `arm` each
 * variant counts, since nodes differ; `arm` counts for `arm64` nodes where the index has nothing else for them.
 *
 * @param entries the index's entries in their order.
 * @param possible where the pod can land.
 */
export function selectEntries(entries: readonly IndexEntry[], possible: PodPlatforms): readonly PlatformEntry[] {
  const first = new Map<string, { readonly platform: Platform; readonly entry: IndexEntry }>();
  const unsaid: PlatformEntry[] = [];
  for (const entry of entries) {
    if (isAttestation(entry)) continue;
    if (entry.platform === undefined) {
      if (!indexTypes.has(entry.mediaType)) unsaid.push({ platform: undefined, entry });
      continue;
    }
    const platform = normalisePlatform(entry.platform);
    const text = platformText(platform);
    if (!first.has(text)) first.set(text, { platform, entry });
  }
  const has64 = [...first.values()].some(({ platform }) => platform.architecture === 'arm64');
  const said = [...first.values()].filter(({ platform: { os, architecture, variant } }) => {
    if (architecture === 'arm') return possible.admits(os, 'arm') || (!has64 && possible.admits(os, 'arm64'));
    if (variant !== undefined && first.has(`${os}/${architecture}`)) return false;
    return possible.admits(os, architecture);
  });
  return [...said, ...unsaid];
}

/** Whether two configs start the same. */
function sameStart(one: ImageConfig, other: ImageConfig): boolean {
  return JSON.stringify([one.entrypoint, one.cmd]) === JSON.stringify([other.entrypoint, other.cmd]);
}

/** A node has the volumes and the user of one of the platforms, and it can be any of them. */
function withThoseOfAll(first: ImageConfig, others: readonly PlatformConfig[]): ImageConfig {
  const volumes = union(first.volumes, others, ({ config }) => config.volumes);
  const users = union(first.users, others, ({ config }) => config.users);
  if (volumes === first.volumes && users === first.users) return first;
  return { ...first, ...(volumes === undefined ? {} : { volumes }), ...(users === undefined ? {} : { users }) };
}

/** The first list itself where no other has more. */
function union<T>(
  first: readonly T[] | undefined,
  others: readonly PlatformConfig[],
  listOf: (other: PlatformConfig) => readonly T[] | undefined,
): readonly T[] | undefined {
  const more = others.flatMap((other) => listOf(other) ?? []).filter((one) => first?.includes(one) !== true);
  return more.length === 0 ? first : [...new Set([...(first ?? []), ...more])];
}

/** The config that all platforms share, or what differs among them. */
export type Agreement =
  { readonly agree: true; readonly config: ImageConfig } | { readonly agree: false; readonly differences: string };

function argvText(config: ImageConfig): string {
  const text = `ENTRYPOINT ${JSON.stringify(config.entrypoint)} CMD ${JSON.stringify(config.cmd)}`;
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/**
 * Whether the image starts the same on every platform the pod can land on; which of them it will be does then not
 * matter (E8).
 *
 * @param configs at least one config; `undefined` is returned for none.
 */
export function agreeOn(configs: readonly PlatformConfig[]): Agreement | undefined {
  const [first, ...others] = configs;
  if (first === undefined) return undefined;
  if (others.every(({ config }) => sameStart(config, first.config))) {
    return { agree: true, config: withThoseOfAll(first.config, others) };
  }
  const groups = new Map<string, string[]>();
  for (const { platform, config } of configs) {
    const text = argvText(config);
    groups.set(text, [...(groups.get(text) ?? []), platform]);
  }
  const differences = [...groups].map(([text, platforms]) => `${platforms.join(', ')}: ${text}`).join('; ');
  return { agree: false, differences };
}
