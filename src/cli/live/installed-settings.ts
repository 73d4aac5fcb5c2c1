import type { Installed } from '../../cluster/live/read-installation.js';
import { readSettings } from '../../settings/settings.js';
import { settingsTable } from '../../settings/table.js';
import { parseImageMapJson } from '../../documents/configuration/image-map.js';
import { parseRegistryConfig } from '../../documents/configuration/registry-config.js';
import type { ImageConfig } from '../../model/image.js';
import type { RegistryConfig } from '../../model/registry-config.js';
import { clusterSettingKeys, type ClusterSettings, type SettingsGiven } from '../options/settings.js';

/** The settings of a command line and of an installation together. */
export interface InstalledSettings {
  /** The settings about the cluster: the command line's, or the installation's if the command line gives none. */
  readonly clusterSettings: ClusterSettings;
  /** The installation's image map. */
  readonly images: ReadonlyMap<string, ImageConfig>;
  /** The installation's registries, except those whose certificate authority is in a file there. */
  readonly registries: RegistryConfig | undefined;
}

/**
 * Uses an installation's settings where the command line and its environment give none.
 *
 * @throws OutriderError `usage`, `image_map_invalid`, `registry_config_invalid`: for settings that no server would start
 * with
 */
export function withInstalled(
  { flags, io }: SettingsGiven,
  installed: Pick<Installed, 'flags' | 'files'>,
): InstalledSettings {
  const { files } = installed;
  const value = clusterSettingKeys.flatMap((key): [string, unknown][] => {
    const { flag, repeatable } = settingsTable[key];
    const values = installed.flags.get(flag);
    return values === undefined ? [] : [[key, repeatable ? values : values.at(-1)]];
  });
  const file = { name: 'the installation’s flags', value: Object.fromEntries(value) };
  const map = files.get('image-config');
  const registries = files.get('registry-config');
  return {
    clusterSettings: readSettings({ flags, env: io.env, file }, clusterSettingKeys),
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
