import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../e2e/cluster/guarded-process.js';
import type { Inside } from './inside.js';
import { registryHost, registryPassword, registryUser } from './layout.js';

/**
 * Starts the real registry (CNCF distribution) inside, with a password, and writes a docker config for it.
 */
export async function startRegistry(directory: string, inside: Inside): Promise<void> {
  const folder = join(directory, 'registry');
  mkdirSync(folder);
  const passwords = join(folder, 'htpasswd');
  writeFileSync(passwords, await inside.run('htpasswd', '-Bbn', registryUser, registryPassword));
  const configuration = join(folder, 'config.yml');
  // JSON is YAML.
  writeFileSync(
    configuration,
    JSON.stringify({
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: registryHost, secret: 'test' },
      auth: { htpasswd: { realm: 'test', path: passwords } },
    }),
  );
  const server = inside.start('registry', 'docker-registry', ['serve', configuration]);
  writeFileSync(dockerConfigFile(directory), dockerConfig());
  const [name = '', port = ''] = registryHost.split(':');
  const answers = (): Promise<boolean> =>
    inside.run('bash', '-c', 'exec 3<>"/dev/tcp/$0/$1"', name, port).then(() => true);
  await until('the registry', answers, server);
}

/** Where the tests' docker config is: not in a home, where the kubelet would take it for the node's. */
export function dockerConfigFile(directory: string): string {
  return join(directory, 'docker-config.json');
}

/** A docker config with the registry's password: also the content of a pull secret. */
export function dockerConfig(): string {
  const auth = Buffer.from(`${registryUser}:${registryPassword}`).toString('base64');
  return JSON.stringify({ auths: { [registryHost]: { auth } } });
}
