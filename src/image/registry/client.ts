import { Askers } from '../askers.js';
import { apiHost, formatReference } from '../reference.js';
import {
  type Credential,
  type Descriptor,
  type ImageReference,
  type Manifest,
  type RegistryClient,
  RegistryError,
} from '../types.js';
import { Authenticator } from './authenticator.js';
import { type Lookup, lookupBySystem } from './connector.js';
import { hasDigest, isDigest } from './digest.js';
import { Dispatchers } from './dispatchers.js';
import { createEgressGuard, type EgressRules } from './egress-guard.js';
import { answerError, connectionError } from './failure.js';
import { createHosts, type HostConfiguration, type Hosts, type HostSettings, type RegistryRules } from './hosts.js';
import { verifiedManifest } from './manifest-answer.js';
import { manifestAccept, mediaTypeOf } from './media-types.js';
import { Places } from './places.js';
import { checkProxies, type ProxySettings } from './proxy.js';
import { askFollowing } from './redirects.js';
import { TokenService } from './token-service.js';
import { Transport, type ExchangeReport, type Purpose } from './transport.js';
import { headerOf, type RegistryAnswer } from './answer.js';

export interface RegistryClientOptions {
  /** How to talk to hosts that need more than TLS and the defaults; the first that matches counts. */
  readonly hosts?: readonly HostConfiguration[];
  /** Which registries may be asked. */
  readonly registries?: RegistryRules;
  /** Which addresses may be connected to. */
  readonly egress?: EgressRules;
  readonly proxies?: ProxySettings;
  /** The longest manifest in bytes; 4 MiB by default, as in the OCI distribution-spec. */
  readonly manifestLimitBytes?: number;
  /** Called for every request: for metrics, timings and our own log. */
  readonly onExchange?: (exchange: ExchangeReport) => void;
  /** Called for a mirror that gave no result, with its error, before the next one is asked. */
  readonly onMirrorFailure?: (host: string, error: RegistryError) => void;
  /** The time now, milliseconds since 1970. */
  readonly clock?: () => number;
  /** Finds a host's addresses; the system's resolver by default. */
  readonly lookup?: Lookup;
}

/** Where to ask for a reference: the registry, or a mirror of it. */
interface Route {
  readonly origin: string;
  readonly host: string;
  readonly repository: string;
  readonly query: string;
  readonly credential: Credential;
  readonly settings: HostSettings;
}

/** The caller, and the repository and action. */
interface Question {
  readonly reference: ImageReference;
  readonly credential: Credential;
  readonly askers: Askers;
}

const defaultManifestLimitBytes = 4 * 1024 * 1024;
const anonymous: Credential = { kind: 'anonymous', source: 'none', fingerprint: 'anonymous' };

/**
 * A client of the OCI distribution API that only pulls, with connections of its own. It asks mirrors in order. If one fails,
 * unless the caller gives up, it asks the next. The registry's own answer is the one that counts.
 */
export class OciRegistryClient implements RegistryClient {
  readonly #hosts: Hosts;
  readonly #dispatchers: Dispatchers;
  readonly #authenticator: Authenticator;
  readonly #places = new Places();
  readonly #manifestLimitBytes: number;
  readonly #clock: () => number;
  readonly #onMirrorFailure: RegistryClientOptions['onMirrorFailure'];

  /** @throws {OutriderError} `settings_invalid` for egress rules and proxies that cannot be read. */
  constructor(options: RegistryClientOptions = {}) {
    const { proxies = {}, lookup = lookupBySystem, clock = Date.now, onExchange = () => undefined } = options;
    const hosts = createHosts(options.hosts ?? [], options.registries ?? {});
    const guard = createEgressGuard(options.egress ?? {});
    checkProxies(proxies);
    const dispatchers = new Dispatchers({ guard, proxies, lookup });
    const transport = new Transport(dispatchers, onExchange);
    this.#hosts = hosts;
    this.#dispatchers = dispatchers;
    this.#authenticator = new Authenticator(
      (request, signal) => askFollowing(transport, hosts, request, signal),
      new TokenService({ transport, hosts, clock }),
    );
    this.#manifestLimitBytes = options.manifestLimitBytes ?? defaultManifestLimitBytes;
    this.#clock = clock;
    this.#onMirrorFailure = options.onMirrorFailure;
  }

  head(
    reference: ImageReference,
    credential: Credential,
    signal: AbortSignal,
    askers: Askers = nobody(),
  ): Promise<Descriptor | undefined> {
    const wanted = { purpose: 'head', path: manifestPath(reference), accept: manifestAccept, limitBytes: 0 } as const;
    return this.#along({ reference, credential, askers }, signal, async (route) => {
      const answer = await this.#ask(route, wanted, signal);
      this.#checkSuccess(route, reference, answer);
      return headDescriptor(reference, answer);
    });
  }

  manifest(
    reference: ImageReference,
    credential: Credential,
    signal: AbortSignal,
    askers: Askers = nobody(),
  ): Promise<Manifest> {
    const limitBytes = this.#manifestLimitBytes;
    const wanted = { purpose: 'manifest', path: manifestPath(reference), accept: manifestAccept, limitBytes } as const;
    return this.#along({ reference, credential, askers }, signal, async (route) => {
      const answer = await this.#ask(route, wanted, signal);
      this.#checkSuccess(route, reference, answer);
      return verifiedManifest(reference, answer);
    });
  }

  blob(
    reference: ImageReference,
    digest: string,
    limitBytes: number,
    credential: Credential,
    signal: AbortSignal,
    askers: Askers = nobody(),
  ): Promise<Uint8Array> {
    const wanted = { purpose: 'blob', path: `blobs/${digest}`, accept: '*/*', limitBytes } as const;
    return this.#along({ reference, credential, askers }, signal, async (route) => {
      if (!isDigest(digest)) throw invalid('the blob’s digest is none that can be verified');
      const answer = await this.#ask(route, wanted, signal);
      this.#checkSuccess(route, reference, answer);
      if (hasDigest(answer.body, digest)) return answer.body;
      throw invalid(`${formatReference(reference)}: the blob has another digest than ${digest}`);
    });
  }

  /** Closes every connection; what is in progress fails. */
  close(): Promise<void> {
    return this.#dispatchers.close();
  }

  /** Asks each route until one gives a result. */
  async #along<T>(
    { reference, credential, askers }: Question,
    signal: AbortSignal,
    attempt: (route: Route) => Promise<T>,
  ): Promise<T> {
    try {
      this.#hosts.checkRegistry(reference.registry);
      const [own, mirrors] = this.#routes(reference, credential);
      for (const mirror of mirrors) {
        try {
          this.#hosts.checkHost(mirror.host);
          return await this.#inTurn(mirror, askers, signal, attempt);
        } catch (error) {
          if (signal.aborted) throw error;
          this.#onMirrorFailure?.(mirror.host, connectionError(mirror.host, error, signal));
        }
      }
      return await this.#inTurn(own, askers, signal, attempt);
    } catch (error) {
      throw connectionError(reference.registry, error, signal);
    }
  }

  /**
   * Asks on one route when it is the askers' turn. It keeps its place during token requests and redirects, so that its
   * follow-up requests never wait behind many others.
   */
  async #inTurn<T>(
    route: Route,
    askers: Askers,
    signal: AbortSignal,
    attempt: (route: Route) => Promise<T>,
  ): Promise<T> {
    const leave = await this.#place(route, askers, signal);
    try {
      return await attempt(route);
    } finally {
      leave();
    }
  }

  /** @throws {RegistryError} `too_many_lookups` if the time is over first; the registry was not slow then. */
  async #place({ host, settings }: Route, askers: Askers, signal: AbortSignal): Promise<() => void> {
    try {
      return await this.#places.acquire(host, settings.concurrency, askers, signal);
    } catch (cause) {
      throw new RegistryError('too_many_lookups', `no place of ${host} was free in time`, { cause });
    }
  }

  #routes(reference: ImageReference, credential: Credential): readonly [Route, readonly Route[]] {
    const settings = this.#hosts.settings(reference.registry);
    const own = route(apiHost(reference.registry), settings, reference.repository, '', credential);
    const mirrors = settings.mirrors.map((mirror) =>
      route(
        mirror.host,
        this.#hosts.settings(mirror.host),
        `${mirror.repositoryPrefix ?? ''}${reference.repository}`,
        `?ns=${encodeURIComponent(reference.registry)}`,
        mirror.sendCredentials === true ? credential : anonymous,
      ),
    );
    return [own, mirrors];
  }

  #ask(route: Route, wanted: Wanted, signal: AbortSignal): Promise<RegistryAnswer> {
    const { purpose, path, accept, limitBytes } = wanted;
    const url = new URL(`${route.origin}/v2/${route.repository}/${path}${route.query}`);
    const method = purpose === 'head' ? 'HEAD' : 'GET';
    const request = { purpose, method, url, headers: { accept }, limitBytes, settings: route.settings } as const;
    return this.#authenticator.ask(request, route.repository, route.credential, signal);
  }

  #checkSuccess(route: Route, reference: ImageReference, answer: RegistryAnswer): void {
    if (answer.status !== 200) throw refusal(route, reference, answer, this.#clock());
  }
}

/** What is asked for, whichever the route. */
interface Wanted {
  readonly purpose: Purpose;
  readonly path: string;
  readonly accept: string;
  readonly limitBytes: number;
}

function route(host: string, settings: HostSettings, repository: string, query: string, credential: Credential): Route {
  const origin = `${settings.plainHttp ? 'http' : 'https'}://${host}`;
  return { origin, host, repository, query, credential, settings };
}

/** A line of its own, for requests without a namespace. */
function nobody(): Askers {
  return new Askers('');
}

function manifestPath(reference: ImageReference): string {
  return `manifests/${reference.digest ?? reference.tag ?? 'latest'}`;
}

function headDescriptor(reference: ImageReference, answer: RegistryAnswer): Descriptor | undefined {
  const digest = headerOf(answer, 'docker-content-digest');
  if (digest === undefined || !isDigest(digest)) return undefined;
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw invalid(`${formatReference(reference)}: the registry answers with ${digest}`);
  }
  const size = Number(headerOf(answer, 'content-length') ?? 0);
  return {
    mediaType: mediaTypeOf(headerOf(answer, 'content-type')),
    digest,
    size: Number.isSafeInteger(size) ? size : 0,
  };
}

function refusal(route: Route, reference: ImageReference, answer: RegistryAnswer, nowMs: number): RegistryError {
  const error = answerError(formatReference(reference), answer, nowMs);
  const isRegistrys = answer.url.host === new URL(route.origin).host;
  if (isRegistrys || error.reason === 'registry_rate_limited') return error;
  // A store behind a redirect knows links, not images, so its 403 and 404 say nothing about rights or existence.
  return new RegistryError('registry_error', `${error.message} from ${answer.url.host}`, { status: answer.status });
}

function invalid(message: string): RegistryError {
  return new RegistryError('image_config_invalid', message);
}
