import type { ReasonCode } from '../model/reasons.js';
import type { Askers } from './askers.js';

/** A parsed image reference (distribution grammar), normalised: default registry, `library/`, default tag. */
export interface ImageReference {
  /** Host and optional port of the registry, as in `docker.io`, `localhost:5000`; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** Repository path, `library/nginx`. */
  readonly repository: string;
  /** `latest` when neither tag nor digest is given; with a digest, the tag only documents. */
  readonly tag: string | undefined;
  /** `sha256:…` when the reference is pinned; it wins over the tag (E10). */
  readonly digest: string | undefined;
  /** The reference as it was written. */
  readonly text: string;
}

/** One way to show a registry who we are. */
export interface Credential {
  readonly kind: 'anonymous' | 'basic' | 'identity-token' | 'registry-token';
  readonly username?: string;
  readonly password?: string;
  /** OAuth2 refresh token that is exchanged for a registry token. */
  readonly identityToken?: string;
  /** Bearer token that is sent as it is. */
  readonly registryToken?: string;
  /** Where it came from, for people: `secret payments/regcred`, `docker config`, `ecr`. Never a secret itself. */
  readonly source: string;
  /** SHA-256 over kind and secrets, hex; part of cache keys (E14). `anonymous` for no credential. */
  readonly fingerprint: string;
}

/** A platform in the terms of the OCI image index. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

/** A manifest's identity as a registry states it. */
export interface Descriptor {
  readonly mediaType: string;
  /** Digest of the bytes, `sha256:…`. */
  readonly digest: string;
  readonly size: number;
}

/** A manifest with its verified bytes. */
export interface Manifest extends Descriptor {
  readonly bytes: Uint8Array;
}

/**
 * Talks to one kind of registry: OCI distribution. Every method rejects with a `RegistryError` and nothing else, and
 * stops when the signal aborts. Authentication (challenges, tokens), mirrors, redirects, limits on concurrency and the
 * egress guard happen inside.
 *
 * Each namespace in `askers` waits in its own queue for a place of the registry. Without `askers`, the question belongs to
 * no namespace.
 */
export interface RegistryClient {
  /** HEAD on a manifest: its digest without using up a pull. `undefined` when the registry shows it and gives no digest. */
  head(
    reference: ImageReference,
    credential: Credential,
    signal: AbortSignal,
    askers?: Askers,
  ): Promise<Descriptor | undefined>;
  /** GET on a manifest by `reference.digest`, else by tag; the digest is verified where one was asked for. */
  manifest(reference: ImageReference, credential: Credential, signal: AbortSignal, askers?: Askers): Promise<Manifest>;
  /** GET on a blob of the reference's repository; digest and size verified, at most `limitBytes` read. */
  blob(
    reference: ImageReference,
    digest: string,
    limitBytes: number,
    credential: Credential,
    signal: AbortSignal,
    askers?: Askers,
  ): Promise<Uint8Array>;
}

/** A registry's refusal or failure. `reason` decides what happens to the pod; the rest is for people and the cache. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly reason: ReasonCode;
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The registry's own error code, such as `MANIFEST_UNKNOWN`: safe to show. Its message and body go to the log only. */
  readonly registryCode: string | undefined;
  /** How long the registry asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether a token server refused, so that the request was not sent to the registry. */
  readonly isTokenServers: boolean;

  constructor(
    reason: ReasonCode,
    message: string,
    facts: {
      status?: number;
      registryCode?: string;
      retryAfterMs?: number;
      isTokenServers?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = reason;
    this.status = facts.status;
    this.registryCode = facts.registryCode;
    this.retryAfterMs = facts.retryAfterMs;
    this.isTokenServers = facts.isTokenServers ?? false;
  }
}

/** Finds the credentials to try for an image, best first. Never rejects: what could not be read is left out and logged. */
export interface CredentialSource {
  /** @param note called for what would be for the image but is not used */
  credentials(
    reference: ImageReference,
    request: CredentialRequest,
    signal: AbortSignal,
    note?: CredentialNote,
  ): Promise<readonly Credential[]>;
}

/**
 * Called for a credential that is not used, and why, in a few words for a pod's author. Never with a secret in them.
 */
export type CredentialNote = (text: string) => void;

/** The rights of a look-up. */
export interface CredentialRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly imagePullSecrets: readonly string[];
}

/** The log for things that no pod's author may see. A pino logger is one; nothing secret is ever passed to it. */
export interface ImageLog {
  warn(facts: object, message: string): void;
}
