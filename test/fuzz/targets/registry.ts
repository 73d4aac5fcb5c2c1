import { once } from 'node:events';
import { createServer } from 'node:net';
import { openImageService } from '../../../src/image/service/open.js';
import { defaultRegistryConfig } from '../../../src/model/registry-config.js';
import { reasonCodes } from '../../../src/model/reasons.js';
import { config, manifest, manifestType, sha256 } from '../../image/registry/fake-registry.js';
import { silent } from '../../image/fake-registry.js';
import { must, type Target } from '../target.js';

/** Stands between the answers that one input holds, and for the server's own address. */
const border = '\n=====\n';
const self = 'SELF';
const encoder = new TextEncoder();

function answer(status: string, headers: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries({ ...headers, 'Content-Length': String(body.length) }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

const manifestAnswer = answer(
  '200 OK',
  { 'Content-Type': manifestType, 'Docker-Content-Digest': sha256(manifest) },
  manifest,
);
const configAnswer = answer('200 OK', { 'Content-Type': 'application/octet-stream' }, config);
const challenge = answer(
  '401 Unauthorized',
  { 'WWW-Authenticate': `Bearer realm="http://${self}/token",service="r"` },
  '{"errors":[{"code":"UNAUTHORIZED"}]}',
);
const token = answer(
  '200 OK',
  { 'Content-Type': 'application/json' },
  '{"token":"abc","expires_in":60,"issued_at":"2026-01-01T00:00:00Z"}',
);
const index = JSON.stringify({
  schemaVersion: 2,
  manifests: [
    {
      mediaType: manifestType,
      digest: sha256(manifest),
      size: manifest.length,
      platform: { os: 'linux', architecture: 'amd64' },
    },
  ],
});
const indexAnswer = answer('200 OK', { 'Content-Type': 'application/vnd.oci.image.index.v1+json' }, index);
const redirect = answer('307 Temporary Redirect', { Location: `http://${self}/elsewhere` }, '');
const limited = answer('429 Too Many Requests', { 'Retry-After': '5' }, '{"errors":[{"code":"TOOMANYREQUESTS"}]}');

/** Raw answers of a registry and its token server to the real client: a look-up never rejects, and always ends. */
export async function registry(): Promise<Target> {
  let answers: readonly Buffer[] = [];
  let asked = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      socket.end(answers[asked++ % Math.max(1, answers.length)] ?? Buffer.alloc(0));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const host = address !== null && typeof address === 'object' ? `127.0.0.1:${address.port}` : '';
  let round = 0;

  return {
    name: 'registry',
    form: 'bytes',
    seeds: () =>
      [
        [manifestAnswer, configAnswer],
        [challenge, token, manifestAnswer, configAnswer],
        [indexAnswer, manifestAnswer, configAnswer],
        [redirect, manifestAnswer, configAnswer],
        [limited],
        [token, challenge],
      ].map((list) => encoder.encode(list.join(border))),
    async check(input) {
      const texts = Buffer.from(input).toString('latin1').replaceAll(self, host).split(border);
      answers = texts.map((text) => Buffer.from(text, 'latin1'));
      asked = 0;
      const images = await openImageService({
        config: {
          ...defaultRegistryConfig,
          hosts: [{ host, plainHttp: true, headersTimeoutMs: 400, bodyTimeoutMs: 400 }],
          egress: { allow: ['127.0.0.1'] },
        },
        env: {},
        log: silent,
      });
      try {
        const reference = `${host}/acme/app:${String(round++)}`;
        const outcome = await images.resolver.lookUp(
          { reference, namespace: 'shop', pod: {} },
          AbortSignal.timeout(3_000),
        );
        must(asked <= 40, `${asked} requests for one look-up`);
        if (outcome.ok) return 'found';
        must(reasonCodes.includes(outcome.reason), 'a reason that nobody knows');
        must(!/[\p{Cc}]/u.test(outcome.detail), `control characters in ${JSON.stringify(outcome.detail)}`);
        return outcome.reason;
      } finally {
        await images.close();
      }
    },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
