import { OutriderError } from '../model/error.js';
import { isSystemError, systemReason } from '../model/system-error.js';

/** The parts of a Fastify application that are needed to listen. */
interface Listener {
  listen(address: { host: string; port: number }): Promise<string>;
  addresses(): readonly (string | { readonly port: number })[];
}

/** Where to listen. Port 0 is any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts to listen. `::` means every address, also on a machine without IPv6.
 * @param flag the setting that a person would change
 * @returns the port
 * @throws OutriderError `listen_failed`
 */
export async function listenOn(app: Listener, { host, port }: Address, flag: string): Promise<number> {
  try {
    await app.listen({ host, port }).catch((error: unknown) => {
      if (host === '::' && isSystemError(error, 'EAFNOSUPPORT')) return app.listen({ host: '0.0.0.0', port });
      throw error;
    });
  } catch (cause) {
    throw new OutriderError(
      'listen_failed',
      `Cannot listen on ${host} port ${port} (${systemReason(cause)}): choose another with ${flag}, or stop what listens there.`,
      { field: flag, cause },
    );
  }
  const [bound] = app.addresses();
  return typeof bound === 'object' ? bound.port : port;
}
