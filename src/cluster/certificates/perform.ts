import type { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../tls/bundle.js';
import { issueAuthority, issueServer, type Issued } from '../../tls/issue.js';
import { loadPair, type TlsPair } from '../../tls/pair.js';
import { secretKeys, unique, type Contents } from './contents.js';
import type { Plan, RotationTerms } from './rotation.js';

/** What is needed to make certificates. */
export interface Making {
  /** DNS names and addresses of the leaf. */
  readonly names: readonly string[];
  readonly rules: RotationTerms;
  readonly nowMs: number;
  /** The earlier of the two clocks by which it may be judged: see `CheckedClock`. */
  readonly earliestNowMs: number;
  /** The common name of an authority. */
  readonly authorityName: string;
}

// There are only more if something makes leaves again and again.
const mostEarlier = 8;

/**
 * What the Secret should hold after a step.
 * @returns `undefined` for a step that the contents do not allow: they changed, or there is nothing to do
 */
export async function perform(plan: Plan, contents: Contents, making: Making): Promise<Contents | undefined> {
  const { rules, nowMs, earliestNowMs } = making;
  const authorities = contents.authorities.filter(({ fingerprint256 }) => plan.keep.has(fingerprint256));
  const kept = (authority: Issued | undefined): Issued | undefined =>
    authorities.some((each) => certificatesIn(authority?.certPem ?? '')[0]?.fingerprint256 === each.fingerprint256)
      ? authority
      : undefined;
  const newAuthority = (): Promise<Issued> =>
    issueAuthority({
      commonName: making.authorityName,
      lifetimeMs: rules.authorityLifetimeMs,
      nowMs,
      earliestNowMs,
    });
  const tidied: Contents = {
    authorities,
    signer: kept(contents.signer),
    next: kept(contents.next),
    leaf: contents.leaf,
    earlier: unexpired(contents.earlier, nowMs),
    problems: [],
  };
  const served = certificatesIn(contents.leaf?.certPem ?? '').slice(0, 1);
  const earlier = unexpired(unique([...served, ...contents.earlier]), nowMs);
  switch (plan.step) {
    case 'none':
      return undefined;
    case 'retire':
      return tidied;
    case 'begin': {
      const signer = await newAuthority();
      const leaf = await newLeaf(signer, making);
      return { ...tidied, authorities: joined(authorities, signer), signer, next: undefined, leaf, earlier };
    }
    case 'introduce': {
      const next = await newAuthority();
      return { ...tidied, authorities: joined(authorities, next), next };
    }
    case 'promote': {
      const signer = tidied.next;
      if (signer === undefined) return undefined;
      return { ...tidied, signer, next: undefined, leaf: await newLeaf(signer, making), earlier };
    }
    case 'renew': {
      const { signer } = tidied;
      if (signer === undefined) return undefined;
      return { ...tidied, leaf: await newLeaf(signer, making), earlier };
    }
  }
}

async function newLeaf(authority: Issued, { names, rules, nowMs, earliestNowMs }: Making): Promise<TlsPair> {
  const lifetimeMs = rules.leafLifetimeMs;
  const { certPem, keyPem } = await issueServer({ authority, names, lifetimeMs, nowMs, earliestNowMs });
  return loadPair(certPem, keyPem, { certFile: secretKeys.leaf, keyFile: secretKeys.leafKey });
}

function joined(authorities: readonly X509Certificate[], { certPem }: Issued): readonly X509Certificate[] {
  return unique([...authorities, ...certificatesIn(certPem)]);
}

function unexpired(certificates: readonly X509Certificate[], nowMs: number): readonly X509Certificate[] {
  return certificates.filter(({ validTo }) => Date.parse(validTo) > nowMs).slice(0, mostEarlier);
}
