// Reads a manifest from a URL: http and https only, with limits on size, time and redirects.
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { OutriderError } from '../../model/error.js';
import { networkCause, networkCauseText } from '../../model/network-cause.js';

/** How long to wait, and how much to read. */
export interface UrlLimits {
  readonly longestMs: number;
  readonly mostBytes: number;
  readonly mostRedirects: number;
}

/** Limits for manifests. */
export const usualUrlLimits: UrlLimits = { longestMs: 30_000, mostBytes: 16 * 1_048_576, mostRedirects: 5 };

/** Whether a word of a command line is a URL, of any scheme. */
export function isUrl(word: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
}

/**
 * Reads the content of a URL. Takes proxies from the environment.
 *
 * @throws OutriderError `usage` for a URL of a kind that is not read; `file_unreadable` for one that yields no content
 */
export async function readUrl(name: string, limits: UrlLimits = usualUrlLimits): Promise<Uint8Array> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: limits.longestMs } });
  const signal = AbortSignal.timeout(limits.longestMs);
  try {
    let url = urlOf(name, name);
    for (let redirects = 0; ; redirects++) {
      const answer = await request(url, { dispatcher, signal, headers: { accept: '*/*' } });
      const target = locationOf(answer);
      if (target === undefined) return await bodyOf(answer, name, limits);
      await answer.body.dump();
      if (redirects >= limits.mostRedirects) throw unreadable(name, `it redirects more than ${redirects} times`);
      const next = urlOf(URL.canParse(target, url.href) ? new URL(target, url).href : target, name);
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw unreadable(name, `it redirects from https to ${next.href}, which anybody between can change`);
      }
      url = next;
    }
  } catch (cause) {
    if (cause instanceof OutriderError) throw cause;
    throw unreadable(name, whyOf(cause, signal, limits), cause);
  } finally {
    await dispatcher.destroy();
  }
}

function urlOf(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // First, since other messages name the URL.
  if (url === undefined ? /^[^/]*:\/\/[^/]*@/.test(text) : url.username !== '' || url.password !== '') {
    const message = 'a URL with a name or password in it is not read; fetch it first, and give the file.';
    throw new OutriderError('usage', message);
  }
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new OutriderError('usage', `${name}: only http and https URLs are read; fetch it first, and give the file.`);
  }
  return url;
}

function locationOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
  const { location } = headers;
  return [301, 302, 303, 307, 308].includes(statusCode) && typeof location === 'string' ? location : undefined;
}

async function bodyOf(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  name: string,
  { mostBytes }: UrlLimits,
): Promise<Uint8Array> {
  const tooLong = (): OutriderError => unreadable(name, `it is longer than ${mostBytes / 1_048_576} MiB`);
  // A destroyed body ends in an error that nothing waits for.
  body.on('error', () => undefined);
  if (statusCode !== 200) {
    body.destroy();
    throw unreadable(name, `the server answers ${statusCode}`);
  }
  if (Number(headers['content-length'] ?? 0) > mostBytes) {
    body.destroy();
    throw tooLong();
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function whyOf(cause: unknown, signal: AbortSignal, { longestMs }: UrlLimits): string {
  if (signal.aborted) return `the server does not answer within ${longestMs / 1000} s`;
  const code = codeOf(cause);
  const known = code === undefined ? undefined : networkCause(code);
  if (known !== undefined) return `its host ${networkCauseText(known).what} (${code ?? ''})`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The innermost code. An error about several addresses has one for each. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error instanceof AggregateError ? error.errors[0] : error.cause);
}

function unreadable(name: string, why: string, cause?: unknown): OutriderError {
  return new OutriderError('file_unreadable', `${name}: ${why}; check the URL.`, { file: name, cause });
}
