import { request } from 'undici';
import { parsedJson } from '../../model/json.js';
import { ApiError, refusalOf } from './api-error.js';
import { bodyText } from './body-text.js';
import type { Connection } from './connection.js';

/** Reads text that the API server passes through unchanged, such as a pod's metrics through its proxy. Throws `ApiError`. */
export type TextReader = (path: string, timeoutMs: number) => Promise<string>;

const longestTextBytes = 8 * 1024 * 1024;

/**
 * Makes a reader on a connection.
 * @param userAgent what the API server's audit log shows
 */
export function createTextReader(connection: Connection, userAgent: string): TextReader {
  return async (path, timeoutMs) => {
    const what = `GET ${path}`;
    try {
      const { headers, dispatcher } = await connection.authenticate();
      const { statusCode, body } = await request(`${connection.server}${path}`, {
        signal: AbortSignal.timeout(timeoutMs),
        ...(dispatcher === undefined ? {} : { dispatcher }),
        headers: { ...headers, 'user-agent': userAgent },
      });
      const text = await bodyText(body, longestTextBytes);
      if (statusCode === 200) return text;
      // A refusal by the API server itself is a `Status`.
      throw refusalOf(what, statusCode, parsedJson(text));
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ApiError(`${what}: ${why}`, { status: 0, reason: 'NoAnswer', cause: error });
    }
  };
}
