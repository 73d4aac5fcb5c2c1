import { join } from 'node:path';
import { createImageMap, createMapResolver } from '../../image/map-resolver.js';
import type { ImageLog } from '../../image/types.js';
import type { ImageServiceOptions } from '../../image/service/open.js';
import { RegistryError } from '../../image/types.js';
import { OutriderError } from '../../model/error.js';
import type { ImageConfig, ImageResolver } from '../../model/image.js';
import type { RegistryConfig } from '../../model/registry-config.js';
import { openLookups, type LookupSettings } from './lookups.js';
import type { Io, Output } from '../io.js';
import { withProgress } from './progress.js';

/** What look-ups work with. */
export interface ImageOptions {
  /** What images start, by reference in any spelling. */
  readonly map: ReadonlyMap<string, ImageConfig>;
  readonly settings: LookupSettings;
  readonly io: Io;
  /** How to reach registries if the settings name no file. */
  readonly registries?: RegistryConfig;
  /** What a cluster adds: pull secrets, and facts about its nodes. */
  readonly cluster?: Pick<ImageServiceOptions, 'secrets' | 'nodes'>;
}

/** A resolver that is open. */
export interface OpenImages {
  readonly resolver: ImageResolver;
  /** Returns the signal for the look-ups of one pod. Absent if nothing may be looked up. */
  readonly lookUp: (() => AbortSignal) | undefined;
  close(): Promise<void>;
}

const longestPerPodMs = 15_000;

/**
 * Opens the sources that know images for the offline commands: first the image maps, then, unless look-ups are off,
 * registries, with the user's own docker config.
 *
 * @throws OutriderError `image_map_invalid` for a key of the map that is not a reference; what opening look-ups throws
 */
export async function openImages({ map, settings, io, registries, cluster = {} }: ImageOptions): Promise<OpenImages> {
  checkMap(map);
  const { cwd, env } = io;
  const service = await openLookups(withUserConfig(settings, env), {
    ...cluster,
    cwd,
    env,
    log: offlineLog(io.stderr),
    callerHoldsCredentials: true,
    ...(registries === undefined ? {} : { adjust: (config) => config ?? registries }),
  });
  if (service === undefined) {
    return { resolver: createMapResolver(map), lookUp: undefined, close: () => Promise.resolve() };
  }
  return {
    resolver: createMapResolver(map, withProgress(service.resolver, io)),
    lookUp: () => AbortSignal.timeout(longestPerPodMs),
    close: () => service.close(),
  };
}

function checkMap(entries: ReadonlyMap<string, ImageConfig>): void {
  try {
    createImageMap(entries);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new OutriderError('image_map_invalid', `image map: ${cause.message}; fix the reference.`, { cause });
  }
}

/**
 * The settings, with the user's own docker config if they give none. It is found as docker finds it, by DOCKER_CONFIG or
 * HOME.
 */
export function withUserConfig(settings: LookupSettings, env: Io['env']): LookupSettings {
  if (settings.dockerConfig !== '') return settings;
  const { DOCKER_CONFIG: folder = '', HOME: home = '' } = env;
  if (folder !== '') return { ...settings, dockerConfig: join(folder, 'config.json') };
  return home === '' ? settings : { ...settings, dockerConfig: join(home, '.docker', 'config.json') };
}

/**
 * Prints each warning of look-ups that is not about an image, once: credentials and files that cannot be used. What a
 * registry says about an image is in the command's own result.
 */
export function offlineLog(stderr: Output): ImageLog {
  const said = new Set<string>();
  return {
    warn(facts, message) {
      if ('image' in facts || 'place' in facts) return;
      const details = Object.entries(facts).flatMap(([name, value]: [string, unknown]) =>
        typeof value === 'string' ? [`${name} ${value}`] : [],
      );
      const line = `outrider: warning: ${message}${details.length === 0 ? '' : ` (${details.join(', ')})`}\n`;
      if (said.has(line)) return;
      said.add(line);
      stderr.write(line);
    },
  };
}
