import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';
import { buildConnector } from 'undici';
import { asError } from '../../time/as-error.js';
import { type EgressGuard, EgressDeniedError } from './egress-guard.js';

/** Finds a host's addresses; the system's resolver by default. */
export type Lookup = (
  host: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const lookupBySystem: Lookup = (host, options, callback) => {
  systemLookup(host, { ...options, all: true }, callback);
};

export interface ConnectorOptions {
  readonly ca: string | undefined;
  readonly connectTimeoutMs: number;
  readonly guard: EgressGuard;
  readonly lookup: Lookup;
  /** Called for the address that a host was connected to at. */
  readonly onConnected: (host: string, address: string) => void;
}

/**
 * Connects sockets only to addresses that the guard allows. The check is the resolver's last step, so the checked address is
 * the one that is used, whatever a second DNS query would answer (E13).
 */
export function createGuardedConnector(options: ConnectorOptions): buildConnector.connector {
  // undici's resolver hook does not know the port; a connector of its own for each keeps the TLS sessions apart, too.
  const byPort = new LRUCache<number, buildConnector.connector>({ max: 64 });
  return (target, callback) => {
    const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
    try {
      // An address instead of a name is never resolved, so the resolver's hook would not see it.
      options.guard.checkHost(target.hostname, port);
    } catch (error) {
      callback(asError(error), null);
      return;
    }
    const connector = byPort.get(port) ?? connectorFor(port, options);
    byPort.set(port, connector);
    connector(target, (...outcome) => {
      const address = outcome[1]?.remoteAddress;
      if (address !== undefined) options.onConnected(target.host ?? target.hostname, address);
      callback(...outcome);
    });
  };
}

/** The addresses of a host that the guard lets through. @throws {EgressDeniedError} When there are some, and none is let through. */
export function permittedAddresses(
  guard: EgressGuard,
  host: string,
  port: number,
  addresses: readonly LookupAddress[],
): readonly LookupAddress[] {
  let refusal: unknown;
  const permitted = addresses.filter(({ address }) => {
    try {
      guard.checkAddress(host, port, address);
      return true;
    } catch (error) {
      refusal = error;
      return false;
    }
  });
  if (permitted.length === 0 && refusal instanceof EgressDeniedError) throw refusal;
  return permitted;
}

function permittedOrRefusal(...parameters: Parameters<typeof permittedAddresses>): readonly LookupAddress[] | Error {
  try {
    return permittedAddresses(...parameters);
  } catch (error) {
    return asError(error);
  }
}

function connectorFor(port: number, options: ConnectorOptions): buildConnector.connector {
  const lookup: LookupFunction = (host, lookupOptions, callback) => {
    options.lookup(host, lookupOptions, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const permitted = permittedOrRefusal(options.guard, host, port, addresses);
      if (permitted instanceof Error) {
        callback(permitted, []);
        return;
      }
      const [first] = permitted;
      if (lookupOptions.all === true || first === undefined) callback(null, [...permitted]);
      else callback(null, first.address, first.family);
    });
  };
  return buildConnector({
    lookup,
    timeout: options.connectTimeoutMs,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
}
