import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { isObject, parsedJson, type JsonObject } from '../../../src/model/json.js';
import type { ApiServer, Identity } from './api-server.js';

/** What the API server made of a pod. */
export interface Created {
  readonly status: number;
  /** The pod, or why there is none. */
  readonly body: JsonObject;
}

/** Creates pods as dry runs over a few connections that stay open: many, and none is stored. */
export class DryRunPods {
  readonly #agent: Agent;
  readonly #url: string;

  constructor({ url, caFile }: ApiServer, { certFile, keyFile }: Identity, connections = 8) {
    this.#url = url;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: connections,
      ca: readFileSync(caFile),
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
    });
  }

  /** @param pod without a namespace, or with this one */
  create(namespace: string, pod: JsonObject): Promise<Created> {
    return this.call('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
  }

  /** Any call of the API server. */
  call(method: string, path: string, body: JsonObject): Promise<Created> {
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = { 'content-type': 'application/json', 'content-length': bytes.length };
    return new Promise((resolve, reject) => {
      const call = request(`${this.#url}${path}`, { method, agent: this.#agent, headers }, (response) => {
        text(response).then((answer) => {
          const parsed = parsedJson(answer);
          resolve({ status: response.statusCode ?? 0, body: isObject(parsed) ? parsed : { message: answer } });
        }, reject);
      });
      call.on('error', reject);
      call.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
