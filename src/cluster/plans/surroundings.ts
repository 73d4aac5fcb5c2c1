import type { JsonObject } from '../../model/json.js';
import type { LabelSelector } from '../../model/selector.js';
import { watchJudges, type JudgeWatchOptions } from './judge-watch.js';
import type { Judges } from './judges.js';
import { OtherMutators, type OtherMutatorsOptions } from './other-mutators.js';
import type { Skips } from './skips.js';

/** What is needed to see what others change. */
export interface SurroundingsOptions
  extends Omit<OtherMutatorsOptions, 'onChange'>, Omit<JudgeWatchOptions, 'onChange'> {
  readonly judges: Judges;
  readonly skips: Skips;
  /** The policy whose judge is not as it was written. */
  readonly changedJudge: (id: string, live: JsonObject | undefined) => string | undefined;
  /** Called when a pass may come to another result. */
  readonly onNews: () => void;
}

/** How long a pass waits for the first list of others' webhooks. */
const patienceMs = 5_000;

/**
 * What others do around the API server's policies, followed for one term as the leader: their own mutating webhooks and
 * policies, and changes to ours. What they make unsafe is taken back at once, since a pass may be busy with much else.
 */
export class Surroundings {
  readonly #options: SurroundingsOptions;
  #others: OtherMutators | undefined;
  /** The namespaces of the policies that are carried out. */
  #selected: readonly LabelSelector[] = [];
  #told = '';

  constructor(options: SurroundingsOptions) {
    this.#options = options;
  }

  /** Begins to follow, the first time. Resolves when others' webhooks are known, or take long. */
  async follow(signal: AbortSignal): Promise<OtherMutators> {
    if (this.#others !== undefined) return this.#others;
    const others = new OtherMutators({ ...this.#options, onChange: this.#othersChanged }, signal);
    this.#others = others;
    watchJudges({ ...this.#options, onChange: this.#judgeChanged }, signal);
    await Promise.race([others.synced, this.#options.sleep(patienceMs, signal)]);
    return others;
  }

  /** Says which namespaces the policies that are carried out are for. */
  select(namespaces: readonly LabelSelector[]): void {
    this.#selected = namespaces;
    this.#dropSkips();
  }

  readonly #othersChanged = (): void => {
    this.#dropSkips();
    // Some controllers write their configurations all the time, and nothing follows from that.
    const now = JSON.stringify(this.#selected.map((namespaces) => this.#others?.inTheWay(namespaces) ?? ''));
    if (now === this.#told) return;
    this.#told = now;
    this.#options.onNews();
  };

  readonly #judgeChanged = (id: string, live: JsonObject | undefined): void => {
    const { changedJudge, judges, onNews } = this.#options;
    const policy = changedJudge(id, live);
    if (policy !== undefined && judges.drop([policy])) onNews();
  };

  #dropSkips(): void {
    this.#options.skips.drop((_policy, { namespaces }) => this.#others?.inTheWay(namespaces) !== undefined);
  }
}
