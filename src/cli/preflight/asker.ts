import { controlledPod, ordinals, type MadeUp, type Maker } from '../../cluster/dry-run/controlled-pod.js';
import type { DryRunAnswer, DryRunPods } from '../../cluster/dry-run/dry-run-pods.js';
import { nameless } from '../../cluster/dry-run/nameless.js';
import type { JsonObject } from '../../model/json.js';
import { isOwn, verdictOf, type Verdict } from './verdict.js';

/** A pod to ask about. */
export interface Question {
  readonly namespace: string;
  readonly maker: Maker;
  /** The template as it is written. */
  readonly bare: JsonObject;
  /** The same with our parts. */
  readonly instrumented: JsonObject;
  /** The policy whose parts they are. */
  readonly policy: string;
}

/** What {@link Asker} works with. */
export interface AskerOptions {
  readonly pods: Pick<DryRunPods, 'create'>;
  /** Name of the installation. */
  readonly instance: string;
  readonly uid: () => string;
  readonly random: () => number;
}

/**
 * Asks the API server about pods. Where one would be refused, it asks also about the pod without our parts, to tell what they
 * bring about from what is so already.
 */
export class Asker {
  readonly #options: AskerOptions;
  readonly #withoutRight = new Set<string>();
  /** The first answer in each namespace, which shows whether pods may be created there at all. */
  readonly #first = new Map<string, Promise<unknown>>();
  #asked = 0;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  /** How many pods were asked about. */
  get asked(): number {
    return this.#asked;
  }

  /** The namespaces in which the user may not create pods, sorted. */
  get withoutRight(): readonly string[] {
    return [...this.#withoutRight].sort();
  }

  /** Asks about one pod. Rejects only when the command is interrupted. */
  async ask(question: Question): Promise<Verdict> {
    const { namespace, policy, bare, instrumented } = question;
    const first = this.#first.get(namespace);
    // Without a wait for nothing, so that the first question is noted before the next one comes.
    if (first !== undefined) await first;
    if (this.#withoutRight.has(namespace)) return { kind: 'not_asked', why: 'no_right' };
    const { instance } = this.#options;
    const asking = this.#then(namespace, this.#create(question, instrumented));
    if (first === undefined) this.#first.set(namespace, asking);
    const then = await asking;
    const asksBare = then.kind === 'refused' && !isOwn(then.refusal, instance);
    const now = asksBare ? await this.#create(question, bare) : undefined;
    return verdictOf(instance, { namespace, policy }, then, now);
  }

  async #then(namespace: string, asking: Promise<DryRunAnswer>): Promise<DryRunAnswer> {
    const answer = await asking;
    if (answer.kind === 'forbidden') this.#withoutRight.add(namespace);
    else this.#asked += 1;
    return answer;
  }

  async #create({ namespace, maker }: Question, template: JsonObject): Promise<DryRunAnswer> {
    const { uid, random, pods } = this.#options;
    const madeUp: MadeUp = { uid: uid(), number: Math.floor(random() * ordinals) };
    const pod = controlledPod(template, maker, madeUp);
    const answer = await pods.create(namespace, pod);
    if (answer.kind !== 'refused') return answer;
    const { refusal } = answer;
    return { kind: 'refused', refusal: { ...refusal, words: nameless(refusal.words, pod) } };
  }
}
