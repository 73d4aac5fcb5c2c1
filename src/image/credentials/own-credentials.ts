import type { OwnCredentialOrigin, OwnCredentialsEntry } from '../../model/registry-config.js';
import { apiHost } from '../reference.js';
import { matchesHost } from '../registry/host-pattern.js';
import type { CredentialRequest, CredentialSource, ImageReference } from '../types.js';
import { globMatches } from './glob.js';

/** Who may use Outrider's own credentials. */
export interface OwnCredentialRules {
  /** Absent: everybody. If given, only those that an entry names. */
  readonly entries?: readonly OwnCredentialsEntry[];
  /**
   * Whether the caller holds the credentials, like the user of an offline command. A question without a namespace (a
   * task, `outrider image`) is then not subject to limits to namespaces; otherwise it is.
   */
  readonly callerHoldsThem: boolean;
}

/** One entry, taken apart once. */
interface Rule {
  readonly namespaces: readonly string[] | undefined;
  readonly repositories: readonly RepositoryPattern[] | undefined;
  readonly from: readonly OwnCredentialOrigin[] | undefined;
}

interface RepositoryPattern {
  readonly host: string;
  readonly parts: readonly string[];
}

/**
 * Limits Outrider's own credentials to namespaces and repositories (F32). A withheld credential is not even looked up, so a
 * namespace never has its fingerprint, and the cache gives that namespace nothing that was learned with it.
 */
export class OwnCredentials {
  readonly #rules: readonly Rule[] | undefined;
  readonly #callerHoldsThem: boolean;

  constructor({ entries, callerHoldsThem }: OwnCredentialRules) {
    this.#rules = entries?.map(({ namespaces, repositories, from }) => ({
      namespaces,
      repositories: repositories?.map(patternOf),
      from,
    }));
    this.#callerHoldsThem = callerHoldsThem;
  }

  /** Whether these credentials may be used for the image, for a pod of the namespace. */
  serve(origin: OwnCredentialOrigin, reference: ImageReference, { namespace }: CredentialRequest): boolean {
    if (this.#rules === undefined) return true;
    return this.#rules.some(
      ({ namespaces, repositories, from }) =>
        (from === undefined || from.includes(origin)) &&
        (namespaces === undefined || this.#isOneOf(namespaces, namespace)) &&
        (repositories === undefined || repositories.some((pattern) => matches(pattern, reference))),
    );
  }

  /**
   * The source, restricted to what the caller may use.
   *
   * @param concerns whether the source could have a credential for the image at all
   */
  limit(
    origin: OwnCredentialOrigin,
    source: CredentialSource,
    concerns: (reference: ImageReference) => boolean = () => true,
  ): CredentialSource {
    return {
      credentials: (reference, request, signal, note) => {
        if (this.serve(origin, reference, request)) return source.credentials(reference, request, signal, note);
        if (concerns(reference)) note?.('Outrider’s own credentials, which ownCredentials keeps for others');
        return Promise.resolve([]);
      },
    };
  }

  #isOneOf(patterns: readonly string[], namespace: string): boolean {
    if (namespace === '') return this.#callerHoldsThem;
    return patterns.some((pattern) => globMatches(pattern, namespace));
  }
}

/** Docker Hub's old name also counts in an image's name. */
function patternOf(text: string): RepositoryPattern {
  const [host = '', ...parts] = text.split('/');
  return { host: host.replace(/^index\.docker\.io$/i, 'docker.io'), parts };
}

/** By whole parts: `corp.example/team` is not for `corp.example/teamwork`. */
function matches({ host, parts }: RepositoryPattern, { registry, repository }: ImageReference): boolean {
  if (!matchesHost(host, registry) && !matchesHost(host, apiHost(registry))) return false;
  const given = repository.split('/');
  return parts.length <= given.length && parts.every((part, at) => globMatches(part, given[at] ?? ''));
}
