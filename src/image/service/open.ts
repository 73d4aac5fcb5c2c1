import type { ImageOutcome, ImageResolver } from '../../model/image.js';
import { defaultRegistryConfig, type RegistryConfig } from '../../model/registry-config.js';
import { createCacheFile } from '../cache/file.js';
import type { ImageStats } from '../../model/image-stats.js';
import { systemClock, type Clock } from '../../time/clock.js';
import type { Environment } from '../cloud/aws-identity.js';
import { createCloudSource, type CloudProvider } from '../cloud/provider.js';
import { composeCredentials } from '../credentials/compose.js';
import { DockerConfigSource } from '../credentials/docker-config-source.js';
import { OwnCredentials } from '../credentials/own-credentials.js';
import { createDefaultPullSecretSource, createPullSecretSource } from '../credentials/pull-secrets.js';
import type { SecretSource } from '../credentials/pull-secrets.js';
import type { ImageLog, ImageReference } from '../types.js';
import type { NodeFacts } from '../pod-platforms.js';
import { OciRegistryClient } from '../registry/client.js';
import type { EgressRules } from '../registry/egress-guard.js';
import { proxyFromEnvironment, type ProxySettings } from '../registry/proxy.js';
import type { ExchangeReport } from '../registry/transport.js';
import { RegistryResolver } from '../resolver.js';
import type { CredentialSource } from '../types.js';
import { openClouds, type OpenClouds } from './clouds.js';
import { readHosts } from './host-files.js';
import { SavedCache } from './saved-cache.js';

/** What is needed to open look-ups. */
export interface ImageServiceOptions {
  readonly config?: RegistryConfig;
  /** Folder that relative paths of the configuration start from. */
  readonly configFolder?: string;
  /** Proxies, clouds' identities, the API server's address and what a credential helper gets are read from it. */
  readonly env: Environment;
  readonly log: ImageLog;
  /** Path of docker's `config.json`; it may be missing. */
  readonly dockerConfig?: string;
  /** Path of the file that keeps the cache over a restart. */
  readonly cacheFile?: string;
  /** Reads pull secrets, in a cluster. */
  readonly secrets?: SecretSource;
  readonly nodes?: NodeFacts;
  /** Whether the caller holds Outrider's own credentials: {@link OwnCredentials}. Default: no. */
  readonly callerHoldsCredentials?: boolean;
  readonly clock?: Clock;
  /** Called for every look-up that went beyond what was known at once. */
  readonly onLookup?: (outcome: ImageOutcome, seconds: number) => void;
  /** Called for every request to a registry or token server. */
  readonly onExchange?: (exchange: ExchangeReport) => void;
}

/** What look-ups hold open. */
interface ImageServiceParts {
  readonly resolver: RegistryResolver;
  readonly shown: ImageService['resolver'];
  readonly saved: SavedCache | undefined;
  readonly client: OciRegistryClient;
  readonly clouds: OpenClouds;
}

/** Look-ups, open. */
export class ImageService {
  readonly resolver: ImageResolver & Pick<RegistryResolver, 'describe'>;
  readonly #parts: ImageServiceParts;
  #closed: Promise<void> | undefined;

  constructor(parts: ImageServiceParts) {
    this.resolver = parts.shown;
    this.#parts = parts;
  }

  stats(): ImageStats {
    return this.#parts.resolver.stats();
  }

  /**
   * Ends what is in progress, writes the cache's file and closes every connection. A second call waits for the first.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { resolver, saved, client, clouds } = this.#parts;
    resolver.close();
    await saved?.close();
    await Promise.all([client.close(), clouds.close()]);
  }
}

const cacheFileLimitBytes = 64 * 1_048_576;

/**
 * Opens look-ups: the registry client, credentials in the kubelet's order, the clouds, the cache with its file.
 *
 * @throws OutriderError `settings_invalid`, `registry_config_invalid`, `file_unreadable`
 */
export async function openImageService(options: ImageServiceOptions): Promise<ImageService> {
  const { config = defaultRegistryConfig, env, log, clock = systemClock, onLookup, nodes } = options;
  const proxies = proxyFromEnvironment(env);
  const client = await openClient(options, config, clock, proxies);
  const clouds = await openClouds(config.clouds, { env, clock, proxies });
  const { credentialTtlMs, ...limits } = config.cache ?? {};
  const resolver = new RegistryResolver({
    client,
    credentials: composeCredentials(credentialSources(options, config, clouds.providers), log),
    clock,
    log,
    limits,
    ...(credentialTtlMs === undefined ? {} : { credentialTtlMs }),
    ...(nodes === undefined ? {} : { nodes }),
    // A caller that holds the credentials uses a command line, only for themselves.
    isOnePersons: options.callerHoldsCredentials ?? false,
    ...(config.lookups === undefined ? {} : { lookups: config.lookups }),
  });
  const saved = await openFile(options.cacheFile, resolver, log);
  const shown = onLookup === undefined ? resolver : measured(resolver, clock, onLookup);
  return new ImageService({ resolver, shown, saved, client, clouds });
}

async function openClient(
  { configFolder = '.', env, log, onExchange }: ImageServiceOptions,
  config: RegistryConfig,
  clock: Clock,
  proxies: ProxySettings,
): Promise<OciRegistryClient> {
  return new OciRegistryClient({
    hosts: await readHosts(config.hosts ?? [], configFolder),
    registries: config.registries ?? {},
    egress: egressOf(config, env),
    proxies,
    clock: () => clock.wallMs(),
    ...(onExchange === undefined ? {} : { onExchange }),
    onMirrorFailure: (mirror, error) => log.warn({ mirror, err: error }, 'A mirror gave no result.'),
  });
}

/** Reads the cache's file, and keeps it from then on. */
async function openFile(
  path: string | undefined,
  resolver: RegistryResolver,
  log: ImageLog,
): Promise<SavedCache | undefined> {
  if (path === undefined) return undefined;
  const file = createCacheFile({ path, limitBytes: cacheFileLimitBytes, log });
  await file.load(resolver.cache);
  return new SavedCache(file, resolver);
}

function credentialSources(
  { secrets, dockerConfig, env, log, callerHoldsCredentials = false }: ImageServiceOptions,
  { defaultPullSecret, ownCredentials: entries }: RegistryConfig,
  providers: readonly CloudProvider[],
): readonly CredentialSource[] {
  const rules = { callerHoldsThem: callerHoldsCredentials, ...(entries === undefined ? {} : { entries }) };
  const own = new OwnCredentials(rules);
  const sources: CredentialSource[] = [];
  if (secrets !== undefined) sources.push(createPullSecretSource(secrets, log));
  if (secrets !== undefined && defaultPullSecret !== undefined) {
    const source = createDefaultPullSecretSource(secrets, defaultPullSecret, log);
    sources.push(own.limit('DefaultPullSecret', source));
  }
  if (dockerConfig !== undefined) {
    const source = new DockerConfigSource({ path: dockerConfig, log, helper: { env } });
    sources.push(own.limit('DockerConfig', source));
  }
  for (const provider of providers) {
    const concerns = ({ registry }: ImageReference): boolean => provider.handles(registry.toLowerCase());
    sources.push(own.limit(provider.origin, createCloudSource([provider], log), concerns));
  }
  return sources;
}

/** The API server is no registry, and answers this process with the rights of this process (E13). */
function egressOf({ egress }: RegistryConfig, env: Environment): EgressRules {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') return egress ?? {};
  const apiServer = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { ...egress, deny: [...(egress?.deny ?? []), apiServer, 'kubernetes.default.svc'] };
}

function measured(
  resolver: RegistryResolver,
  clock: Clock,
  onLookup: (outcome: ImageOutcome, seconds: number) => void,
): ImageService['resolver'] {
  return {
    known: (request) => resolver.known(request),
    describe: (request, signal) => resolver.describe(request, signal),
    async lookUp(request, signal) {
      const startMs = clock.monotonicMs();
      const outcome = await resolver.lookUp(request, signal);
      onLookup(outcome, (clock.monotonicMs() - startMs) / 1_000);
      return outcome;
    },
  };
}
