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
 * The connections whose client is authorised. TLS has verified the certificate; its name is checked here, once for each
 * connection.
 */
export class AllowedClients {
  readonly #names: readonly string[];
  readonly #known = new WeakMap<Socket, boolean>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  has(socket: Socket): boolean {
    const before = this.#known.get(socket);
    if (before !== undefined) return before;
    const allowed = this.#isAllowed(socket);
    this.#known.set(socket, allowed);
    return allowed;
  }

  #isAllowed(socket: Socket): boolean {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
    if (this.#names.length === 0) return true;
    // A certificate with several common names is not accepted.
    const name: unknown = socket.getPeerCertificate().subject.CN;
    return typeof name === 'string' && this.#names.includes(name);
  }
}
