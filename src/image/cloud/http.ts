import { request, type Dispatcher } from 'undici';

/** A request to a cloud's endpoint. */
export interface CloudRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An endpoint's answer; headers by lower-case name. */
export interface CloudAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends one request. Rejects when there is no answer, or one that is too long; follows no redirect. */
export type CloudHttp = (what: CloudRequest, signal: AbortSignal) => Promise<CloudAnswer>;

const limitBytes = 262_144;

/**
 * HTTP for the clouds' own endpoints, including metadata services, which the registry client's egress guard refuses. A pod's
 * author cannot influence these addresses, except with a registry's name that its provider has recognised.
 *
 * @param dispatcher for a proxy; default: none.
 */
export function createCloudHttp(dispatcher?: Dispatcher): CloudHttp {
  return async ({ method, url, headers, body }, signal) => {
    const answer = await request(url, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      const piece = Buffer.from(chunk as Uint8Array);
      bytes += piece.length;
      if (bytes > limitBytes) throw new Error(`${new URL(url).host} answers with more than ${limitBytes} bytes`);
      chunks.push(piece);
    }
    return { status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') };
  };
}
