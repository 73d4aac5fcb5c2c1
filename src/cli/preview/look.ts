import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readWorkloads, type UnreadKind } from '../../cluster/live/read-workloads.js';
import { matchNamespaces } from '../../engine/matched-namespaces.js';
import { sideOf } from '../../engine/preview/side.js';
import { templateKey } from '../../engine/preview/template-key.js';
import type { Engine } from '../../engine/engine.js';
import { findPodTemplates, type PodTemplate } from '../../documents/manifest/templates.js';
import { objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import { replicasOf } from '../../model/replica-count.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';
import { workloadOf } from '../../model/workload-of.js';
import { sleepAwake } from '../../time/sleep.js';
import { inOrder } from '../files/in-order.js';
import type { LiveGround } from '../live/ground.js';
import type { KeyReader } from '../live/keys.js';
import { decideTemplate, type InstrumentedPod } from '../offline/instrument-templates.js';
import { Places, type Place } from './places.js';
import type { ChangedRules } from './policies.js';
import { type DistinctTemplate, type NamedPods, type Preview, type PreviewRow } from './preview.js';
import type { LookProgress } from './progress.js';

/** A template in an object that was read. */
export interface FoundTemplate {
  readonly object: JsonObject;
  readonly template: PodTemplate;
  readonly namespace: string;
}

/** A template that is decided on for the first time. */
export interface NewTemplate extends FoundTemplate {
  readonly id: string;
  readonly example: NamedPods;
  readonly now: InstrumentedPod;
  readonly then: InstrumentedPod;
}

/** What a look works with. */
export interface LookOptions<Extra> {
  readonly client: OpenCluster['client'];
  readonly rules: ChangedRules;
  readonly ground: LiveGround;
  readonly keys: KeyReader;
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, StringMap>;
  readonly labelSelector?: string;
  readonly progress: LookProgress;
  /** Called for each distinct template while its object is there; only the result is kept. */
  readonly onTemplate: (template: NewTemplate) => Promise<Extra>;
  /** What tells a template apart from one that is decided alike, for `onTemplate`. */
  readonly apart?: (found: FoundTemplate) => string;
}

/** How many templates are decided on at once. Registries are what takes time. */
const atOnce = 8;

/**
 * Decides on every workload of the namespaces that policies match, now or then. Objects are read page by page, and of each only
 * a row is kept.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export async function lookAhead<Extra>(options: LookOptions<Extra>): Promise<Preview<Extra>> {
  return new Look(options).run();
}

class Look<Extra> {
  readonly #options: LookOptions<Extra>;
  readonly #places: Places;
  readonly #templates = new Map<string, Promise<DistinctTemplate<Extra>>>();
  readonly #rows = new Map<string, PreviewRow>();

  constructor(options: LookOptions<Extra>) {
    this.#options = options;
    this.#places = new Places(options.rules, options.ground, options.keys, options.namespaces);
  }

  async run(): Promise<Preview<Extra>> {
    const { client, namespaces, labelSelector, rules } = this.#options;
    const looked = this.#lookedAt();
    const unreadKinds: UnreadKind[] = [];
    if (looked.size > 0) {
      const search = {
        namespaces: looked,
        sleep: sleepAwake,
        onUnread: (unread: UnreadKind) => unreadKinds.push(unread),
        ...(labelSelector === undefined ? {} : { labelSelector }),
      };
      for await (const page of readWorkloads(client, search)) await this.#take(page);
    }
    const templates = new Map<string, DistinctTemplate<Extra>>();
    for (const [id, decided] of this.#templates) templates.set(id, await decided);
    return {
      rows: [...this.#rows.values()].sort(byPlace),
      templates,
      changes: rules.changes,
      installed: rules.installed,
      namespaces: { looked: [...looked].sort(), others: namespaces.size - looked.size },
      unread: await this.#unread(),
      unreadKinds,
    };
  }

  /** Names of the namespaces where some policy decides, now or then. */
  #lookedAt(): ReadonlySet<string> {
    const { rules, ground, namespaces } = this.#options;
    const { excludedNamespaces: excluded } = ground;
    const matched = [rules.now, rules.then].flatMap((side) => [
      ...matchNamespaces(side, namespaces, excluded).namespaces.map(({ name }) => name),
      // A policy that is not valid matches too: under Security it denies.
      ...[...namespaces].flatMap(([name, labels]) =>
        side.policies.ranked.some((policy) => !policy.valid && policy.matchesNamespace(namespaceLabelsOf(name, labels)))
          ? [name]
          : [],
      ),
    ]);
    return new Set(matched.filter((name) => !excluded.has(name)));
  }

  async #take(page: readonly JsonObject[]): Promise<void> {
    const { progress } = this.#options;
    const all = page.flatMap((object) => templatesOf(object).map((template) => ({ object, template })));
    for await (const row of inOrder(all, atOnce, ({ object, template }) => this.#rowFor(object, template))) {
      const key = keyOf(row);
      const before = this.#rows.get(key);
      const replicas = before?.replicas === undefined ? row.replicas : before.replicas + (row.replicas ?? 0);
      this.#rows.set(key, { ...row, replicas });
      progress.show(`looked at ${this.#rows.size} workloads with ${this.#templates.size} distinct templates`);
    }
  }

  async #rowFor(object: JsonObject, template: PodTemplate): Promise<PreviewRow> {
    const metadata = objectOf(object['metadata']) ?? {};
    const namespace = stringOf(metadata['namespace']) ?? '';
    const named = namedPods(template, namespace, metadata);
    const place = await this.#places.of(namespace);
    const workload = { kind: template.kind, name: template.name ?? '' };
    const lookedUpBy = await this.#places.lookedUpBy(place, template.pod);
    const id = templateKey(
      {
        pod: template.pod,
        namespace,
        workload,
        namespaceKey: place.key,
        also: `${lookedUpBy} ${this.#options.apart?.({ object, template, namespace }) ?? ''}`,
      },
      [place.now, place.then],
    );
    const decided = this.#templates.get(id) ?? this.#decide(id, { object, template, namespace }, place, named);
    this.#templates.set(id, decided);
    await decided;
    return { ...named, replicas: replicasOf(object, template), template: id };
  }

  async #decide(
    id: string,
    { object, template, namespace }: FoundTemplate,
    place: Place,
    example: NamedPods,
  ): Promise<DistinctTemplate<Extra>> {
    const { ground, onTemplate } = this.#options;
    const { labels } = place;
    const decide = (engine: Engine): Promise<InstrumentedPod> =>
      decideTemplate(
        template,
        { engine, images: ground.images, namespaces: { of: () => namespace, labels: () => labels } },
        { trace: false, admitted: true },
      );
    const now = await decide(place.now);
    const then = await decide(place.then);
    const extra = await onTemplate({ id, example, object, template, namespace, now, then });
    const podLabels = stringMembersOf(objectOf(template.pod['metadata'])?.['labels']);
    const side = ({ outcome, denial }: InstrumentedPod, { rules }: Engine) =>
      sideOf(outcome, denial, matching(rules, namespaceLabelsOf(namespace, labels), podLabels));
    return {
      id,
      example,
      now: side(now, place.now),
      then: side(then, place.then),
      counted: countedPart(template.pod),
      extra,
    };
  }

  async #unread(): Promise<readonly string[]> {
    const places = await this.#places.all();
    const unknown = places.filter(({ unknownKeys }) => unknownKeys.length > 0).map(({ name }) => name);
    if (unknown.length === 0) return [];
    const where = unknown.length === 1 ? `namespace ${unknown[0] ?? ''}` : `${unknown.length} namespaces`;
    return [`whether the agents’ Secrets are there in ${where}; they are taken to be`];
  }
}

function matching(rules: Engine['rules'], namespaceLabels: StringMap, podLabels: StringMap): readonly string[] {
  return rules.policies.ranked
    .filter((policy) => policy.matchesNamespace(namespaceLabels) && policy.matchesPod(podLabels))
    .map(({ name }) => name);
}

/** An object that is not what its kind says has no templates: the API server would not have taken it. */
function templatesOf(object: JsonObject): readonly PodTemplate[] {
  const found = findPodTemplates(object);
  return 'message' in found ? [] : found;
}

/** A pod is called by what made it. */
function namedPods(template: PodTemplate, namespace: string, metadata: JsonObject): NamedPods {
  const { kind, apiVersion = '', name = '', part } = template;
  const maker = kind === 'Pod' ? workloadOf(metadata) : undefined;
  return { namespace, kind, apiVersion, name, ...(part === undefined ? {} : { part }), ...maker };
}

function countedPart({ spec }: JsonObject): JsonObject {
  const { priorityClassName, activeDeadlineSeconds } = objectOf(spec) ?? {};
  return {
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds }),
  };
}

function keyOf({ namespace, apiVersion, kind, name, part = '', template }: PreviewRow): string {
  return JSON.stringify([namespace, kind, apiVersion, name, part, template]);
}

function byPlace(one: PreviewRow, other: PreviewRow): number {
  const text = ({ namespace, kind, name, part = '' }: PreviewRow): string => [namespace, kind, name, part].join('\n');
  return text(one) < text(other) ? -1 : Number(text(one) > text(other));
}
