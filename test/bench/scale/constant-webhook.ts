import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { isObject, objectOf } from '../../../src/model/json.js';

/*
 * A webhook that parses the review and allows the pod as it is. Run as `node constant-webhook.js CERT KEY PORT`; prints a
 * line when it listens.
 */
const [, , certFile = '', keyFile = '', port = ''] = process.argv;

const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (request, response) => {
  json(request).then(
    (review) => {
      const uid = isObject(review) ? objectOf(review['request'])?.['uid'] : undefined;
      const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      const text = JSON.stringify(answer);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
      response.end(text);
    },
    () => response.destroy(),
  );
});
server.keepAliveTimeout = 120_000;
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
