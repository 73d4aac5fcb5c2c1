import { OutriderError } from '../../model/error.js';
import { type Address, type Block, embeddedIPv4, inBlock, parseAddress, parseBlock } from './address.js';
import { matchesHost, splitHostPort } from './host-pattern.js';

/**
 * The targets that an image reference, a redirect or a token realm can make us connect to (E13). Each entry is an address, a
 * CIDR block, a host or a glob on hosts; all but a CIDR block may have a port. `deny` wins over `allow`, `allow` over what
 * is refused by default.
 */
export interface EgressRules {
  /** What may be reached although it is refused by default, such as `127.0.0.1:5000` for a registry on this machine. */
  readonly allow?: readonly string[];
  /** What may not be reached, such as the API server's address. */
  readonly deny?: readonly string[];
}

/** A connection that the ranges forbid. The message is safe to show. */
export class EgressDeniedError extends Error {
  override readonly name = 'EgressDeniedError';
}

export interface EgressGuard {
  /** Refuses a host by its name, and by its address if it is one. @throws {EgressDeniedError} */
  checkHost(host: string, port: number): void;
  /** Refuses an address that a host's name has. @throws {EgressDeniedError} */
  checkAddress(host: string, port: number, address: string): void;
}

/** The guard of a client. */
export interface ClientGuard extends EgressGuard {
  /** The same guard, which also refuses private networks, except those that are allowed by name. */
  readonly publicOnly: EgressGuard;
}

/** Whether only machines nearby can reach an address. Nothing is known about other addresses. */
export function isNearby(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const candidates = [address, ...embeddedIPv4(address)];
  return nearby.some(({ block }) => candidates.some((candidate) => inBlock(candidate, block)));
}

/** Names under which clouds serve credentials to any caller. */
const metadataHosts: readonly string[] = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
];

/**
 * Addresses at which no registry is: this machine, link-local, multicast and reserved addresses, and the clouds' metadata
 * and agent addresses.
 */
const refusedBlocks: readonly (readonly [string, string])[] = [
  ['169.254.169.254/32', 'cloud metadata'],
  ['100.100.100.200/32', 'cloud metadata'],
  ['168.63.129.16/32', 'cloud metadata'],
  ['192.0.0.192/32', 'cloud metadata'],
  ['fd00:ec2::/32', 'cloud metadata'],
  ['fd20:ce::254/128', 'cloud metadata'],
  ['fd00:c1::a9fe:a9fe/128', 'cloud metadata'],
  ['0.0.0.0/8', 'unspecified'],
  ['::/128', 'unspecified'],
  ['127.0.0.0/8', 'loopback'],
  ['::1/128', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['224.0.0.0/4', 'multicast'],
  ['ff00::/8', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
];

/** Addresses at which registries may be, but to which no registry from elsewhere may send us (F15). */
const privateBlocks: readonly (readonly [string, string])[] = [
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'private'],
  ['198.18.0.0/15', 'private'],
  ['fc00::/7', 'private'],
];

interface Refused {
  readonly block: Block;
  readonly why: string;
}

const read = (blocks: readonly (readonly [string, string])[]): readonly Refused[] =>
  blocks.map(([text, why]) => ({ block: blockOf(text, 'refused'), why }));
const refused = read(refusedBlocks);
const nearby = [...refused, ...read(privateBlocks)];

/**
 * A guard for every connection that a look-up makes. Private ranges are allowed where a registry lives there;
 * `publicOnly` decides where a public registry may lead.
 *
 * @throws {OutriderError} `settings_invalid` for an entry with a `/` that is not a CIDR block.
 */
export function createEgressGuard(wished: EgressRules): ClientGuard {
  const allowed = (wished.allow ?? []).map((entry) => parseRange(entry, 'allow'));
  const denied = (wished.deny ?? []).map((entry) => parseRange(entry, 'deny'));

  /** Refuses by name only, while there is no address yet. */
  function check(host: string, port: number, address: Address | undefined, blocks: readonly Refused[]): void {
    const name = splitHostPort(host).host;
    const addresses = address === undefined ? [] : [address, ...embeddedIPv4(address)];
    const matches = (range: EgressRange): boolean => rangeMatches(range, name, port, addresses);
    if (denied.some(matches)) throw new EgressDeniedError(`${name} is on the deny list of addresses`);
    if (allowed.some(matches)) return;
    if (metadataHosts.includes(name)) throw new EgressDeniedError(`${name} is a cloud’s metadata service`);
    const hit = blocks.find(({ block }) => addresses.some((candidate) => inBlock(candidate, block)));
    if (hit !== undefined) throw new EgressDeniedError(`${name} is refused: ${hit.why} address`);
  }

  const guardBy = (blocks: readonly Refused[]): EgressGuard => ({
    checkHost(host, port) {
      check(host, port, parseAddress(host), blocks);
    },
    checkAddress(host, port, text) {
      const address = parseAddress(text);
      if (address === undefined) throw new EgressDeniedError(`${host} has an address that is none`);
      check(host, port, address, blocks);
    },
  });
  return { ...guardBy(refused), publicOnly: guardBy(nearby) };
}

type EgressRange =
  | { readonly block: Block; readonly port: string | undefined }
  | { readonly block: undefined; readonly pattern: string };

function rangeMatches(range: EgressRange, host: string, port: number, addresses: readonly Address[]): boolean {
  if (range.block === undefined)
    return matchesHost(range.pattern, host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  const { block } = range;
  return (
    (range.port === undefined || range.port === String(port)) && addresses.some((address) => inBlock(address, block))
  );
}

function parseRange(entry: string, field: string): EgressRange {
  if (entry.includes('/')) return { block: blockOf(entry, field), port: undefined };
  const whole = parseBlock(entry);
  if (whole !== undefined) return { block: whole, port: undefined };
  const { host, port } = splitHostPort(entry);
  const block = parseBlock(host);
  return block === undefined ? { block: undefined, pattern: entry } : { block, port };
}

function blockOf(text: string, field: string): Block {
  const block = parseBlock(text);
  if (block === undefined) {
    throw new OutriderError('settings_invalid', `${JSON.stringify(text)} is not a CIDR block`, {
      field: `egress.${field}`,
    });
  }
  return block;
}
