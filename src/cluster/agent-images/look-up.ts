import type { ImageOutcome, ImageResolver } from '../../model/image.js';
import type { ClusterFacts } from '../../model/recipe.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import { jittered, type Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { writeAgentImages, type AgentImagesPlace } from './config-map.js';
import { entryText, isReadable, mostImages, type AgentImage } from './entries.js';
import { isSameArgv, type KnownAgentImages } from './known.js';
import { wantedImages, type WantedBy, type WantedImage } from './wanted.js';

/** What the leader needs to look up agents' images. */
export interface AgentImageLookUpOptions extends AgentImagesPlace, Timing {
  readonly images: Pick<ImageResolver, 'lookUp'>;
  /** What all replicas know. */
  readonly known: Pick<KnownAgentImages, 'of' | 'standing'>;
  /** `undefined` until the policies are read, and during a pause. Nothing is looked up or written then. */
  readonly view: () => WantedBy | undefined;
  readonly rewrites: ClusterFacts['imageRewrites'];
  /** What an image starts according to the operator, which takes precedence over any registry. */
  readonly operatorSays: (image: string) => readonly string[] | undefined;
  /** All architectures of the cluster's nodes, as one text. If it changes, images are looked up again. */
  readonly architectures: () => string;
  /** Whether a replica may answer that would mistake a pod with a keeper for a forged one. */
  readonly older: () => boolean;
  /** Called when `of` may have another answer. */
  readonly onFound: () => void;
  readonly log: Logger;
}

/** The state of one image, for its policies' statuses. */
export interface AgentImageState {
  readonly image: string;
  /** What is known, if anything is. */
  readonly found: AgentImage | undefined;
  /** Why the last look-up found nothing; part of a sentence, for people. */
  readonly problem: string | undefined;
  /** Whether the operator says what it starts. It is not looked up then. */
  readonly given: boolean;
}

/** What happened to one image in this term. */
interface Looked {
  /** What this leader found itself. */
  readonly found: AgentImage | undefined;
  readonly problem: string | undefined;
  /** Failures in a row. */
  readonly failures: number;
  /** When to look again, on the monotonic clock. */
  readonly againMs: number;
  readonly by: ReadonlySet<object>;
  readonly architectures: string;
}

const gatherMs = 250;
const tickMs = 15_000;
const renewMs = 10 * 60_000;
const retry = { firstMs: 5_000, longestMs: renewMs };
const lookUpMs = 30_000;
// Look-ups for pods have priority at registries.
const atOnce = 4;
/** An image is not forgotten while its policy is edited back and forth. */
const keptMs = 10 * 60_000;

/**
 * The leader's task of finding out what agents' images start, which a pod's keeper has to know. It looks up each image once
 * for all policies that name it, with the pull secrets that these policies name in the installation's namespace. It looks
 * again when one of the policies, its profile or the nodes' architectures change, and every ten minutes. It keeps the
 * results in a ConfigMap that all replicas follow. A result stays until there is another one: a registry that does not
 * answer removes nothing.
 */
export class AgentImageLookUp {
  readonly #options: AgentImageLookUpOptions;
  readonly #wake: Wake;
  #looked = new Map<string, Looked>();
  /** Since when an image in the ConfigMap has been unwanted. */
  #unwanted = new Map<string, number>();
  #writeFailures = 0;
  #complaint = '';

  constructor(options: AgentImageLookUpOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** Call this when policies, profiles or the ConfigMap have changed. */
  readonly changed = (): void => this.#wake.poke();

  /** The state of an image; `undefined` if it was not looked at yet. Only while leading. */
  of(image: string): AgentImageState | undefined {
    const given = this.#options.operatorSays(image) !== undefined;
    const looked = this.#looked.get(image);
    const found = this.#options.known.of(image) ?? looked?.found;
    if (!given && looked === undefined && found === undefined) return undefined;
    return { image, found, given, problem: looked?.problem };
  }

  /** Runs while leading. Ends soon after the signal aborts, and never throws for a server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    while (!isAborted(signal)) {
      const nextMs = await this.#pass(signal);
      await this.#wake.sleep(nextMs, signal, gatherMs);
    }
    // Another replica leads now, and may find something else.
    this.#looked = new Map();
    this.#unwanted = new Map();
    this.#writeFailures = 0;
  }

  /** @returns in how many milliseconds to look again at the latest */
  async #pass(signal: AbortSignal): Promise<number> {
    const { view, rewrites, operatorSays, older } = this.#options;
    const by = view();
    if (by === undefined) return tickMs;
    const all = wantedImages(by, rewrites);
    const wanted = [...all.values()].filter(({ image }) => operatorSays(image) === undefined);
    for (const image of this.#looked.keys()) if (!all.has(image)) this.#looked.delete(image);
    const due = wanted.slice(0, mostImages).filter((one) => this.#isDue(one));
    for (const beyond of wanted.slice(mostImages)) this.#leaveOut(beyond);
    for (let at = 0; at < due.length && !isAborted(signal); at += atOnce) {
      await Promise.all(due.slice(at, at + atOnce).map((one) => this.#look(one, signal)));
    }
    if (isAborted(signal) || view() === undefined) return tickMs;
    // Only a replica that knows an entry accepts pods both with and without a keeper.
    if (!older()) await this.#keep(new Set(wanted.map(({ image }) => image)));
    return this.#writeFailures > 0 ? backOffMs(this.#writeFailures, this.#options.random) : tickMs;
  }

  #isDue({ image, by }: WantedImage): boolean {
    const looked = this.#looked.get(image);
    if (looked === undefined || looked.architectures !== this.#options.architectures()) return true;
    return this.#options.clock.monotonicMs() >= looked.againMs || by.some((one) => !looked.by.has(one));
  }

  async #look({ image, pullSecrets, policies, by }: WantedImage, signal: AbortSignal): Promise<void> {
    const { images, ownNamespace, clock, random, onFound, log } = this.#options;
    const before = this.#looked.get(image);
    const architectures = this.#options.architectures();
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lookUpMs)]);
    const pod = { spec: { imagePullSecrets: pullSecrets.map((name) => ({ name })) } };
    const outcome = await images.lookUp({ reference: image, namespace: ownNamespace, pod }, limited);
    if (isAborted(signal)) return;
    const found = this.#foundIn(image, outcome);
    const about = { image, policies: policies.slice(0, 5) };
    if (typeof found === 'string') {
      const failures = (before?.failures ?? 0) + 1;
      const againMs = clock.monotonicMs() + backOffMs(failures, random, undefined, retry);
      this.#looked.set(image, {
        ...{ found: before?.found, problem: found, failures, againMs },
        ...{ by: new Set(by), architectures },
      });
      if (before?.problem === found) return;
      log.warn({ ...about, why: found }, 'what the agent’s image starts could not be found out; it is tried again');
    } else {
      const againMs = clock.monotonicMs() + jittered(renewMs, random);
      this.#looked.set(image, {
        ...{ found, problem: undefined, failures: 0, againMs },
        ...{ by: new Set(by), architectures },
      });
      if (before?.problem === undefined && isSameEntry(before?.found, found)) return;
      log.info({ ...about, digest: found.digest, argv: found.argv }, 'what the agent’s image starts is known');
    }
    onFound();
  }

  /** What an outcome says about the image, or why it says nothing. Returns the same object if the result did not change. */
  #foundIn(image: string, outcome: ImageOutcome): AgentImage | string {
    if (!outcome.ok) return `${outcome.reason}: ${outcome.detail}`;
    const { entrypoint, cmd } = outcome.config;
    const argv = [...entrypoint, ...cmd];
    if (argv.length === 0) return 'it starts nothing: it has neither ENTRYPOINT nor CMD';
    const before = this.#looked.get(image)?.found ?? this.#options.known.of(image);
    if (before !== undefined && before.digest === outcome.digest && isSameArgv(before.argv, argv)) return before;
    const foundAt = new Date(this.#options.clock.wallMs()).toISOString();
    const found = { image, argv, digest: outcome.digest, foundAt };
    if (entryText(found) === undefined || argv.length > 256) return 'what it starts is too long to be kept';
    return isReadable(found) ? found : 'what it starts, or its name, has characters that are not kept';
  }

  #leaveOut({ image, by }: WantedImage): void {
    const problem = `policies name more than ${mostImages} images of agents, and this one is beyond them`;
    this.#looked.set(image, {
      ...{ found: undefined, problem, failures: 1, againMs: Infinity },
      ...{ by: new Set(by), architectures: this.#options.architectures() },
    });
  }

  /**
   * Makes sure that the ConfigMap holds what is known about the wanted images, and of those that were wanted until
   * recently.
   */
  async #keep(wanted: ReadonlySet<string>): Promise<void> {
    const { known, log } = this.#options;
    const { standing } = known;
    const keep = new Map<string, AgentImage>();
    for (const image of wanted) {
      // The result of the look-up wins over anything written there since.
      const entry = this.#looked.get(image)?.found ?? known.of(image);
      if (entry !== undefined && keep.size < mostImages) keep.set(image, entry);
    }
    for (const [image, entry] of standing?.images ?? []) {
      if (!keep.has(image) && this.#isWantedLately(image) && keep.size < mostImages) keep.set(image, entry);
    }
    for (const image of this.#unwanted.keys()) {
      if (wanted.has(image) || standing?.images.has(image) !== true) this.#unwanted.delete(image);
    }
    const isRight =
      standing === undefined
        ? keep.size === 0
        : standing.invalid.length === 0 &&
          standing.images.size === keep.size &&
          [...keep].every(([image, entry]) => isSameEntry(standing.images.get(image), entry));
    if (isRight) {
      this.#writeFailures = 0;
      return;
    }
    try {
      if (await writeAgentImages(this.#options, keep))
        log.info({ images: keep.size }, 'what agents’ images start was written');
      this.#writeFailures = 0;
      this.#complaint = '';
    } catch (error) {
      this.#writeFailures++;
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.#complaint) {
        log.warn({ err: error }, 'what agents’ images start could not be written; it is tried again');
      }
      this.#complaint = complaint;
    }
  }

  #isWantedLately(image: string): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = this.#unwanted.get(image);
    if (sinceMs === undefined) this.#unwanted.set(image, nowMs);
    return nowMs - (sinceMs ?? nowMs) < keptMs;
  }
}

function isSameEntry(there: AgentImage | undefined, ours: AgentImage): boolean {
  return there !== undefined && entryText(there) === entryText(ours);
}
