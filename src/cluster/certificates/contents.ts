import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { bundleOf, certificatesIn, isIssuedBy, pemOf } from '../../tls/bundle.js';
import type { Issued } from '../../tls/issue.js';
import { isForExactly } from '../../tls/names.js';
import { loadPair, type TlsPair } from '../../tls/pair.js';
import type { Leaf, Standing } from './rotation.js';

/** Keys of the Secret's data. All are PEM. */
export const secretKeys = {
  /** The served certificate and its key, read by every replica. */
  leaf: 'tls.crt',
  leafKey: 'tls.key',
  /** The bundle: every authority that the API server should trust. */
  authorities: 'ca.crt',
  /** The key of the authority that signs. Only the leader reads it. */
  signerKey: 'ca.key',
  /** The key of the authority that signs next, while its certificate spreads. */
  nextKey: 'next-ca.key',
  /** Certificates, without keys, that some replica may still serve. */
  earlier: 'earlier.crt',
} as const;

/** The usable part of the Secret. */
export interface Contents {
  readonly authorities: readonly X509Certificate[];
  readonly signer: Issued | undefined;
  readonly next: Issued | undefined;
  /** A certificate and its key, whether valid or not. */
  readonly leaf: TlsPair | undefined;
  /** Served certificates whose keys are not available here. */
  readonly earlier: readonly X509Certificate[];
  /** What is there but cannot be used, one sentence each. */
  readonly problems: readonly string[];
}

export const noContents: Contents = {
  authorities: [],
  signer: undefined,
  next: undefined,
  leaf: undefined,
  earlier: [],
  problems: [],
};

/** Reads the Secret's data. Never throws, because anybody may have edited it. */
export function contentsOf(secret: JsonObject): Contents {
  const data = objectOf(secret['data']) ?? {};
  const text = (key: string): string => Buffer.from(stringOf(data[key]) ?? '', 'base64').toString('utf8');
  const problems: string[] = [];
  const certificates = (key: string): readonly X509Certificate[] => {
    const pem = text(key);
    const found = certificatesIn(pem);
    const rest = pem.split('-----BEGIN ').length - 1 - found.length;
    if (pem.trim() !== '' && (found.length === 0 || rest > 0)) problems.push(`${key} holds what is no certificate`);
    return found;
  };
  const authorities = certificates(secretKeys.authorities).filter((certificate) => {
    if (!certificate.ca) problems.push(`${secretKeys.authorities} holds a certificate that is no authority’s`);
    return certificate.ca;
  });
  const authorityOf = (key: string): Issued | undefined => {
    const keyPem = text(key);
    if (keyPem.trim() === '') return undefined;
    const parsed = signingKeyOf(keyPem);
    const owner = parsed === undefined ? undefined : authorities.find((each) => each.checkPrivateKey(parsed));
    if (parsed === undefined || owner === undefined) {
      problems.push(`${key} is no P-256 key of an authority in ${secretKeys.authorities}`);
      return undefined;
    }
    return { certPem: pemOf(owner), keyPem: parsed.export({ type: 'pkcs8', format: 'pem' }).toString() };
  };
  const leafPem = text(secretKeys.leaf);
  const leaf = pairOf(leafPem, text(secretKeys.leafKey), problems);
  const orphan = leaf === undefined ? certificatesIn(leafPem).slice(0, 1) : [];
  const signer = authorityOf(secretKeys.signerKey);
  const next = authorityOf(secretKeys.nextKey);
  if (leaf !== undefined && text(secretKeys.signerKey) === '') problems.push(`${secretKeys.signerKey} is missing`);
  return { authorities, signer, next, leaf, earlier: [...orphan, ...certificates(secretKeys.earlier)], problems };
}

/** What a replica holds, independent of the Secret. */
export interface Held {
  readonly pair: TlsPair;
  /** The bundle that it came with. */
  readonly authorities: readonly X509Certificate[];
}

/**
 * Adds what this replica holds to what is in the Secret, so that its authority stays trusted while its certificate is
 * served.
 */
export function withHeld(contents: Contents, held: Held | undefined): Contents {
  const [leaf] = certificatesIn(held?.pair.certPem ?? '');
  if (held === undefined || leaf === undefined) return contents;
  const issuers = held.authorities.filter((authority) => isIssuedBy(leaf, authority));
  return {
    ...contents,
    authorities: unique([...contents.authorities, ...issuers]),
    earlier:
      leaf.fingerprint256 === contents.leaf?.fingerprint ? contents.earlier : unique([leaf, ...contents.earlier]),
  };
}

/** What a decision needs to know about the contents. */
export function standingOf(contents: Contents, held: Held | undefined, names: readonly string[]): Standing {
  const { authorities, signer, next, leaf, earlier } = contents;
  const leafOf = (certificate: X509Certificate): Leaf => ({
    ...spanOf(certificate),
    issuer: authorities.find((authority) => isIssuedBy(certificate, authority))?.fingerprint256,
  });
  const firstOf = (pem: string | undefined): X509Certificate | undefined =>
    pem === undefined ? undefined : certificatesIn(pem)[0];
  const served = firstOf(leaf?.certPem);
  const inHand = firstOf(held?.pair.certPem);
  const fits = (certificate: X509Certificate): boolean => isForExactly(certificate, names);
  const misfit = served !== undefined && !fits(served) ? [served] : [];
  return {
    authorities: authorities.map((authority) => ({ id: authority.fingerprint256, ...spanOf(authority) })),
    signer: firstOf(signer?.certPem)?.fingerprint256,
    next: firstOf(next?.certPem)?.fingerprint256,
    leaf: served !== undefined && fits(served) ? leafOf(served) : undefined,
    held: inHand !== undefined && fits(inHand) ? leafOf(inHand) : undefined,
    earlier: [...misfit, ...earlier].map(leafOf),
  };
}

/** The data to write. Keys that are not ours stay. */
export function dataOf(contents: Contents, before: JsonObject): JsonObject {
  const { authorities, signer, next, leaf, earlier } = contents;
  const texts: readonly (readonly [string, string | undefined])[] = [
    [secretKeys.leaf, leaf?.certPem],
    [secretKeys.leafKey, leaf?.keyPem],
    [secretKeys.authorities, bundleOf(authorities)],
    [secretKeys.signerKey, signer?.keyPem],
    [secretKeys.nextKey, next?.keyPem],
    [secretKeys.earlier, earlier.length === 0 ? undefined : bundleOf(earlier)],
  ];
  const ours = new Set<string>(Object.values(secretKeys));
  const data: Record<string, JsonValue | undefined> = {};
  for (const [key, value] of Object.entries(before)) if (!ours.has(key)) data[key] = value;
  for (const [key, text] of texts) if (text !== undefined) data[key] = Buffer.from(text).toString('base64');
  return data;
}

/** Each certificate once. */
export function unique(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}

function spanOf(certificate: X509Certificate): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) };
}

function pairOf(certPem: string, keyPem: string, problems: string[]): TlsPair | undefined {
  if (certPem.trim() === '' && keyPem.trim() === '') return undefined;
  try {
    return loadPair(certPem, keyPem, { certFile: secretKeys.leaf, keyFile: secretKeys.leafKey });
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** A key of the type that authorities are made with. Other types are not used to sign. */
function signingKeyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
