import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

/*
 * The floor: a bare node:https server that collects the body, parses it as JSON and answers a constant. Run as
 * `node floor.js CERT KEY`; prints its port.
 */
const [, , certFile = '', keyFile = ''] = process.argv;
const constant = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: 'constant', allowed: true },
});

const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': constant.length });
    response.end(constant);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`port ${typeof address === 'object' ? (address?.port ?? 0) : 0}\n`);
});
