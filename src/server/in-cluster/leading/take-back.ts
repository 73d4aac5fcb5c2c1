import type { ApiClient } from '../../../cluster/client/api-client.js';
import { TakeBack } from '../../../cluster/take-back/take-back.js';
import { TakeBackEvents } from '../../../cluster/take-back/take-back-events.js';
import { YoungNamespaces } from '../../../cluster/take-back/young-namespaces.js';
import type { NotLookedFor, TakenBackFound } from '../../../cluster/status/taken-back.js';
import type { LeadingOptions } from './options.js';

/** What this part needs, in addition to the leader's options. */
export interface LedTakeBackOptions extends Pick<
  LeadingOptions,
  'settings' | 'watching' | 'state' | 'connection' | 'engine' | 'takeBackMetrics' | 'tell'
> {
  /** Makes objects that go with the installation. */
  readonly client: ApiClient;
  /** Whether there is anything to be done: not while paused, or while no replica is known to answer. */
  readonly isAtWork: () => boolean;
  readonly onResult: () => void;
}

/** The leader's part for workloads that instrumentation keeps from running. */
export class LedTakeBack {
  /** Where pods were instrumented lately. */
  readonly young: YoungNamespaces;
  readonly #options: LedTakeBackOptions;
  readonly #takeBack: TakeBack;

  constructor(options: LedTakeBackOptions) {
    const { settings, watching, state, connection, engine, takeBackMetrics, tell, client } = options;
    this.#options = options;
    this.young = new YoungNamespaces(watching.clock);
    this.#takeBack = new TakeBack({
      ...watching,
      client,
      pods: watching.client,
      dates: connection.serverClock,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      afterMs: settings.takeBackAfter,
      engine: () => (options.isAtWork() ? engine() : undefined),
      namespaces: () => state.configuration().namespaces,
      young: this.young,
      metrics: takeBackMetrics,
      events: tell === undefined ? undefined : new TakeBackEvents({ tell, clock: watching.clock }),
      onResult: options.onResult,
    });
  }

  /** Call this when someone asked for a retry. */
  readonly poke = (): void => this.#takeBack.poke();

  /** What a policy was taken back from; `off` if nobody looks. */
  of(policy: string): TakenBackFound | NotLookedFor | 'off' | undefined {
    return this.#isOn ? this.#takeBack.of(policy) : 'off';
  }

  /** Looks until the term ends. */
  async run(term: AbortSignal): Promise<void> {
    if (this.#isOn) await this.#takeBack.run(term);
  }

  get #isOn(): boolean {
    return this.#options.settings.takeBackAfter > 0;
  }
}
