import { Option } from 'commander';
import type { Installed } from '../../cluster/live/read-installation.js';
import { environmentName } from '../../settings/setting.js';
import { settingsTable } from '../../settings/table.js';
import { parseImageMapJson } from '../../documents/configuration/image-map.js';
import { parseRegistryConfig } from '../../documents/configuration/registry-config.js';
import type { ImageConfig } from '../../model/image.js';
import type { RegistryConfig } from '../../model/registry-config.js';
import type { Invocation } from '../command.js';
import { clusterSettings } from '../options/settings.js';

/** What a command line and an installation say together. */
export interface InstalledSettings {
  /** The command line, with the installation's settings about the cluster where it gives none. */
  readonly invocation: Invocation;
  /** The installation's image map. */
  readonly images: ReadonlyMap<string, ImageConfig>;
  /** The installation's registries, but for those whose authority is in a file there. */
  readonly registries: RegistryConfig | undefined;
}

/**
 * Puts an installation's settings behind those of a command line, and of its environment.
 *
 * @throws OutriderError `image_map_invalid`, `registry_config_invalid`: what no server would start with
 */
export function withInstalled(invocation: Invocation, { flags, files }: Installed): InstalledSettings {
  const installed = clusterSettings.flatMap((key): [string, unknown][] => {
    const { flag, repeatable } = settingsTable[key];
    const values = flags.get(flag);
    if (values === undefined || invocation.io.env[environmentName(flag)] !== undefined) return [];
    return [[new Option(`--${flag}`).attributeName(), repeatable ? values : values.at(-1)]];
  });
  const map = files.get('image-config');
  const registries = files.get('registry-config');
  return {
    invocation: { ...invocation, flags: { ...Object.fromEntries(installed), ...invocation.flags } },
    images: map === undefined ? new Map() : parseImageMapJson(map, 'the installation’s image map'),
    registries: registries === undefined ? undefined : withoutFiles(registries),
  };
}

function withoutFiles(text: string): RegistryConfig {
  const config = parseRegistryConfig(text, 'the installation’s registry configuration');
  return config.hosts === undefined
    ? config
    : { ...config, hosts: config.hosts.filter(({ caFile }) => caFile === undefined) };
}
