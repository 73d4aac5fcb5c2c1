import { everyRule, type Rule } from '../../engine/rules.js';
import { sampleOf, type Sample } from '../../inject/pod/sample.js';
import type { ClusterFacts, SeenFacts } from '../../model/recipe.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import { jittered, type Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { ApiError } from '../client/api-error.js';
import type { ClusterState } from '../state/cluster-state.js';
import { notLookedAt, refusedSample, showSample, type DefaultsFound, type ShowSampleOptions } from './show-sample.js';

/** What the look needs, and the function that gets its results. */
export interface DefaultsLookOptions extends ShowSampleOptions, Timing {
  readonly state: Pick<ClusterState, 'configuration' | 'onChange'>;
  /** The facts about the cluster; the same object until something changes. */
  readonly seen: () => SeenFacts;
  readonly factsOf: (seen: SeenFacts) => ClusterFacts;
  /** The API server's version; `undefined` while it is not known. */
  readonly version: () => string | undefined;
  readonly log: Logger;
  /** Called when `of` may have another answer. */
  readonly onFound: () => void;
}

const gatherMs = 50;
const betweenMs = 100;
/** How soon another version of the API server, or other facts of the cluster, are noticed. This makes no request. */
const tickMs = 15_000;
/** Another replica of the API server may be newer, and somebody's admission policy may change what it fills in. */
const everyMs = 60 * 60_000;
const retry = { firstMs: 30_000, longestMs: everyMs };

interface Seen {
  readonly found: DefaultsFound;
  readonly version: string | undefined;
  readonly againMs: number;
  /** Failures in a row. */
  readonly failures: number;
}

/** A rule's sample, with its inputs. `key` is the same for samples that look alike. */
interface Made {
  readonly seen: SeenFacts;
  readonly shown: { readonly sample: Sample; readonly key: string } | DefaultsFound;
}

const nothingAdded: DefaultsFound = {
  status: 'False',
  reason: 'NothingAdded',
  message: 'The policy adds no containers and no volumes to pods.',
};

/**
 * Finds out which fields the API server fills in in the parts that policies add, before pods meet them. An unknown version
 * of Kubernetes may fill in a field that the doors then mistake for a change. Sends one request for each set of equal parts:
 * when a set is new, when the API server's version changes, and once an hour.
 */
export class DefaultsLook {
  readonly #options: DefaultsLookOptions;
  readonly #wake: Wake;
  readonly #made = new WeakMap<Rule, Made>();
  #known: ReadonlyMap<string, Seen> = new Map();

  constructor(options: DefaultsLookOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** The finding about a policy's current parts; `undefined` if they were not looked at yet. Only while leading. */
  of(policy: string): DefaultsFound | undefined {
    const rule = this.#options.state.configuration().rules.byPolicy.get(policy);
    if (rule === undefined) return undefined;
    const { shown } = this.#makeOf(rule);
    return 'key' in shown ? this.#known.get(shown.key)?.found : shown;
  }

  /** Looks while leading. Ends soon after the signal aborts, and never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    // The findings of an earlier term may be old.
    this.#known = new Map();
    const unsubscribe = this.#options.state.onChange(({ configuration }) => {
      if (configuration) this.#wake.poke();
    });
    while (!isAborted(signal)) await this.#wake.sleep(await this.#pass(signal), signal, gatherMs);
    unsubscribe();
  }

  /** @returns in how many milliseconds to look again at the latest */
  async #pass(signal: AbortSignal): Promise<number> {
    const { clock, sleep, version, onFound } = this.#options;
    const samples = this.#samples();
    const known = new Map([...this.#known].filter(([key]) => samples.has(key)));
    this.#known = known;
    let nextMs = tickMs;
    for (const [key, sample] of samples) {
      let seen = known.get(key);
      if (seen === undefined || seen.version !== version() || clock.monotonicMs() >= seen.againMs) {
        const now = await this.#look(sample, seen, signal);
        if (isAborted(signal)) break;
        known.set(key, now);
        if (now.found.message !== seen?.found.message) {
          this.#say(now.found);
          onFound();
        }
        seen = now;
        await sleep(betweenMs, signal);
      }
      nextMs = Math.min(nextMs, Math.max(0, seen.againMs - clock.monotonicMs()));
    }
    return nextMs;
  }

  async #look(sample: Sample, before: Seen | undefined, signal: AbortSignal): Promise<Seen> {
    const { clock, random } = this.#options;
    const version = this.#options.version();
    try {
      const found = await showSample(this.#options, sample, version, signal);
      return { found, version, againMs: clock.monotonicMs() + jittered(everyMs, random), failures: 0 };
    } catch (error) {
      const failures = (before?.failures ?? 0) + 1;
      const againMs = clock.monotonicMs() + backOffMs(failures, random, error, retry);
      return { found: this.#failed(error), version, againMs, failures };
    }
  }

  #failed(error: unknown): DefaultsFound {
    if (error instanceof ApiError) return refusedSample(error);
    this.#options.log.error({ err: error }, 'what the API server fills in could not be looked at');
    return notLookedAt('something unexpected went wrong, which the log of the leader has');
  }

  #say({ status, message }: DefaultsFound): void {
    const { log } = this.#options;
    if (status === 'False') log.info({ found: message }, 'what the API server fills in is known');
    else if (status === 'True') log.warn({ found: message }, 'the API server fills in what is not known');
    else log.warn({ found: message }, 'what the API server fills in could not be looked at; it is tried again');
  }

  /** The samples to show, each once. */
  #samples(): ReadonlyMap<string, Sample> {
    const samples = new Map<string, Sample>();
    for (const [, rule] of everyRule(this.#options.state.configuration().rules)) {
      const { shown } = this.#makeOf(rule);
      if ('key' in shown) samples.set(shown.key, shown.sample);
    }
    return samples;
  }

  #makeOf(rule: Rule): Made {
    const { seen: read, factsOf } = this.#options;
    const seen = read();
    let made = this.#made.get(rule);
    if (made?.seen !== seen) {
      made = { seen, shown: this.#shownOf(rule, factsOf(seen)) };
      this.#made.set(rule, made);
    }
    return made;
  }

  #shownOf({ recipe, wishes }: Rule, facts: ClusterFacts): Made['shown'] {
    try {
      const sample = sampleOf(recipe, wishes, facts);
      if (sample === undefined) return nothingAdded;
      if ('reason' in sample) return notLookedAt(`no pod can get them, since ${sample.detail}`);
      return { sample, key: JSON.stringify(sample.spec) };
    } catch (error) {
      return this.#failed(error);
    }
  }
}
