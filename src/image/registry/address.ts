import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as its 4 or 16 bytes. */
export type Address = readonly number[];

/** A block of addresses: those whose first `bits` bits are the address's. */
export interface Block {
  readonly address: Address;
  readonly bits: number;
}

/** The bytes of an IP address: IPv4, or IPv6 with or without brackets and zone; `undefined` for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return text.split('.').map(Number);
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  return isIPv6(bare) ? parseIPv6(bare) : undefined;
}

/** A CIDR block, or a single address as the block of itself; `undefined` for anything else. */
export function parseBlock(text: string): Block | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash === -1) return { address, bits: address.length * 8 };
  const length = text.slice(slash + 1);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  return bits <= address.length * 8 ? { address, bits } : undefined;
}

/** True when the address lies in the block; an address of the other family never does. */
export function inBlock(address: Address, block: Block): boolean {
  if (address.length !== block.address.length) return false;
  for (let bit = 0; bit < block.bits; bit += 8) {
    const mask = block.bits - bit >= 8 ? 0xff : (0xff << (8 - (block.bits - bit))) & 0xff;
    if (((address[bit / 8] ?? 0) & mask) !== ((block.address[bit / 8] ?? 0) & mask)) return false;
  }
  return true;
}

/**
 * The IPv4 addresses that an IPv6 address may stand for: mapped and compatible (RFC 4291), translated (RFC 2765), NAT64
 * (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380: the server's and the client's), ISATAP (RFC 5214). Where the
 * position depends on the network, every possible one.
 */
export function embeddedIPv4(address: Address): readonly Address[] {
  if (address.length !== 16) return [];
  const last = address.slice(12);
  if (holdLast.some((block) => within(address, block))) return [last];
  if (within(address, '64:ff9b:1::/48')) {
    return [
      last,
      [...address.slice(6, 8), ...address.slice(9, 11)],
      [...address.slice(7, 8), ...address.slice(9, 12)],
      address.slice(9, 13),
    ];
  }
  if (within(address, '2002::/16')) return [address.slice(2, 6)];
  if (within(address, '2001::/32')) return [address.slice(4, 8), last.map((byte) => byte ^ 0xff)];
  const isIsatap = ((address[8] ?? 0) & 0xfd) === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;
  return isIsatap ? [last] : [];
}

/** Blocks whose addresses end in an IPv4 one: mapped, translated, compatible, NAT64. */
const holdLast: readonly string[] = ['::ffff:0:0/96', '::ffff:0:0:0/96', '::/96', '64:ff9b::/96'];

function within(address: Address, block: string): boolean {
  const parsed = parseBlock(block);
  return parsed !== undefined && inBlock(address, parsed);
}

function parseIPv6(text: string): Address {
  // An IPv4 tail, as in ::ffff:127.0.0.1, is two groups.
  const colon = text.lastIndexOf(':');
  const tail = text.slice(colon + 1);
  if (tail.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
    return parseIPv6(`${text.slice(0, colon + 1)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
  }
  const [head = '', rest] = text.split('::');
  const before = groups(head);
  const after = groups(rest ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
