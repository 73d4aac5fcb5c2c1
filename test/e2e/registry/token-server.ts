import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { run } from './processes.js';

/** A server of distribution's token authentication: `me` may do anything, everybody may pull `public/…`. */
export interface TokenServer {
  readonly realm: string;
  readonly issuer: string;
  readonly service: string;
  readonly certificateFile: string;
  /** Methods of the requests so far. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startTokenServer(directory: string): Promise<TokenServer> {
  const keyFile = join(directory, 'token.key');
  const certificateFile = join(directory, 'token.crt');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=tokens', '-days', '2'];
  await run('openssl', 'req', '-x509', ...curve, '-keyout', keyFile, '-out', certificateFile);
  const key = createPrivateKey(readFileSync(keyFile));
  const x5c = [new X509Certificate(readFileSync(certificateFile)).raw.toString('base64')];
  const issuer = 'tokens.example';
  const service = 'registry.example';

  function issue(user: string | undefined, scopes: readonly string[]): string {
    const access = scopes.flatMap((scope) => {
      const [, type = '', name = '', actions = ''] = /^([^:]+):(.+):([^:]*)$/.exec(scope) ?? [];
      const granted = actions
        .split(',')
        .filter((action) => user === 'me' || (action === 'pull' && name.startsWith('public/')));
      return granted.length === 0 ? [] : [{ type, name, actions: granted }];
    });
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: now - 10, exp: now + 300 };
    const claims = { iss: issuer, sub: user ?? '', aud: service, jti: randomUUID(), access, ...times };
    const content = `${encode({ typ: 'JWT', alg: 'ES256', x5c })}.${encode(claims)}`;
    return `${content}.${sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  const asked: string[] = [];
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      asked.push(request.method ?? '');
      const isPost = request.method === 'POST';
      const fields = isPost ? new URLSearchParams(body) : new URL(request.url ?? '', 'http://x').searchParams;
      const user = isPost ? userOfToken(fields.get('refresh_token')) : userOfBasic(request.headers.authorization);
      if (user === 'nobody') {
        response.writeHead(401).end();
        return;
      }
      const token = issue(
        user,
        fields.getAll('scope').flatMap((scope) => scope.split(' ')),
      );
      response.end(JSON.stringify(isPost ? { access_token: token, expires_in: 300 } : { token, expires_in: 300 }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    realm: `http://127.0.0.1:${address.port}/token`,
    issuer,
    service,
    certificateFile,
    asked,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function userOfToken(refreshToken: string | null): string {
  return refreshToken === 'refresh-me' ? 'me' : 'nobody';
}

/** `nobody` for a wrong password, `undefined` for none. */
function userOfBasic(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const [user = '', password] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':');
  return password === 'secret' ? user : 'nobody';
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
