import { readFile } from 'node:fs/promises';
import type { Clock } from '../../time/clock.js';
import type { CloudHttp } from './http.js';
import { CloudError, fieldIn, objectIn } from './provider.js';
import type { AwsKeys } from './sigv4.js';
import { TokenCache, type Token } from './token-cache.js';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The inputs of an identity. */
export interface AwsIdentityOptions {
  readonly env: Environment;
  readonly http: CloudHttp;
  readonly clock: Clock;
  /** Replaces the region's own. */
  readonly stsEndpoint?: string;
}

// The hosts from which AWS's SDKs allow fetching credentials without TLS.
const plainHosts = new Set(['127.0.0.1', '[::1]', 'localhost', '169.254.170.2', '169.254.170.23', '[fd00:ec2::23]']);

function tagIn(xml: string, tag: string): string {
  const [, value = ''] = new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(xml) ?? [];
  if (value === '') throw new CloudError(`STS answers without ${tag}`);
  return value.trim();
}

function lifeUntil(date: string, clock: Clock): number {
  const endMs = Date.parse(date);
  return Number.isNaN(endMs) ? 900_000 : Math.max(0, endMs - clock.wallMs());
}

function present(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

async function tokenIn(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new CloudError('the identity token’s file cannot be read', { cause });
  }
}

/**
 * The AWS identity of this process, in the order of AWS's SDKs: keys in the environment; a role for the ServiceAccount
 * (IRSA: `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE`, exchanged at STS with AssumeRoleWithWebIdentity); EKS pod
 * identity (`AWS_CONTAINER_CREDENTIALS_FULL_URI` and a token file). Token files are read at each exchange: the kubelet
 * renews them.
 */
export class AwsIdentity {
  readonly #options: AwsIdentityOptions;
  readonly #keys: TokenCache<AwsKeys>;

  constructor(options: AwsIdentityOptions) {
    this.#options = options;
    this.#keys = new TokenCache({ clock: options.clock });
  }

  /** Rejects with a `CloudError` when there is none. */
  async keys(signal: AbortSignal): Promise<AwsKeys> {
    const { env } = this.#options;
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if (present(accessKeyId) && present(secretAccessKey)) {
      return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] };
    }
    const { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = env;
    if (present(role) && present(tokenFile)) {
      return this.#keys.get('role', signal, (own) => this.#webIdentity(role, tokenFile, own));
    }
    const uri = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
    if (present(uri)) return this.#keys.get('pod', signal, (own) => this.#podIdentity(uri, own));
    throw new CloudError('no AWS identity was given to this process');
  }

  async #webIdentity(role: string, tokenFile: string, signal: AbortSignal): Promise<Token<AwsKeys>> {
    const { env, http, clock } = this.#options;
    const body = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: env['AWS_ROLE_SESSION_NAME'] ?? 'outrider',
      WebIdentityToken: await tokenIn(tokenFile),
    }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, text } = await http({ method: 'POST', url: this.#stsUrl(), headers, body }, signal);
    if (status !== 200) throw new CloudError(`STS answers ${status}`);
    const value = {
      accessKeyId: tagIn(text, 'AccessKeyId'),
      secretAccessKey: tagIn(text, 'SecretAccessKey'),
      sessionToken: tagIn(text, 'SessionToken'),
    };
    return { value, lifeMs: lifeUntil(tagIn(text, 'Expiration'), clock) };
  }

  async #podIdentity(uri: string, signal: AbortSignal): Promise<Token<AwsKeys>> {
    const { env, http, clock } = this.#options;
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    if (url === undefined || (url.protocol !== 'https:' && !plainHosts.has(url.hostname))) {
      throw new CloudError('AWS_CONTAINER_CREDENTIALS_FULL_URI is not an address credentials are fetched from');
    }
    const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
    const token = present(file) ? await tokenIn(file) : env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
    const headers = { accept: 'application/json', ...(present(token) ? { authorization: token } : {}) };
    const name = 'the pod identity agent';
    const answer = objectIn(await http({ method: 'GET', url: url.href, headers }, signal), name);
    const value = {
      accessKeyId: fieldIn(answer, 'AccessKeyId', name),
      secretAccessKey: fieldIn(answer, 'SecretAccessKey', name),
      sessionToken: fieldIn(answer, 'Token', name),
    };
    return { value, lifeMs: lifeUntil(fieldIn(answer, 'Expiration', name), clock) };
  }

  #stsUrl(): string {
    const { env, stsEndpoint } = this.#options;
    if (stsEndpoint !== undefined) return stsEndpoint;
    const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
    if (!present(region)) return 'https://sts.amazonaws.com/';
    const host = env['AWS_USE_FIPS_ENDPOINT'] === 'true' ? 'sts-fips' : 'sts';
    return `https://${host}.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}/`;
  }
}
