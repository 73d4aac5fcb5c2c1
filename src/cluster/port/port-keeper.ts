import { randomBytes } from 'node:crypto';
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

/** What the leader keeps the port's keys with. */
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
  /** How the configurations are known to call. */
  readonly confirmed: () => ConfirmedPort | undefined;
  /** Told when `choice` may have changed. */
  readonly onChoice: () => void;
  readonly log: Logger;
}

// Replicas hear of the Secret well before, and a pod takes longer to start.
const noticeMs = 1_000;
const tickMs = 1_000;
const longestIdleMs = 60_000;
const longestBackOffMs = 30_000;

/**
 * The part of the leader that keeps the port's keys in the Secret, and decides by which the API server calls. It decides on
 * what stands there, writes with the Secret's resourceVersion, and looks again; two of them at once do no harm.
 */
export class PortKeeper {
  readonly #options: PortKeeperOptions;
  readonly #wake: Wake;
  #choice: PortChoice | undefined;
  #older: OlderReplicas | undefined;
  #knowHashes = false;
  /** Since when such replicas may be there, and whether proof was asked for then. */
  #olderSince: { readonly ms: number; readonly asked: boolean } | undefined;
  #keys = noPortKeys;
  #next: { readonly key: string; readonly sinceMs: number } | undefined;
  #complaint = '';
  #isRefused = false;

  constructor(options: PortKeeperOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** Says that something of what it goes by may have changed. Can be handed on as it is. */
  readonly poke = (): void => this.#wake.poke();

  /** By which key the API server is to call; `undefined` while not leading, and until that is decided. */
  choice(): PortChoice | undefined {
    return this.#choice;
  }

  /** Why no proof is asked for, where this leader does not have it asked for. For people. */
  why(): string {
    if (this.#isRefused) return 'its key cannot be kept in the Secret';
    return this.#older === undefined ? whys.none : whys[this.#older];
  }

  /** Ends when the signal aborts, and never rejects for what an API server does. */
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
      // A write is followed by another look; the pause keeps us out of a race with whatever undoes it each time.
      inARow++;
      await sleep(backOffMs(inARow, random, failure, { longestMs: this.#longestBackOffMs() }), signal);
    }
    this.#choice = undefined;
    this.#older = undefined;
    this.#knowHashes = false;
    this.#isRefused = false;
    this.#olderSince = undefined;
    this.#keys = noPortKeys;
    this.#next = undefined;
  }

  /** Looks, and carries out one step. @returns whether something was written */
  async #look(pods: OlderReplicaWatch, signal: AbortSignal): Promise<boolean> {
    const older = pods.current();
    this.#knowHashes = pods.knowHashes();
    this.#noteOlder(older);
    if (older === undefined) return false;
    // Not behind a read that may fail: who knows no tokens is about to answer.
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

  /** What was lost from the Secret is accepted on by every replica, and is put back. */
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
   * Tokens stand in the configurations unless a replica may answer that knows none. Those that ask for proof are told a moment
   * before; until then what stands there stays.
   */
  #choose(current: string | undefined): void {
    const { clock, onChoice } = this.#options;
    const since = this.#olderSince;
    if (since === undefined ? current === undefined : since.asked && clock.monotonicMs() - since.ms < noticeMs) return;
    const key = since === undefined ? current : undefined;
    const hashed = this.#knowHashes;
    if (this.#choice !== undefined && this.#choice.key === key && this.#choice.hashed === hashed) return;
    this.#choice = { key, hashed };
    onChoice();
  }

  #longestBackOffMs(): number {
    const isUrgent = this.#olderSince !== undefined && this.#choice?.key !== undefined;
    return isUrgent ? noticeMs : longestBackOffMs;
  }

  /** Whether a time is running. */
  #isMoving(): boolean {
    const { asked, next, previous } = this.#keys;
    if (this.#choice === undefined || next !== undefined || previous !== undefined) return true;
    return this.#olderSince === undefined ? !asked : asked || this.#choice.key !== undefined;
  }

  /** Where the Secret is refused, as by rights of a version before, calls go without a token rather than nowhere. */
  #goWithout(error: unknown): void {
    if (!isApiError(error, 'Forbidden', 'Invalid', 'BadRequest')) return;
    this.#isRefused = true;
    if (this.#choice !== undefined) return;
    this.#choice = { key: undefined, hashed: this.#knowHashes };
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
