import { createHash, createHmac } from 'node:crypto';

/** An AWS identity. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** What is signed. */
export interface SigningRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case; all are signed, and `host` and `x-amz-date` with them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Percent-encoding of everything but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function byCode(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort(byCode)
    .join('&');
}

/**
 * Signs a request with Signature Version 4 (AWS IAM user guide, "Create a signed AWS API request").
 *
 * @returns the headers to send, `authorization` among them; not `host`, which an HTTP client sets from the URL.
 */
export function signV4(request: SigningRequest, keys: AwsKeys): Readonly<Record<string, string>> {
  const { method, url, body, region, service, nowMs } = request;
  const amzDate = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = amzDate.slice(0, 8);
  const sent = {
    ...request.headers,
    'x-amz-date': amzDate,
    ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const headers: Readonly<Record<string, string>> = { ...sent, host: url.host };
  const names = Object.keys(headers).sort(byCode);
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`).join('');
  const signed = names.join(';');
  const path = url.pathname.split('/').map(encode).join('/');
  const canonical = [method, path, canonicalQuery(url), lines, signed, sha256(body)].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${keys.secretAccessKey}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const credential = `${keys.accessKeyId}/${scope}`;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}
