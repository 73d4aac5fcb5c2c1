import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { SettingKey, Settings } from '../../settings/table.js';
import { parseRegistryConfig } from '../../documents/configuration/registry-config.js';
import type { ImageLog } from '../../image/types.js';
import type { ImageService, ImageServiceOptions } from '../../image/service/open.js';
import type { RegistryConfig } from '../../model/registry-config.js';
import { OutriderError } from '../../model/error.js';

/** Settings about look-ups that the offline commands share with `serve`. */
export const lookupSettingKeys = [
  'lookup',
  'registryConfig',
  'dockerConfig',
  'imageCacheFile',
] as const satisfies readonly SettingKey[];

/** The values of {@link lookupSettingKeys}. */
export type LookupSettings = Pick<Settings, (typeof lookupSettingKeys)[number]>;

/** What look-ups need in addition to settings. */
export type LookupOptions = Pick<
  ImageServiceOptions,
  'env' | 'onLookup' | 'onExchange' | 'secrets' | 'nodes' | 'callerHoldsCredentials'
> & {
  readonly log: ImageLog;
  /** The folder that relative paths in the settings start from. */
  readonly cwd: string;
  /** Makes the final change to the configuration. It gets `undefined` if there is none. */
  readonly adjust?: (config: RegistryConfig | undefined) => RegistryConfig;
};

/**
 * Opens look-ups by the settings.
 *
 * @returns `undefined` when they are off
 * @throws OutriderError `file_unreadable`, `settings_invalid`, `registry_config_invalid`, or an AggregateError of them
 */
export async function openLookups(
  settings: LookupSettings,
  { cwd, adjust, ...options }: LookupOptions,
): Promise<ImageService | undefined> {
  if (!settings.lookup) return undefined;
  const { registryConfig, dockerConfig, imageCacheFile } = settings;
  const read = registryConfig === '' ? undefined : await readConfig(resolve(cwd, registryConfig), registryConfig);
  const config = adjust === undefined ? read?.config : adjust(read?.config);
  // Loaded only here: the code that talks to registries takes as long to load as all the rest.
  const { openImageService } = await import('../../image/service/open.js');
  return openImageService({
    ...options,
    ...(config === undefined ? {} : { config }),
    ...(read === undefined ? {} : { configFolder: read.configFolder }),
    ...(dockerConfig === '' ? {} : { dockerConfig: resolve(cwd, dockerConfig) }),
    ...(imageCacheFile === '' ? {} : { cacheFile: resolve(cwd, imageCacheFile) }),
  });
}

async function readConfig(
  path: string,
  shown: string,
): Promise<Required<Pick<ImageServiceOptions, 'config' | 'configFolder'>>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new OutriderError('file_unreadable', `${shown} cannot be read; give --registry-config a file that can.`, {
      file: shown,
      cause,
    });
  });
  return { config: parseRegistryConfig(text, shown), configFolder: dirname(path) };
}
