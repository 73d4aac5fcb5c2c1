import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Whose reviews are answered. */
export interface ClientCheck {
  /** Authorities of the API server's client certificate, PEM. */
  readonly authorities: string;
  /** Common names that it may have; none: any. */
  readonly names: readonly string[];
}

/**
 * Makes the check of a connection's client: TLS has verified its certificate, its name is looked at here, once for
 * each connection.
 */
export function createClientCheck(names: readonly string[]): (socket: Socket) => boolean {
  const known = new WeakMap<Socket, boolean>();
  const isAllowed = (socket: Socket): boolean => {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
    if (names.length === 0) return true;
    // A certificate with several common names is nobody's.
    const name: unknown = socket.getPeerCertificate().subject.CN;
    return typeof name === 'string' && names.includes(name);
  };
  return (socket) => {
    const before = known.get(socket);
    if (before !== undefined) return before;
    const allowed = isAllowed(socket);
    known.set(socket, allowed);
    return allowed;
  };
}
