import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { RegistryError } from '../types.js';

/** One HTTP answer with its body, up to a limit. For an unsuccessful answer, only the start of the body. */
export interface RegistryAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** One value of a header; of several, the first. */
export function headerOf(answer: Pick<RegistryAnswer, 'headers'>, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * Reads a body up to a limit. A body that ends early is an error of the connection.
 *
 * @param onExcess `refuse`: a longer body is an error, known from Content-Length before anything is read; `cut`: the
 *   start will do, and a connection that fails underway does not matter.
 * @throws {RegistryError} `image_config_invalid` for a body that is too long or is compressed, which was not asked for.
 */
export async function readBody(
  body: Readable,
  headers: IncomingHttpHeaders,
  limitBytes: number,
  onExcess: 'refuse' | 'cut',
): Promise<Uint8Array> {
  // The rest of a destroyed body fails with an error that must be caught.
  body.on('error', () => undefined);
  if (onExcess === 'refuse') {
    const refusal = refusalOf(headers, limitBytes);
    if (refusal !== undefined) {
      body.destroy();
      throw refusal;
    }
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<unknown>) {
      if (!(chunk instanceof Uint8Array)) continue;
      length += chunk.length;
      if (length > limitBytes && onExcess === 'refuse') throw tooLong(limitBytes);
      chunks.push(chunk);
      if (length > limitBytes) break;
    }
  } catch (error) {
    if (onExcess === 'refuse') throw error;
  }
  return Buffer.concat(chunks).subarray(0, limitBytes);
}

function refusalOf(headers: IncomingHttpHeaders, limitBytes: number): RegistryError | undefined {
  if (Number(headers['content-length'] ?? 0) > limitBytes) return tooLong(limitBytes);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    return new RegistryError('image_config_invalid', 'the registry compressed its answer unasked');
  return undefined;
}

function tooLong(limitBytes: number): RegistryError {
  return new RegistryError('image_config_invalid', `the registry’s answer is longer than ${limitBytes} bytes`);
}
