import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { objectOf } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { readSecret, writeSecret, type SecretPlace } from '../certificates/secret.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import type { PortChoice } from '../registration/reconciler.js';
import type { ConfirmedPort } from '../registration/registration.js';
import { OlderReplicaWatch, type OlderReplicas } from './older-replicas.js';
import { keysAfter, planPort, type PortStanding, type PortStep, type PortTerms } from './plan.js';
import { noPortKeys, portKeysIn, withPortKeys, type PortKeys } from './port-keys.js';
import type { PortProof } from './port-proof.js';

/** What the leader needs to keep the port's keys. */
export interface PortKeeperOptions extends Timing {
  readonly client: ApiClient;
  readonly secret: SecretPlace;
  readonly instance: string;
  readonly relistMs: number;
  readonly terms: PortTerms;
  /** What this replica knows. */
  readonly proof: PortProof;
  /** Fingerprint of the certificate that this replica serves; empty while there is none. */
  readonly certificate: () => string;
  /** How the API server calls, according to the configurations. */
  readonly confirmed: () => ConfirmedPort | undefined;
  /** Called when `choice` may have changed. */
  readonly onChoice: () => void;
  readonly log: Logger;
}

// Replicas learn of the Secret well before that, and a pod takes longer to start.
const noticeMs = 1_000;
const tickMs = 1_000;
const longestIdleMs = 60_000;
const longestBackOffMs = 30_000;

/**
 * The leader's part that keeps the port's keys in the Secret and decides which key the API server uses. It decides by what
 * is there, writes with the Secret's resourceVersion, and looks again. Two of them at once do no harm.
 */
export class PortKeeper {
  readonly #options: PortKeeperOptions;
  readonly #wake: Wake;
  #choice: PortChoice | undefined;
  #older: OlderReplicas | undefined;
  #knowHashes = false;
  #knowWays = false;
  /** Since when there may be such replicas, and whether proof was required then. */
  #olderSince: { readonly ms: number; readonly asked: boolean } | undefined;
  #keys = noPortKeys;
  #next: { readonly key: string; readonly sinceMs: number } | undefined;
  #complaint = '';
  #isRefused = false;

  constructor(options: PortKeeperOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** Call this when something that it uses may have changed. Can be passed on as it is. */
  readonly poke = (): void => this.#wake.poke();

  /** The key that the API server should use; `undefined` while not leading, and until that is decided. */
  choice(): PortChoice | undefined {
    return this.#choice;
  }

  /** Why this leader does not require proof, as text for people. */
  why(): string {
    if (this.#isRefused) return 'its key cannot be kept in the Secret';
    return this.#older === undefined ? whys.none : whys[this.#older];
  }

  /** Ends when the signal aborts, and never rejects for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    const { instance, secret, random, sleep } = this.#options;
    const pods = new OlderReplicaWatch({
      ...this.#options,
      instance,
      ownNamespace: secret.namespace,
      onChange: this.poke,
      signal,
    });
    let inARow = 0;
    while (!isAborted(signal)) {
      let failure: unknown;
      try {
        const hasWritten = await this.#look(pods, signal);
        if (!hasWritten) {
          inARow = 0;
          await this.#wake.sleep(this.#isMoving() ? tickMs : longestIdleMs, signal);
          continue;
        }
      } catch (error) {
        if (isAborted(signal)) break;
        failure = error;
        this.#failed(error);
        this.#goWithout(error);
      }
      // Look again after a write. The pause avoids a race with anything that undoes each write.
      inARow++;
      await sleep(backOffMs(inARow, random, failure, { longestMs: this.#longestBackOffMs() }), signal);
    }
    this.#choice = undefined;
    this.#older = undefined;
    this.#knowHashes = false;
    this.#knowWays = false;
    this.#isRefused = false;
    this.#olderSince = undefined;
    this.#keys = noPortKeys;
    this.#next = undefined;
  }

  /** Looks, and performs one step. @returns whether something was written */
  async #look(pods: OlderReplicaWatch, signal: AbortSignal): Promise<boolean> {
    const older = pods.current();
    this.#knowHashes = pods.knowHashes();
    this.#knowWays = pods.knowWays();
    this.#noteOlder(older);
    if (older === undefined) return false;
    // Not after a read that may fail, because a replica that does not know tokens is about to answer.
    this.#choose(this.#choice?.key);
    const { client, secret: place, terms, log } = this.#options;
    const secret = await readSecret(client, place, signal);
    const found = portKeysIn(secret);
    const keys = this.#withHeld(found);
    this.#noteNext(keys.next);
    const standing = this.#standing(keys, older);
    const step = planPort(standing, terms);
    const wanted = keysAfter(step, standing, () => randomBytes(32).toString('hex'));
    const isWrong = step !== 'none' || keys !== found;
    if (isWrong) {
      const data = withPortKeys(objectOf(secret?.['data']) ?? {}, wanted);
      await writeSecret(client, place, secret, data, signal);
      if (step !== 'none') log.info({ ...place, step }, messages[step]);
    }
    this.#keys = wanted;
    this.#choose(wanted.current);
    this.#complaint = '';
    this.#isRefused = false;
    return isWrong;
  }

  #standing(keys: PortKeys, older: OlderReplicas): PortStanding {
    const { clock, confirmed, certificate } = this.#options;
    const port = confirmed();
    const nowMs = clock.monotonicMs();
    return {
      keys,
      certificate: certificate(),
      older: older !== 'none',
      registered: port === undefined ? undefined : { key: port.key, forMs: nowMs - port.sinceMs },
      nextForMs: this.#next === undefined ? 0 : nowMs - this.#next.sinceMs,
    };
  }

  /** Every replica still accepts a key that was lost from the Secret, so it is put back. */
  #withHeld(keys: PortKeys): PortKeys {
    const { proof } = this.#options;
    return keys.current === undefined && proof.keys.current !== undefined ? proof.keys : keys;
  }

  #noteOlder(older: OlderReplicas | undefined): void {
    this.#older = older;
    if (older === undefined || older === 'none') this.#olderSince = undefined;
    else this.#olderSince ??= { ms: this.#options.clock.monotonicMs(), asked: this.#options.proof.keys.asked };
  }

  #noteNext(key: string | undefined): void {
    if (key === undefined) this.#next = undefined;
    else if (this.#next?.key !== key) this.#next = { key, sinceMs: this.#options.clock.monotonicMs() };
  }

  /**
   * The configurations carry tokens unless a replica that does not know tokens may answer. Replicas that require proof are
   * told a moment before; until then the configurations stay as they are.
   */
  #choose(current: string | undefined): void {
    const { clock, onChoice } = this.#options;
    const since = this.#olderSince;
    if (since === undefined ? current === undefined : since.asked && clock.monotonicMs() - since.ms < noticeMs) return;
    const key = since === undefined ? current : undefined;
    const choice = { key, hashed: this.#knowHashes, ways: this.#knowWays };
    if (isDeepStrictEqual(this.#choice, choice)) return;
    this.#choice = choice;
    onChoice();
  }

  #longestBackOffMs(): number {
    const isUrgent = this.#olderSince !== undefined && this.#choice?.key !== undefined;
    return isUrgent ? noticeMs : longestBackOffMs;
  }

  /** Whether a waiting time has begun but is not over. */
  #isMoving(): boolean {
    const { asked, next, previous } = this.#keys;
    if (this.#choice === undefined || next !== undefined || previous !== undefined) return true;
    return this.#olderSince === undefined ? !asked : asked || this.#choice.key !== undefined;
  }

  /**
   * If the Secret is refused, for example because the rights are from an earlier version, calls go without a token. That is
   * better than no calls.
   */
  #goWithout(error: unknown): void {
    if (!isApiError(error, 'Forbidden', 'Invalid', 'BadRequest')) return;
    this.#isRefused = true;
    if (this.#choice !== undefined) return;
    this.#choice = { key: undefined, hashed: this.#knowHashes, ways: this.#knowWays };
    this.#options.onChoice();
  }

  #failed(error: unknown): void {
    const { log, secret } = this.#options;
    if (isApiError(error, 'Conflict', 'AlreadyExists')) {
      log.debug({ err: error }, 'the Secret was changed meanwhile');
      return;
    }
    const text = 'the keys of the port cannot be kept in the Secret; tried again';
    log[text === this.#complaint ? 'debug' : 'error']({ err: error, ...secret }, text);
    this.#complaint = text;
  }
}

const whys: Readonly<Record<OlderReplicas, string>> = {
  none: 'its key is still spreading',
  some: 'a replica that knows no tokens is there',
  unknown: 'the installation’s pods may not be read, so a replica that knows no tokens may be there',
};

const messages: Readonly<Record<PortStep, string>> = {
  none: '',
  begin: 'the port’s first key was made',
  introduce: 'the port’s next key was made; the API server calls by it once every replica knows it',
  promote: 'the API server is to call by the port’s next key',
  retire: 'the port’s earlier key is accepted no longer',
  ask: 'the port asks for proof: every entry has called with its token for long enough',
  stopAsking: 'the port asks for no proof: a replica that knows no tokens is there, or may be',
};
