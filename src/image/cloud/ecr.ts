import { isObject, listOf, type JsonObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import { basicCredential } from '../credentials/credential.js';
import type { AwsIdentity } from './aws-identity.js';
import type { CloudHttp } from './http.js';
import { CloudError, fieldIn, objectIn, type CloudProvider } from './provider.js';
import { signV4 } from './sigv4.js';
import { TokenCache, type Token } from './token-cache.js';
import type { Credential } from '../types.js';

const hostPattern = /^\d{12}\.dkr[.-]ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.([a-z0-9.-]+)$/;

/** Domains of ECR's registries, and of its API there. */
const domains: Readonly<Record<string, string>> = {
  'amazonaws.com': 'amazonaws.com',
  'on.aws': 'amazonaws.com',
  'amazonaws.com.cn': 'amazonaws.com.cn',
  'on.amazonwebservices.com.cn': 'amazonaws.com.cn',
  'c2s.ic.gov': 'c2s.ic.gov',
  'sc2s.sgov.gov': 'sc2s.sgov.gov',
};

/** The source of an ECR registry's tokens, according to its host. */
export interface EcrHost {
  readonly region: string;
  /** Host of the API that gives tokens. */
  readonly api: string;
}

/**
 * Reads the host of a private ECR registry, `123456789012.dkr.ecr.eu-west-1.amazonaws.com`. `public.ecr.aws` is none:
 * it is read anonymously.
 */
export function ecrHost(registry: string): EcrHost | undefined {
  const [, fips, region, domain] = hostPattern.exec(registry) ?? [];
  const apiDomain = domain !== undefined && Object.hasOwn(domains, domain) ? domains[domain] : undefined;
  if (region === undefined || apiDomain === undefined) return undefined;
  return { region, api: `${fips === undefined ? 'api.ecr' : 'ecr-fips'}.${region}.${apiDomain}` };
}

/** What is needed to get tokens for ECR. */
export interface EcrOptions {
  readonly identity: AwsIdentity;
  readonly http: CloudHttp;
  readonly clock: Clock;
  /** In place of the region's own API. */
  readonly endpoint?: string;
}

/** Tokens for ECR by GetAuthorizationToken. One token is for every registry of a region that the identity may read. */
export class EcrProvider implements CloudProvider {
  readonly name = 'ecr';
  readonly origin = 'Ecr';
  readonly #options: EcrOptions;
  readonly #tokens: TokenCache<Credential>;

  constructor(options: EcrOptions) {
    this.#options = options;
    this.#tokens = new TokenCache({ clock: options.clock });
  }

  handles(registry: string): boolean {
    return ecrHost(registry) !== undefined;
  }

  async credential(registry: string, signal: AbortSignal): Promise<Credential> {
    const host = ecrHost(registry);
    if (host === undefined) throw new CloudError('the registry is not one of ECR');
    return this.#tokens.get(host.api, signal, (own) => this.#token(host, own));
  }

  async #token({ region, api }: EcrHost, signal: AbortSignal): Promise<Token<Credential>> {
    const { identity, http, clock, endpoint } = this.#options;
    const url = new URL(endpoint ?? `https://${api}/`);
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
    };
    const body = '{}';
    const keys = await identity.keys(signal);
    const request = { method: 'POST', url, headers, body, region, service: 'ecr', nowMs: clock.wallMs() };
    const signed = signV4(request, keys);
    const answer = await http({ method: 'POST', url: url.href, headers: signed, body }, signal);
    return tokenIn(objectIn(answer, 'ECR'), clock);
  }
}

function tokenIn(answer: JsonObject, clock: Clock): Token<Credential> {
  const [data] = listOf(answer['authorizationData']);
  if (!isObject(data)) throw new CloudError('ECR answers without authorizationData');
  const decoded = Buffer.from(fieldIn(data, 'authorizationToken', 'ECR'), 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) throw new CloudError('ECR answers with a token that is none');
  const ends = data['expiresAt'];
  const lifeMs = typeof ends === 'number' ? Math.max(0, ends * 1_000 - clock.wallMs()) : 3_600_000;
  return { value: basicCredential(decoded.slice(0, colon), decoded.slice(colon + 1), 'ecr'), lifeMs };
}
