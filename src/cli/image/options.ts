import { join } from 'node:path';
import type { ImageLog } from '../../image/types.js';
import type { SettingKey } from '../../settings/table.js';
import type { LookupSettings } from './service.js';
import type { Io, Output } from '../io.js';

/** Settings about look-ups, which the offline commands have in common with `serve`. */
export const lookupSettingKeys = [
  'lookup',
  'registryConfig',
  'dockerConfig',
  'imageCacheFile',
] as const satisfies readonly SettingKey[];

/** The settings with the user's own docker config where none is given: as docker finds it, by DOCKER_CONFIG or HOME. */
export function withUserConfig(settings: LookupSettings, env: Io['env']): LookupSettings {
  if (settings.dockerConfig !== '') return settings;
  const { DOCKER_CONFIG: folder = '', HOME: home = '' } = env;
  if (folder !== '') return { ...settings, dockerConfig: join(folder, 'config.json') };
  return home === '' ? settings : { ...settings, dockerConfig: join(home, '.docker', 'config.json') };
}

/**
 * Prints, once each, what look-ups complain of beside images: credentials and files that cannot be used. What a registry
 * says of an image stands in the command's own result.
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
