import { Agent, request } from 'node:https';
import type { JsonObject } from '../../../src/model/json.js';
import { envelope } from '../review.js';

/** What the port answered. */
export interface PortAnswer {
  readonly status: number;
  readonly body: string;
}

/** Posts bodies to a replica's port, as anybody on the pod network can. */
export class PortCaller {
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** Posts the review of a pod that is being created. */
  review(path: string, pod: JsonObject): Promise<PortAnswer> {
    return this.post(path, envelope(pod));
  }

  post(path: string, body: string): Promise<PortAnswer> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          method: 'POST',
          agent: this.#agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
