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

/** A platform as people write it. */
export function platformText(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Other names of architectures, and the variant that is in the name. */
const aliases: ReadonlyMap<string, { readonly architecture: string; readonly variant: string | undefined }> = new Map([
  ['i386', { architecture: '386', variant: '' }],
  ['x86_64', { architecture: 'amd64', variant: undefined }],
  ['x86-64', { architecture: 'amd64', variant: undefined }],
  ['aarch64', { architecture: 'arm64', variant: undefined }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
]);

/** The variants that are assumed if none is given. */
const baselines: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['amd64', new Set(['v1'])],
  ['arm64', new Set(['v8', '8', 'v8.0', '8.0'])],
]);

/**
 * A platform as containerd normalises it (`platforms.Normalize`): in lower case, with Go's name for an architecture that
 * is given by another (W6), and the variant left out where it is the one that is meant without: `arm64` is v8, `amd64` v1,
 * and an `arm` without variant is v7.
 */
export function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const name = platform.architecture.toLowerCase();
  const alias = aliases.get(name);
  const architecture = alias?.architecture ?? name;
  const variant = normaliseVariant(architecture, alias?.variant ?? platform.variant?.toLowerCase() ?? '');
  return { os, architecture, variant: variant === '' ? undefined : variant };
}

function normaliseVariant(architecture: string, variant: string): string {
  if (baselines.get(architecture)?.has(variant) === true) return '';
  if (architecture === 'arm64' && (variant === '9' || variant === '9.0' || variant === 'v9.0')) return 'v9';
  if (architecture !== 'arm') return variant;
  if (variant === '') return 'v7';
  return /^\d$/.test(variant) ? `v${variant}` : variant;
}

/** An entry with its normalised platform; without one where the index does not say and what it names has to. */
export interface PlatformEntry {
  readonly platform: Platform | undefined;
  readonly entry: IndexEntry;
  /** The nodes that can use this entry, as far as the index says. */
  readonly nodes: Nodes;
}

/** Nodes by their platforms. */
type Nodes = Pick<PodPlatforms, 'admits'>;

/**
 * The entries of an index that nodes available to the pod can run, at most one for each platform: the first, as in
 * containerd (E8). Left out are attestations and Windows. A node takes the baseline of its architecture before a variant of
 * it, so `amd64/v3` counts only where there is no `amd64`; on `arm` each variant counts, since nodes differ; `arm` counts
 * for `arm64` nodes where the index has nothing else for them. An entry without a platform is for the nodes that no other is
 * for.
 *
 * @param entries the index's entries in their order.
 * @param possible where the pod can land.
 */
export function selectEntries(entries: readonly IndexEntry[], possible: Nodes): readonly PlatformEntry[] {
  const first = new Map<string, { readonly platform: Platform; readonly entry: IndexEntry }>();
  const unsaid: IndexEntry[] = [];
  for (const entry of entries) {
    if (isAttestation(entry)) continue;
    if (entry.platform === undefined) {
      unsaid.push(entry);
      continue;
    }
    const platform = normalisePlatform(entry.platform);
    const text = platformText(platform);
    if (!first.has(text)) first.set(text, { platform, entry });
  }
  const has64 = [...first.values()].some(({ platform }) => platform.architecture === 'arm64');
  const served = new Set<string>();
  const said: PlatformEntry[] = [];
  for (const { platform, entry } of first.values()) {
    const { os, architecture, variant } = platform;
    if (architecture !== 'arm' && variant !== undefined && first.has(`${os}/${architecture}`)) continue;
    const serves = architecture === 'arm' && !has64 ? ['arm', 'arm64'] : [architecture];
    if (!serves.some((one) => possible.admits(os, one))) continue;
    said.push({ platform, entry, nodes: among(possible, (one) => serves.includes(one)) });
    for (const one of serves) served.add(one);
  }
  const others = among(possible, (architecture) => !served.has(architecture));
  return [...said, ...unsaid.map((entry) => ({ platform: undefined, entry, nodes: others }))];
}

/** Those of the nodes whose architecture is one of these. */
function among(nodes: Nodes, isOne: (architecture: string) => boolean): Nodes {
  return { admits: (os, architecture) => isOne(architecture) && nodes.admits(os, architecture) };
}

/** Whether two configs start the same. */
function sameStart(one: ImageConfig, other: ImageConfig): boolean {
  return JSON.stringify([one.entrypoint, one.cmd]) === JSON.stringify([other.entrypoint, other.cmd]);
}

/** A node gets the volumes and the user of one of the platforms, which can be any of them. */
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
 * Whether the image starts the same on every platform that the pod can run on. Then the platform does not matter (E8).
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
