import { readFile } from 'node:fs/promises';
import { EnvHttpProxyAgent } from 'undici';
import type { CloudName, RegistryConfig } from '../../model/registry-config.js';
import type { Clock } from '../../time/clock.js';
import { AcrProvider } from '../cloud/acr.js';
import { AwsIdentity, type Environment } from '../cloud/aws-identity.js';
import { EcrProvider } from '../cloud/ecr.js';
import { GcpProvider } from '../cloud/gcp.js';
import { createCloudHttp } from '../cloud/http.js';
import type { CloudProvider } from '../cloud/provider.js';
import type { ProxySettings } from '../registry/proxy.js';

/** The clouds for whose registries we get credentials. */
export interface OpenClouds {
  readonly providers: readonly CloudProvider[];
  close(): Promise<void>;
}

/** Where clouds hand out identities; never behind a proxy. */
const metadataHosts = 'metadata.google.internal,169.254.169.254,169.254.170.2,169.254.170.23';

const productNameFile = '/sys/class/dmi/id/product_name';

/** Whether the environment gives this process an identity in the cloud, by what the cloud's own clients look at. */
async function isGiven(cloud: CloudName, env: Environment): Promise<boolean> {
  const has = (...names: readonly string[]): boolean => names.every((name) => (env[name] ?? '') !== '');
  switch (cloud) {
    case 'ecr':
      return (
        has('AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE') ||
        has('AWS_CONTAINER_CREDENTIALS_FULL_URI') ||
        has('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY')
      );
    case 'acr':
      return has('AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_FEDERATED_TOKEN_FILE');
    case 'gcp':
      return has('GCE_METADATA_HOST') || (await readFile(productNameFile, 'utf8').catch(() => '')).startsWith('Google');
  }
}

/** Opens the providers that are on. */
export async function openClouds(
  clouds: RegistryConfig['clouds'],
  { env, clock, proxies }: { readonly env: Environment; readonly clock: Clock; readonly proxies: ProxySettings },
): Promise<OpenClouds> {
  const isOn = async (cloud: CloudName): Promise<boolean> => {
    const choice = clouds?.[cloud] ?? 'Auto';
    return choice === 'On' || (choice === 'Auto' && (await isGiven(cloud, env)));
  };
  const proxied = proxies.https !== undefined || proxies.http !== undefined;
  const agent = proxied
    ? new EnvHttpProxyAgent({
        ...(proxies.https === undefined ? {} : { httpsProxy: proxies.https }),
        ...(proxies.http === undefined ? {} : { httpProxy: proxies.http }),
        noProxy: [proxies.noProxy, metadataHosts].filter((part) => part !== undefined).join(','),
      })
    : undefined;
  const http = createCloudHttp(agent);
  const providers: CloudProvider[] = [];
  if (await isOn('ecr')) {
    providers.push(new EcrProvider({ identity: new AwsIdentity({ env, http, clock }), http, clock }));
  }
  if (await isOn('gcp')) {
    const host = env['GCE_METADATA_HOST'];
    const endpoint = host === undefined || host === '' ? {} : { endpoint: `http://${host}` };
    providers.push(new GcpProvider({ http, clock, ...endpoint }));
  }
  if (await isOn('acr')) providers.push(new AcrProvider({ env, http, clock }));
  return { providers, close: async () => agent?.close() };
}
