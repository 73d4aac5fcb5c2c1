import { readFile } from 'node:fs/promises';
import { clusterFacts } from '../settings/cluster-facts.js';
import type { ConnectionSettings } from '../server/in-cluster/connect.js';
import type { InClusterSettings } from '../server/in-cluster/in-cluster.js';
import { createDoor } from '../admission/handler.js';
import { createUpdateDoor } from '../admission/update-review.js';
import { settingKeys, settingsFileName } from '../settings/settings.js';
import type { SettingKey, Settings } from '../settings/table.js';
import { parseConfiguration, type ParsedConfiguration } from '../documents/configuration/configuration.js';
import { parseSettingsFile } from '../documents/configuration/settings-file.js';
import { parseImageMapJson } from '../documents/configuration/image-map.js';
import { argvIn, configure } from '../engine/configure.js';
import { demonstrationPolicy } from '../engine/demonstration.js';
import type { Engine } from '../engine/engine.js';
import { createMapResolver } from '../image/map-resolver.js';
import type { ImageService } from '../image/service/open.js';
import { OutriderError } from '../model/error.js';
import type { ImageResolver } from '../model/image.js';
import type { StringMap } from '../model/selector.js';
import { version } from '../model/version.js';
import { createLogger, type Logger } from '../observe/logger.js';
import { ImageMetrics } from '../observe/image-metrics.js';
import { Metrics, Registry } from '../observe/metrics.js';
import { certificateFromFiles } from '../server/certificates.js';
import { handlersFromFolder, type LoadConfiguration } from '../server/configuration.js';
import { rejectCauses } from '../server/rejection.js';
import { reviewLog } from '../server/review-log.js';
import { runService } from '../server/run.js';
import type { Service, ServiceSettings } from '../server/service.js';
import { exitCodes, type CommandDefinition, type Invocation } from './command.js';
import { openLookups, type LookupSettings, type LookupOptions } from './image/lookups.js';
import { commandSettings, type ClusterSettings } from './options/settings.js';

/** The settings that nearly everybody needs. The help text shows the rest with --help-all. */
const usualSettings: readonly SettingKey[] = [
  'settingsFile',
  'config',
  'cluster',
  'instance',
  'ownNamespace',
  'certificates',
  'tlsCert',
  'tlsKey',
  'listenPort',
  'plainPort',
  'logLevel',
  'lookup',
];

const serveSettings = commandSettings({
  'Settings:': usualSettings,
  'More settings:': settingKeys.filter((key) => !usualSettings.includes(key)),
});

/** `outrider serve`: runs the webhook until a signal ends it. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    serveSettings.addTo(command);
    command.addHelpText(
      'after',
      `
Every setting can also be given by an environment variable, OUTRIDER_ and the flag in capitals with _ for -, and in the
settings file. Without --tls-cert and --tls-key, development certificates are made and the caBundle is printed.

Examples:
  ${programName} serve
  ${programName} serve --config policies/ --tls-cert tls.crt --tls-key tls.key
  OUTRIDER_LOG_LEVEL=debug ${programName} serve --config policies/`,
    );
  },
  run: serve,
};

async function serve(invocation: Invocation): Promise<number> {
  const { flags, io } = invocation;
  const { env } = io;
  const name = settingsFileName({ flags, env });
  const file = name === undefined ? undefined : { name, value: parseSettingsFile(await readText(name), name) };
  const settings = serveSettings.read(invocation, file);
  const logger = await createLogger({ level: settings.logLevel, format: settings.logFormat, env });
  const metrics = new Metrics({
    registry: new Registry(),
    version,
    nodeVersion: process.version,
    rejectCauses,
  });
  const service = settings.cluster
    ? await serveCluster(settings, io, logger, metrics)
    : await serveFolder(settings, io, logger, metrics);
  if (service?.caBundle !== undefined) io.stdout.write(`caBundle: ${service.caBundle}\n`);
  return exitCodes.ok;
}

async function serveFolder(
  settings: ServiceSettings & ClusterSettings & LookupSettings,
  io: Invocation['io'],
  logger: Logger,
  metrics: Metrics,
): Promise<Service | undefined> {
  const images = await openImages(settings, io, logger, metrics);
  return runService({
    settings,
    logger,
    metrics,
    certificates: certificateFromFiles,
    handlers: handlersFromFolder(createLoader(settings, images?.resolver, logger, metrics)),
    closeLast: async () => images?.close(),
  });
}

async function serveCluster(
  settings: ServiceSettings & InClusterSettings & ConnectionSettings & LookupSettings & Pick<Settings, 'imageConfig'>,
  io: Invocation['io'],
  logger: Logger,
  metrics: Metrics,
): Promise<Service | undefined> {
  // Loaded only here, because the Kubernetes client takes as long to load as all the rest.
  const { connectCluster } = await import('../server/in-cluster/connect.js');
  const { InCluster } = await import('../server/in-cluster/in-cluster.js');
  const { imageConfig } = settings;
  const map = imageConfig === '' ? new Map() : parseImageMapJson(await readText(imageConfig), imageConfig);
  const connection = connectCluster(settings, logger);
  const { facts, secrets } = connection;
  const images = await openImages(settings, io, logger, metrics, {
    nodes: facts.nodes,
    ...(secrets === undefined ? {} : { secrets }),
  });
  const cluster = new InCluster({
    settings,
    logger,
    metrics,
    connection,
    images: createMapResolver(map, images?.resolver),
    argvOf: argvIn(map, settings.imageRewrites),
  });
  return runService({
    settings,
    logger,
    metrics,
    certificates: cluster.certificates,
    handlers: cluster.handlers,
    proof: cluster.proof,
    onDrain: () => cluster.onDrain(),
    closeLast: async () => {
      await cluster.close();
      await images?.close();
    },
  });
}

async function openImages(
  settings: LookupSettings,
  { env, cwd }: Invocation['io'],
  logger: Logger,
  { registry }: Metrics,
  cluster: Pick<LookupOptions, 'secrets' | 'nodes'> = {},
): Promise<ImageService | undefined> {
  const metrics = new ImageMetrics(registry);
  const images = await openLookups(settings, {
    ...cluster,
    env,
    cwd,
    log: logger,
    onLookup: (outcome, seconds) => metrics.observeLookup(outcome.ok ? 'found' : outcome.reason, seconds),
    onExchange: ({ purpose, method, url, status, durationMs, complaint }) => {
      metrics.countRequest(purpose, status);
      logger.debug({ purpose, method, url, status, durationMs, complaint }, 'registry asked');
    },
  });
  if (images === undefined) logger.info('--lookup is off: only image maps and annotations say what images start');
  else metrics.watchCache(() => images.stats());
  return images;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new OutriderError('file_unreadable', `${file} cannot be read; give a file that can.`, { file, cause });
  }
}

/**
 * Makes handlers from the files of a configuration folder. If they have errors, the last good configuration stays in force.
 * At the start there is none, so policies that are not valid still take part, as invalid policies (E41).
 */
function createLoader(
  settings: ClusterSettings,
  images: ImageResolver | undefined,
  logger: Logger,
  metrics: Metrics,
): LoadConfiguration {
  let loaded = false;
  return (files) => {
    const parsed = files === undefined ? demonstration(logger) : parseConfiguration(files);
    const { rules, problems, usable } = configure(parsed, settings.imageRewrites, { mirrors: false });
    for (const problem of problems) logger.error({ code: problem.code }, problem.message);
    const [first] = problems;
    if (first !== undefined && (loaded || !usable)) throw first;
    loaded = true;
    metrics.knowPolicies(rules.policyNames);
    const engine: Engine = {
      rules,
      facts: clusterFacts(settings),
      images: createMapResolver(parsed.configuration.images, images),
      excludedNamespaces: new Set(settings.excludedNamespaces),
      secretState: () => 'unknown',
    };
    return handlersOf(engine, parsed.configuration.namespaces, logger, metrics);
  };
}

const noLabels: StringMap = {};

function handlersOf(
  engine: Engine,
  namespaces: ReadonlyMap<string, StringMap>,
  logger: Logger,
  metrics: Metrics,
): ReturnType<LoadConfiguration> {
  const options = {
    engine: () => engine,
    namespaceLabels: (namespace: string) => namespaces.get(namespace) ?? noLabels,
    ...reviewLog(logger, metrics),
  };
  return {
    pods: { mutate: createDoor('mutate', options), validate: createDoor('validate', options) },
    updates: { validate: createUpdateDoor(options) },
  };
}

function demonstration(logger: Logger): ParsedConfiguration {
  logger.warn('no --config is given: the built-in demonstration policy instruments every pod for Sysdig, region us2');
  const policy = { policy: demonstrationPolicy(), file: 'built in', line: 1 };
  return {
    configuration: {
      policies: [policy],
      profiles: [],
      images: new Map(),
      namespaces: new Map(),
      invalidPolicies: [],
    },
    problems: [],
  };
}
