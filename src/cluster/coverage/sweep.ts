import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PodPlace } from '../../engine/coverage/ask.js';
import { CoverageJudge, type JudgeOptions } from '../../engine/coverage/judge.js';
import { CoverageTally, type CountedPod } from '../../engine/coverage/tally.js';
import { matchNamespaces } from '../../engine/matched-namespaces.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { byApiServer, names } from '../../model/names.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';
import { controllerIn, workloadOf } from '../../model/workload-of.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { ApiError, isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { PacedClient, type PodClient } from './paced-client.js';
import type { ReportLooks } from './report-looks.js';
import { fieldSelector, pageSizes, podLists, strictNamespaces, type PodList } from './pod-lists.js';
import { PodSample } from './sample.js';

/** What a sweep looks at, and what it judges by. */
export interface SweepOptions extends JudgeOptions, Timing {
  readonly client: PodClient;
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, StringMap>;
  /** Milliseconds from one request to the next. */
  readonly everyMs: number;
  /** How many of the pods that are judged by their record are read whole afterwards. */
  readonly sampled: number;
  /** Called with the namespace and the age of each pod that claims to be instrumented. */
  readonly onInstrumented?: (namespace: string, ageMs: number) => void;
  /** Looks up images of pods whose policy only reports. Absent: none is looked up. */
  readonly looks?: Pick<ReportLooks, 'of'>;
  readonly signal: AbortSignal;
}

/** The findings of a complete sweep. */
export interface Swept {
  readonly tally: CoverageTally;
  readonly requests: number;
}

/** A request may be slow, because a page of whole pods has several megabytes. */
const requestMs = 30_000;
/** How often to start a list again that took longer than the API server remembers it. */
const mostRestarts = 3;
const podsAtOnce = 25;

/**
 * Looks at the running pods that policies may win, page by page, and counts them. It keeps nothing of a page afterwards.
 * @throws ApiError if a request fails; the counts so far are dropped
 */
export async function sweepPods(options: SweepOptions): Promise<Swept> {
  return new Sweep(options).run();
}

class Sweep {
  readonly #options: SweepOptions;
  readonly #client: PacedClient;
  readonly #judge: CoverageJudge;
  readonly #tally = new CoverageTally();
  readonly #sample: PodSample;
  readonly #places: ReadonlyMap<string, PodPlace>;
  readonly #lists: readonly PodList[];
  readonly #strict: ReadonlySet<string>;

  constructor(options: SweepOptions) {
    const { engine, namespaces } = options;
    this.#options = options;
    this.#client = new PacedClient(options);
    this.#judge = new CoverageJudge(options);
    this.#sample = this.#newSample();
    const matches = matchNamespaces(engine.rules, namespaces, engine.excludedNamespaces);
    this.#lists = podLists(matches);
    this.#strict = strictNamespaces(matches);
    this.#places = new Map(
      matches.namespaces.map(({ name, labels }) => [
        name,
        { namespace: name, labels: namespaceLabelsOf(name, labels) },
      ]),
    );
  }

  async run(): Promise<Swept> {
    for (const list of this.#lists) await this.#read(list);
    await this.#readSample();
    return { tally: this.#tally, requests: this.#client.requests };
  }

  /** Reads a list. If it expires in the middle, drops its counts and starts again from the beginning. */
  async #read(list: PodList): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      const part = { tally: new CoverageTally(), sample: this.#newSample() };
      try {
        await this.#readOnce(list, part);
        this.#tally.merge(part.tally);
        this.#sample.merge(part.sample);
        return;
      } catch (error) {
        if (!isApiError(error, 'Expired') || restarts >= mostRestarts) throw error;
      }
    }
  }

  async #readOnce(list: PodList, part: Part): Promise<void> {
    const { path, labelSelector, read } = list;
    let from: string | undefined;
    do {
      const page = await this.#client.page(path, {
        query: { labelSelector, fieldSelector },
        pageSize: pageSizes[read],
        metadataOnly: read === 'record',
        timeoutMs: requestMs,
        from,
      });
      this.#endIfAborted();
      for (const [index, pod] of page.items.entries()) {
        const met = this.#meet(pod, list);
        if (met !== undefined) this.#count(await this.#reported(pod, met), part);
        // This replica also answers reviews.
        if (index % podsAtOnce === podsAtOnce - 1) await nextTurn();
      }
      from = page.next;
    } while (from !== undefined);
  }

  /** @returns `undefined` for a pod that does not count, or is in another list */
  #meet(pod: JsonObject, { read, path }: PodList): CountedPod | undefined {
    const metadata = objectOf(pod['metadata']) ?? {};
    const place = this.#places.get(stringOf(metadata['namespace']) ?? '');
    const workload = workloadOf(metadata);
    if (place === undefined || workload === undefined || metadata['deletionTimestamp'] !== undefined) return undefined;
    this.#tellInstrumented(metadata, place);
    const isElsewhere = read === 'record' && path === everywhere && this.#strict.has(place.namespace);
    if (isElsewhere) return undefined;
    const readWhole = read === 'whole';
    const verdict = readWhole ? this.#judge.whole(pod, place) : this.#judge.byRecord(pod, place);
    if (verdict === undefined) return undefined;
    const name = stringOf(metadata['name']) ?? '';
    const maker = controllerIn(metadata) ?? { apiVersion: 'v1', kind: 'Pod', name, uid: stringOf(metadata['uid']) };
    const saysByApiServer = objectOf(metadata['labels'])?.[names.by] === byApiServer;
    return { verdict, namespace: place.namespace, name, workload, maker, readWhole, saysByApiServer };
  }

  /** The pod, with what its policy would do with it if that takes a look-up. */
  async #reported(pod: JsonObject, met: CountedPod): Promise<CountedPod> {
    const { looks, engine, signal } = this.#options;
    const place = this.#places.get(met.namespace);
    if (looks === undefined || place === undefined || met.verdict.would?.reason !== 'image_not_looked_up') return met;
    const would = await looks.of(pod, place, engine, signal);
    this.#endIfAborted();
    return would === undefined ? met : { ...met, verdict: { ...met.verdict, would } };
  }

  #count(counted: CountedPod, part: Part): void {
    part.tally.add(counted);
    if (!counted.readWhole && counted.verdict.state !== 'excused') part.sample.offer(counted);
  }

  #tellInstrumented({ labels, creationTimestamp }: JsonObject, { namespace }: PodPlace): void {
    const { onInstrumented, clock } = this.#options;
    if (onInstrumented === undefined || objectOf(labels)?.[names.status] === undefined) return;
    onInstrumented(namespace, clock.wallMs() - Date.parse(stringOf(creationTimestamp) ?? ''));
  }

  /** Reads some of the pods that were judged by their record as a whole. */
  async #readSample(): Promise<void> {
    for (const counted of this.#sample.pods) {
      const { namespace, name } = counted;
      const place = this.#places.get(namespace);
      const pod = await this.#get(namespace, name);
      this.#endIfAborted();
      const found = place === undefined || pod === undefined ? undefined : this.#judge.whole(pod, place);
      if (found !== undefined) this.#tally.correct(counted, found);
    }
  }

  /** Uses a list of one, so that the right to get pods is not needed. @returns `undefined` for a pod that is gone */
  async #get(namespace: string, name: string): Promise<JsonObject | undefined> {
    const query = { fieldSelector: `metadata.name=${name}` };
    const { items } = await this.#client.page(pathOf(resources.pods, { namespace }), {
      query,
      pageSize: 1,
      timeoutMs: requestMs,
    });
    return items[0];
  }

  #newSample(): PodSample {
    return new PodSample(this.#options.sampled, this.#options.random);
  }

  #endIfAborted(): void {
    if (!isAborted(this.#options.signal)) return;
    throw new ApiError('the sweep was ended', { status: 0, reason: 'NoAnswer' });
  }
}

interface Part {
  readonly tally: CoverageTally;
  readonly sample: PodSample;
}

const everywhere = pathOf(resources.pods);
