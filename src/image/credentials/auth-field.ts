/** User and password out of `auth`, or why there are none. */
export type DecodedAuth =
  { readonly username: string; readonly password: string } | { readonly why: `its auth ${string}` };

/**
 * User and password out of `auth`: base64 of `user:password`, where the password may hold colons. Read as the kubelet
 * does (kubernetes, pkg/credentialprovider, config.go): line breaks within are ignored, since base64 is often wrapped,
 * and the padding is complete or absent (W9).
 */
export function decodeAuth(auth: string): DecodedAuth {
  const text = auth.replace(/[\r\n]/g, '');
  if (!isBase64(text)) {
    const why = /\s/.test(text) ? 'has blanks in its base64' : 'is not base64';
    return { why: `its auth ${why}` };
  }
  const bytes = Buffer.from(text, 'base64');
  let pair: string;
  try {
    pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { why: 'its auth is not UTF-8' };
  }
  const colon = pair.indexOf(':');
  if (colon < 0) return { why: 'its auth is not base64 of USER:PASSWORD' };
  // Docker's own client pads with NUL characters.
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1).replace(/\0+$/, '') };
}

function isBase64(text: string): boolean {
  const [, digits = '', padding = ''] = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text) ?? [];
  if (digits.length + padding.length !== text.length) return false;
  return padding === '' ? digits.length % 4 !== 1 : text.length % 4 === 0;
}
