import { readFile } from 'node:fs/promises';
import { isObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import { identityTokenCredential } from '../credentials/credential.js';
import type { Credential } from '../types.js';
import type { Environment } from './aws-identity.js';
import type { CloudHttp } from './http.js';
import { CloudError, fieldIn, objectIn, type CloudProvider } from './provider.js';
import { TokenCache, type Token } from './token-cache.js';

const hostPattern = /^[a-z0-9-]+(?:\.[a-z0-9-]+)?\.azurecr\.(io|cn|us)$/;

/** The scope of a token, by the registry's cloud. */
const scopes: Readonly<Record<string, string>> = {
  io: 'https://containerregistry.azure.net/.default',
  cn: 'https://management.chinacloudapi.cn/.default',
  us: 'https://management.usgovcloudapi.net/.default',
};

const authorities: Readonly<Record<string, string>> = {
  io: 'https://login.microsoftonline.com/',
  cn: 'https://login.chinacloudapi.cn/',
  us: 'https://login.microsoftonline.us/',
};

/** The user name that goes with a refresh token of ACR. */
const nobody = '00000000-0000-0000-0000-000000000000';

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };

/**
 * When a JWT expires, in seconds since 1970. We only store the token and do not trust it, so its signature does not matter.
 */
function endOf(jwt: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const end = isObject(claims) ? claims['exp'] : undefined;
    return typeof end === 'number' ? end : undefined;
  } catch {
    return undefined;
  }
}

/** What is needed to get tokens for ACR. */
export interface AcrOptions {
  /** The identity; and, as `AZURE_AUTHORITY_HOST`, where Entra ID is. */
  readonly env: Environment;
  readonly http: CloudHttp;
  readonly clock: Clock;
  /** In place of `https://` and the registry. */
  readonly registryEndpoint?: string;
}

/**
 * Tokens for Azure Container Registry by workload identity: the ServiceAccount's token is exchanged for one of Entra
 * ID, and that for the registry's refresh token (github.com/Azure/acr, docs/AAD-OAuth.md), an identity token in
 * Docker's words.
 */
export class AcrProvider implements CloudProvider {
  readonly name = 'acr';
  readonly origin = 'Acr';
  readonly #options: AcrOptions;
  readonly #access: TokenCache<string>;
  readonly #refresh: TokenCache<Credential>;

  constructor(options: AcrOptions) {
    const { clock } = options;
    this.#options = options;
    this.#access = new TokenCache({ clock });
    this.#refresh = new TokenCache({ clock });
  }

  handles(registry: string): boolean {
    return hostPattern.test(registry);
  }

  async credential(registry: string, signal: AbortSignal): Promise<Credential> {
    const [, cloud] = hostPattern.exec(registry) ?? [];
    if (cloud === undefined) throw new CloudError('the registry is not one of ACR');
    return this.#refresh.get(registry, signal, (own) => this.#refreshToken(registry, cloud, own));
  }

  async #refreshToken(registry: string, cloud: string, signal: AbortSignal): Promise<Token<Credential>> {
    const { http, clock, registryEndpoint = `https://${registry}` } = this.#options;
    const token = await this.#access.get(cloud, signal, (own) => this.#accessToken(cloud, own));
    const body = new URLSearchParams({
      grant_type: 'access_token',
      service: registry,
      tenant: this.#setting('AZURE_TENANT_ID'),
      access_token: token,
    }).toString();
    const url = `${registryEndpoint}/oauth2/exchange`;
    const object = objectIn(await http({ method: 'POST', url, headers: form, body }, signal), registry);
    const value = fieldIn(object, 'refresh_token', registry);
    const end = endOf(value);
    const lifeMs = end === undefined ? 3_600_000 : Math.max(0, end * 1_000 - clock.wallMs());
    return { value: identityTokenCredential(value, 'acr', nobody), lifeMs };
  }

  async #accessToken(cloud: string, signal: AbortSignal): Promise<Token<string>> {
    const { env, http } = this.#options;
    const authority = env['AZURE_AUTHORITY_HOST'] ?? authorities[cloud] ?? '';
    const tenant = encodeURIComponent(this.#setting('AZURE_TENANT_ID'));
    const assertion = await readFile(this.#setting('AZURE_FEDERATED_TOKEN_FILE'), 'utf8').catch((cause: unknown) => {
      throw new CloudError('the federated token’s file cannot be read', { cause });
    });
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: this.#setting('AZURE_CLIENT_ID'),
      scope: scopes[cloud] ?? '',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion.trim(),
    }).toString();
    const url = `${authority.replace(/\/$/, '')}/${tenant}/oauth2/v2.0/token`;
    const object = objectIn(await http({ method: 'POST', url, headers: form, body }, signal), 'Entra ID');
    const seconds = object['expires_in'];
    const lifeMs = typeof seconds === 'number' ? seconds * 1_000 : 300_000;
    return { value: fieldIn(object, 'access_token', 'Entra ID'), lifeMs };
  }

  #setting(name: string): string {
    const value = this.#options.env[name];
    if (value === undefined || value === '') throw new CloudError(`${name} is not set`);
    return value;
  }
}
