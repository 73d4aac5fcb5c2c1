/** The period in which something is valid, in milliseconds since 1970. */
export interface Span {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A certificate authority in the bundle. */
export interface Authority extends Span {
  readonly id: string;
}

/** A server's certificate, called a leaf. */
export interface Leaf extends Span {
  /** `id` of the authority in the bundle that signed it; `undefined` if none of them did. */
  readonly issuer: string | undefined;
}

/** The contents of the Secret, and what this replica holds. */
export interface Standing {
  /** The bundle: what the API server should trust. */
  readonly authorities: readonly Authority[];
  /** `id` of the authority that signs, if its key is there. */
  readonly signer: string | undefined;
  /** `id` of the authority that signs next, if its key is there. */
  readonly next: string | undefined;
  /** The leaf that the Secret has for all replicas to serve, with its key and for the right names. */
  readonly leaf: Leaf | undefined;
  /** A leaf that is served although the Secret no longer has it. Running replicas keep what they had. */
  readonly held: Leaf | undefined;
  /** Leaves that some replica may still serve. */
  readonly earlier: readonly Leaf[];
}

/** Lifetimes. */
export interface RotationTerms {
  readonly leafLifetimeMs: number;
  readonly authorityLifetimeMs: number;
  /** How long an authority is trusted before one of its leaves is served. */
  readonly overlapMs: number;
}

/**
 * The action on the Secret:
 * - `begin`: make a new authority and its leaf at once, because no replica has anything to serve
 * - `introduce`: add a new authority to the bundle, to sign later
 * - `promote`: the next authority signs from now on, and signs a leaf
 * - `renew`: make another leaf of the authority that signs
 * - `retire`: remove the authorities that have no valid leaf left from the bundle
 */
export type Step = 'none' | 'begin' | 'introduce' | 'promote' | 'renew' | 'retire';

/** What to do next, and when to look again. */
export interface Plan {
  readonly step: Step;
  /** The reason, for the log. */
  readonly why: string;
  /** Authorities that stay in the bundle, whatever the step. */
  readonly keep: ReadonlySet<string>;
  /** When the next step is due if nothing else happens, milliseconds since 1970. */
  readonly lookAgainMs: number;
}

const dueShare = 2 / 3;
const longestGuardMs = 60_000;
// A certificate's dates have whole seconds.
const precisionMs = 1_000;

/**
 * Decides what to do with the certificates. Renews a leaf and replaces an authority after two thirds of its life. A new
 * authority must be trusted for the overlap before it signs, unless there would be nothing valid to serve.
 * @param trustedForMs how long the bundle in the webhook configurations has contained an authority; `undefined` if it does
 * not
 */
export function planRotation(
  standing: Standing,
  nowMs: number,
  rules: RotationTerms,
  trustedForMs: (id: string) => number | undefined,
): Plan {
  const guardMs = Math.min(longestGuardMs, rules.leafLifetimeMs / 20);
  const lasts = (span: Span): boolean => span.notBeforeMs <= nowMs && span.notAfterMs - guardMs > nowMs;
  const valid = new Map(standing.authorities.filter(lasts).map((authority) => [authority.id, authority]));
  const validOf = (id: string | undefined): Authority | undefined => (id === undefined ? undefined : valid.get(id));
  const signer = validOf(standing.signer);
  const next = validOf(standing.next);
  const serves = (leaf: Leaf | undefined): boolean =>
    leaf !== undefined && lasts(leaf) && validOf(leaf.issuer) !== undefined;
  const { leaf, held } = standing;

  const unexpired = [leaf, held, ...standing.earlier].filter(
    (each): each is Leaf => each !== undefined && each.notAfterMs > nowMs,
  );
  const needed = new Set([signer?.id, next?.id, ...unexpired.map(({ issuer }) => issuer)]);
  const keep = new Set(
    standing.authorities.filter(({ id, notAfterMs }) => needed.has(id) && notAfterMs > nowMs).map(({ id }) => id),
  );
  const dates = [leaf, held, ...standing.earlier, ...standing.authorities].flatMap((span) =>
    span === undefined ? [] : [span.notBeforeMs, dueMs(span), span.notAfterMs - guardMs, span.notAfterMs],
  );
  const lookAgainMs = Math.min(...dates.filter((ms) => ms > nowMs), nowMs + rules.leafLifetimeMs);
  const plan = (step: Step, why: string): Plan => ({ step, why, keep, lookAgainMs });

  if (!serves(leaf)) {
    if (signer !== undefined) return plan('renew', 'there is no valid certificate for these names');
    if (!serves(held)) {
      return next === undefined
        ? plan('begin', 'there is neither a valid certificate nor an authority that could sign one')
        : plan('promote', 'there is no valid certificate, and only the next authority can sign one');
    }
  }
  if (next !== undefined && (trustedForMs(next.id) ?? -1) >= rules.overlapMs) {
    return plan('promote', 'the next authority has been trusted for long enough');
  }
  const isDue = (span: Span | undefined): boolean => span === undefined || dueMs(span) <= nowMs;
  if (isDue(signer) && isDue(next)) {
    return plan(
      'introduce',
      signer === undefined ? 'no valid authority has its key here' : 'the authority has lived two thirds of its life',
    );
  }
  if (leaf !== undefined && signer !== undefined && isDue(leaf)) {
    const endMs = Math.min(nowMs + rules.leafLifetimeMs, signer.notAfterMs);
    if (endMs > leaf.notAfterMs + precisionMs) {
      return plan('renew', 'the certificate has lived two thirds of its life');
    }
  }
  if (standing.authorities.some(({ id }) => !keep.has(id))) {
    return plan('retire', 'every certificate of an authority has ended');
  }
  return plan('none', '');
}

function dueMs({ notBeforeMs, notAfterMs }: Span): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * dueShare;
}
