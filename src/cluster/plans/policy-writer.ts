import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import { TokenBucket } from '../../time/token-bucket.js';
import type { ApiClient } from '../client/api-client.js';
import type { Owner } from '../registration/webhook-configuration.js';
import { isOlder } from './versions.js';
import type { Judges } from './judges.js';
import type { Live } from './place-policies.js';
import { idOf, isAsAnswered, policyOf, writeObject, type PolicyObject } from './policy-object.js';

/** What is needed to write the API server's policies. */
export interface PolicyWriterOptions {
  readonly client: ApiClient;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly judges: Judges;
}

/**
 * Writes the API server's policies and bindings, for one term as the leader. It remembers the API server's answers, and so
 * knows what somebody else changed.
 */
export class PolicyWriter {
  readonly #options: PolicyWriterOptions;
  readonly #repairs: TokenBucket;
  /** The API server's answers to our writes in this term. */
  readonly #answered = new Map<string, JsonObject>();
  /** For each answer, what was requested. */
  readonly #asked = new Map<string, string>();

  constructor(options: PolicyWriterOptions) {
    this.#options = options;
    this.#repairs = new TokenBucket(options.clock, { burst: 5, everyMs: 30_000 });
  }

  /** The policies whose judge is not as it was written. */
  changedJudges(live: Live): readonly string[] {
    return [...this.#answered]
      .filter(([id, answered]) => id.startsWith('validating') && !isAsAnswered(live.get(id)?.object, answered))
      .map(([, answered]) => policyOf(answered) ?? '');
  }

  /**
   * The policy whose judge is not as it was written, according to a watch.
   * @param live the object; `undefined` if it was deleted
   * @returns `undefined` if it is as written, or is from before the last write
   */
  changedJudge(id: string, live: JsonObject | undefined): string | undefined {
    const answered = this.#answered.get(id);
    if (answered === undefined || isAsAnswered(live, answered)) return undefined;
    if (live !== undefined && isOlder(versionIn(live), versionIn(answered))) return undefined;
    return policyOf(answered);
  }

  /**
   * Writes an object that is not as it should be.
   * @returns whether somebody else had changed it
   * @throws ApiError; also if the object keeps being changed
   */
  async write(object: PolicyObject, live: JsonObject | undefined, owner: Owner, signal: AbortSignal): Promise<boolean> {
    const { client, judges } = this.#options;
    const id = idOf(object);
    const answered = this.#answered.get(id);
    const isWanted = this.#asked.get(id) === textOf(object, owner);
    if (isWanted && isAsAnswered(live, answered)) return false;
    const isRepair = isWanted && answered !== undefined;
    // Until it is repaired and proven again, the webhook judges.
    if (isRepair || object.kind.startsWith('validating')) judges.drop([object.policy]);
    const waitMs = isRepair ? this.#repairs.take() : 0;
    if (waitMs > 0) throw new Error(`${id} keeps being changed by somebody else; its repair waits`);
    const after = await writeObject(client, object, owner, live, signal);
    this.#answered.set(id, after);
    this.#asked.set(id, textOf(object, owner));
    return isRepair;
  }

  /** The version that the API server answered. */
  versionOf(object: PolicyObject): string {
    const metadata = objectOf(this.#answered.get(idOf(object))?.['metadata']);
    return `${stringOf(metadata?.['uid']) ?? ''} ${JSON.stringify(metadata?.['generation'] ?? 0)}`;
  }

  /** Call this when an object was deleted. */
  forget(id: string): void {
    this.#answered.delete(id);
  }
}

function versionIn(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])?.['resourceVersion']) ?? '';
}

function textOf({ spec, policy }: PolicyObject, owner: Owner): string {
  return JSON.stringify([spec, policy, owner.uid]);
}
