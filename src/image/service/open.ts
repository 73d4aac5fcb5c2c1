import type { ImageOutcome, ImageResolver } from '../../model/image.js';
import { defaultRegistryConfig, type RegistryConfig } from '../../model/registry-config.js';
import { createCacheFile } from '../cache/file.js';
import type { ImageStats } from '../../model/image-stats.js';
import { systemClock, type Clock } from '../../time/clock.js';
import type { Environment } from '../cloud/aws-identity.js';
import { createCloudSource } from '../cloud/source.js';
import { composeCredentials } from '../credentials/compose.js';
import { createDockerConfigSource } from '../credentials/docker-config-source.js';
import { createDefaultPullSecretSource, createPullSecretSource } from '../credentials/pull-secrets.js';
import type { SecretSource } from '../credentials/secret-source.js';
import type { ImageLog } from '../log.js';
import type { NodeFacts } from '../placement.js';
import { createRegistryClient } from '../registry/client.js';
import type { EgressRules } from '../registry/egress-guard.js';
import { proxyFromEnvironment } from '../registry/proxy.js';
import type { ExchangeReport } from '../registry/transport.js';
import { createImageResolver, type RunningResolver } from '../resolver.js';
import type { CredentialSource } from '../types.js';
import { openClouds } from './clouds.js';
import { readHosts } from './host-files.js';

/** What look-ups are opened with. */
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
  readonly clock?: Clock;
  /** Told of every look-up that went beyond what was known at once. */
  readonly onLookup?: (outcome: ImageOutcome, seconds: number) => void;
  /** Told of every request to a registry or token server. */
  readonly onExchange?: (exchange: ExchangeReport) => void;
}

/** Look-ups, open. */
export interface ImageService {
  readonly resolver: ImageResolver & Pick<RunningResolver, 'describe'>;
  stats(): ImageStats;
  /** Ends what is under way, writes the cache's file and closes every connection. A second call waits for the first. */
  close(): Promise<void>;
}

const cacheFileLimitBytes = 64 * 1_048_576;
const saveIntervalMs = 60_000;

/**
 * Opens look-ups: the registry client, credentials in the kubelet's order, the clouds, the cache with its file.
 *
 * @throws OutriderError `settings_invalid`, `registry_config_invalid`, `file_unreadable`
 */
export async function openImageService(options: ImageServiceOptions): Promise<ImageService> {
  const { config = defaultRegistryConfig, env, log, clock = systemClock, onLookup, onExchange, nodes } = options;
  const proxies = proxyFromEnvironment(env);
  const hosts = await readHosts(config.hosts ?? [], options.configFolder ?? '.');
  const client = createRegistryClient({
    hosts,
    registries: config.registries ?? {},
    egress: egressOf(config, env),
    proxies,
    clock: () => clock.wallMs(),
    ...(onExchange === undefined ? {} : { onExchange }),
    onMirrorFailure: (mirror, error) => log.warn({ mirror, err: error }, 'A mirror gave no result.'),
  });
  const clouds = await openClouds(config.clouds, { env, clock, proxies });
  const { credentialTtlMs, ...limits } = config.cache ?? {};
  const resolver = createImageResolver({
    client,
    credentials: composeCredentials(credentialSources(options, config, createCloudSource(clouds.providers, log)), log),
    map: new Map(),
    clock,
    log,
    limits,
    ...(credentialTtlMs === undefined ? {} : { credentialTtlMs }),
    ...(nodes === undefined ? {} : { nodes }),
  });
  const file = await keepInFile(options.cacheFile, resolver, log);

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    resolver.close();
    await file.close();
    await Promise.all([client.close(), clouds.close()]);
  }
  return {
    resolver: onLookup === undefined ? resolver : measured(resolver, clock, onLookup),
    stats: () => resolver.stats(),
    close: () => (closed ??= close()),
  };
}

function credentialSources(
  { secrets, dockerConfig, env, log }: ImageServiceOptions,
  { defaultPullSecret }: RegistryConfig,
  clouds: CredentialSource,
): readonly CredentialSource[] {
  return [
    ...(secrets === undefined ? [] : [createPullSecretSource(secrets, log)]),
    ...(secrets === undefined || defaultPullSecret === undefined
      ? []
      : [createDefaultPullSecretSource(secrets, defaultPullSecret, log)]),
    ...(dockerConfig === undefined ? [] : [createDockerConfigSource({ path: dockerConfig, log, helper: { env } })]),
    clouds,
  ];
}

/** The API server is no registry, and answers this process with the rights of this process (E13). */
function egressOf({ egress }: RegistryConfig, env: Environment): EgressRules {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') return egress ?? {};
  const apiServer = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { ...egress, deny: [...(egress?.deny ?? []), apiServer, 'kubernetes.default.svc'] };
}

async function keepInFile(
  path: string | undefined,
  resolver: RunningResolver,
  log: ImageLog,
): Promise<{ close(): Promise<void> }> {
  if (path === undefined) return { close: () => Promise.resolve() };
  const file = createCacheFile({ path, limitBytes: cacheFileLimitBytes, log });
  await file.load(resolver.cache);
  let saving = Promise.resolve();
  let savedAtMisses = 0;
  const save = (): void => {
    const { misses } = resolver.stats();
    // Nothing is learned without a miss.
    if (misses === savedAtMisses) return;
    savedAtMisses = misses;
    saving = saving.then(() => file.save(resolver.cache));
  };
  const timer = setInterval(save, saveIntervalMs);
  timer.unref();
  return {
    close: () => {
      clearInterval(timer);
      save();
      return saving;
    },
  };
}

function measured(
  resolver: RunningResolver,
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
