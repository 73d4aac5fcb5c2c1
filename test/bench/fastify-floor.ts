import { readFileSync } from 'node:fs';
import { fastify } from 'fastify';
import { constantAnswer } from './constant.js';

/*
 * The second floor: Fastify as it comes, with its own JSON parser, which answers a constant. Run as
 * `node fastify-floor.js CERT KEY`; prints its port.
 */
const [, , certFile = '', keyFile = ''] = process.argv;

const app = fastify({
  https: { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  bodyLimit: 8 * 1024 * 1024,
  keepAliveTimeout: 120_000,
});
app.post('/*', (request, reply) => reply.type('application/json').send(constantAnswer(request.url)));
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 })}\n`);
