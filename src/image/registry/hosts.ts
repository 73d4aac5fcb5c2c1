import { RegistryError } from '../types.js';
import { apiHost } from '../reference.js';
import { matchesHost } from './host-pattern.js';

/**
 * How to talk to one host: a registry, a mirror, a token server or a store that a registry redirects to. Docker Hub’s
 * registry is `docker.io`; its token server is `auth.docker.io`.
 */
export interface HostConfiguration {
  /** `HOST`, `HOST:PORT` or a glob; the first configuration that matches counts. Without a port: any port. */
  readonly host: string;
  /** Asked in this order before the registry itself. Their own TLS and limits are in their own configurations. */
  readonly mirrors?: readonly Mirror[];
  /** Talk HTTP. Nothing else makes us send credentials over it. */
  readonly plainHttp?: boolean;
  /** Certificate authorities in PEM, in place of the system's. */
  readonly ca?: string;
  readonly connectTimeoutMs?: number;
  /** From the request to the first byte of the answer's body. */
  readonly headersTimeoutMs?: number;
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs?: number;
  readonly maxSockets?: number;
  /** Requests in progress at once; further ones wait. */
  readonly concurrency?: number;
}

/** A registry that has copies of another's images. */
export interface Mirror {
  /** `HOST` or `HOST:PORT`. */
  readonly host: string;
  /** What is before the repository, as in `dockerhub-proxy/` for a project of Harbor. */
  readonly repositoryPrefix?: string;
  /** Send it the registry's credentials; otherwise it is asked anonymously. */
  readonly sendCredentials?: boolean;
}

/** One host's configuration with every default filled in. */
export type HostSettings = Required<Omit<HostConfiguration, 'ca'>> & { readonly ca: string | undefined };

/** Which registries may be asked at all: globs as in {@link matchesHost}. */
export interface RegistryRules {
  /** When given, only these registries; mirrors and redirects are not asked for. */
  readonly allow?: readonly string[];
  /** Never these: registries, mirrors, redirects and token servers. Wins over `allow`. */
  readonly deny?: readonly string[];
}

export const defaultHostSettings: HostSettings = {
  host: '*',
  mirrors: [],
  plainHttp: false,
  ca: undefined,
  connectTimeoutMs: 3_000,
  headersTimeoutMs: 8_000,
  bodyTimeoutMs: 8_000,
  maxSockets: 16,
  concurrency: 16,
};

/** Answers what is configured for a host. */
export interface Hosts {
  /** The same object for every host of one configuration. */
  settings(host: string): HostSettings;
  /** @throws {RegistryError} `registry_denied` when a reference may not name this registry. */
  checkRegistry(registry: string): void;
  /** @throws {RegistryError} `registry_denied` when no request may go to this host. */
  checkHost(host: string): void;
}

export function createHosts(configurations: readonly HostConfiguration[], rules: RegistryRules): Hosts {
  const known = configurations.map((configuration) => ({ ...defaultHostSettings, ...configuration }));
  const matchesAny = (patterns: readonly string[], host: string): boolean =>
    patterns.some((pattern) => matchesHost(pattern, host) || matchesHost(pattern, apiHost(host)));
  const checkHost = (host: string): void => {
    if (matchesAny(rules.deny ?? [], host)) {
      throw new RegistryError('registry_denied', `the configuration forbids the registry ${host}`);
    }
  };
  return {
    settings: (host) => known.find((settings) => matchesAny([settings.host], host)) ?? defaultHostSettings,
    checkHost,
    checkRegistry(registry) {
      checkHost(registry);
      if (rules.allow !== undefined && !matchesAny(rules.allow, registry)) {
        throw new RegistryError('registry_denied', `the configuration does not allow the registry ${registry}`);
      }
    },
  };
}
