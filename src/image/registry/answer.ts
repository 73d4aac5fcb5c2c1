import type { IncomingHttpHeaders } from 'node:http';

/** One HTTP answer with its body, as long as it may be: of an answer that is no success, the start. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** One value of a header; of several, the first. */
export function headerOf(answer: Pick<Answer, 'headers'>, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
