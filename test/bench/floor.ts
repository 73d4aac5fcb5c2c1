import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { constantAnswer } from './constant.js';

/*
 * The floor: a bare node:https server that collects the body, parses it as JSON and answers a constant. Run as
 * `node floor.js CERT KEY`; prints its port.
 */
const [, , certFile = '', keyFile = ''] = process.argv;

const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const answer = constantAnswer(request.url);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
