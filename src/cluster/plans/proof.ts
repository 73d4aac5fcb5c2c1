import { isAborted } from '../../time/abort.js';
import type { Sleep } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import type { Owner } from '../registration/webhook-configuration.js';
import type { Live } from './place-policies.js';
import { idOf, type PolicyObject } from './policy-object.js';
import type { PolicyWriter } from './policy-writer.js';
import { probe, probeObjects, wordOf, type ProbedSide } from './probe.js';

/** How many new connections in a row must reach API servers that have loaded what was written. */
const inARow = 5;
const mostProbes = 40;
const betweenProbesMs = 250;

/** What is needed to prove that what was written is in force. */
export interface ProofOptions {
  readonly client: ApiClient;
  readonly sleep: Sleep;
  readonly instance: string;
  readonly ownNamespace: string;
}

/** Whether policies of one side are in force, for one term as the leader. */
export class Proof {
  readonly #options: ProofOptions;
  readonly #writer: PolicyWriter;
  readonly #side: ProbedSide;
  /** The word that was proven last. */
  #proven: string | undefined;

  constructor(options: ProofOptions, writer: PolicyWriter, side: ProbedSide) {
    this.#options = options;
    this.#writer = writer;
    this.#side = side;
  }

  /** Call this when something was not as it was proven. */
  doubt(): void {
    this.#proven = undefined;
  }

  /**
   * Writes the probe behind these objects, and asks until API servers show that they have loaded it.
   * @throws ApiError; also if there is no proof
   */
  async prove(objects: readonly PolicyObject[], live: Live, owner: Owner, signal: AbortSignal): Promise<void> {
    const word = wordOf([this.#side, ...objects.map((object) => `${idOf(object)} ${this.#writer.versionOf(object)}`)]);
    for (const object of probeObjects(this.#options, this.#side, word)) {
      if (await this.#writer.write(object, live.get(idOf(object))?.object, owner, signal)) this.doubt();
    }
    if (this.#proven === word) return;
    const why = await this.#ask(word, signal);
    if (why !== undefined) throw new Error(`the API server’s own policies are not proven to be in force: ${why}`);
    this.#proven = word;
  }

  /** @returns why there is no proof */
  async #ask(word: string, signal: AbortSignal): Promise<string | undefined> {
    const { client, sleep } = this.#options;
    let why: string | undefined;
    for (let good = 0, probes = 0; good < inARow && probes < mostProbes && !isAborted(signal); probes++) {
      why = await probe(client, this.#options, this.#side, word, signal);
      good = why === undefined ? good + 1 : 0;
      if (why !== undefined) await sleep(betweenProbesMs, signal);
    }
    return isAborted(signal) ? 'it was not finished' : why;
  }
}
