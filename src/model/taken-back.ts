/*
 * Workloads that instrumentation was taken back from, because a part of ours kept their pods from running. The leader finds
 * them, and all replicas follow what it found in the data of one ConfigMap, with one entry for each workload. Anyone who can
 * write that ConfigMap decides which workloads of trusting policies are left alone. So entries are read as strictly as any
 * outside input, and invalid ones are ignored.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { objectOf, parsedJson, stringOf, type JsonValue } from './json.js';

/** What each kind of trouble means, for people. */
export const troubleTexts = {
  image_not_pulled: 'the node cannot pull the image of our container',
  step_fails: 'our step before the start fails',
  agent_fails: 'the agent’s container keeps failing, and the pod is not Ready for it',
  wrapper_refused: 'the node refuses to start our tracer',
} as const satisfies Record<string, string>;

/** What keeps pods from running that is ours. */
export type Trouble = keyof typeof troubleTexts;

/** Every kind of trouble. */
export const troubles = Object.keys(troubleTexts) as readonly Trouble[];

const isTrouble = (word: string): word is Trouble => Object.hasOwn(troubleTexts, word);

/** The name of a workload among all of the cluster. */
export interface WorkloadName {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * What a workload's pods are made from, as far as a pod shows it: the same before it is admitted and while it runs, whatever
 * other webhooks and the node add.
 */
export interface TemplateMark {
  /** The hash that a controller gives each version of a template; absent for pods of controllers that have none. */
  readonly revision?: string | undefined;
  /** When the workload was last restarted, by its annotation: such a change of the template is none of its content. */
  readonly restartedAt?: string | undefined;
  /** Hashes of the names and images of the containers that are not ours. */
  readonly containers: readonly string[];
}

/** What was seen. */
export interface Evidence {
  readonly trouble: Trouble;
  readonly container: string;
  /** The image of that container. */
  readonly image: string;
  /** What the node says. */
  readonly words: string;
  /** Names of pods in which it was seen, two at most. */
  readonly pods: readonly string[];
}

/** A workload whose new pods are left alone. */
export interface TakenBackEntry extends WorkloadName {
  /** Group and version of the kind. */
  readonly apiVersion: string;
  /** The policy that won for its pods. An entry only counts for that one. */
  readonly policy: string;
  /** What its pods got: rule and images. With another plan, they are instrumented again. */
  readonly plan: string;
  readonly template: TemplateMark;
  readonly evidence: Evidence;
  /** When it was first taken back, RFC 3339, as all times here. */
  readonly since: string;
  /** How many times it was tried again and failed. */
  readonly tries: number;
  /** `LeftAlone`: until `at`, when it is tried again. `Trying`: since `at`, one pod is let through. */
  readonly stage: 'LeftAlone' | 'Trying';
  readonly at: string;
}

/** By key: see {@link takenBackKey}. */
export type TakenBackByKey = ReadonlyMap<string, TakenBackEntry>;

/** The content of the ConfigMap. */
export interface TakenBackContent {
  readonly entries: TakenBackByKey;
  /** Keys of workloads that a person asked to be tried again now. */
  readonly retries: ReadonlySet<string>;
  /** Keys of what is not ours. */
  readonly invalid: readonly string[];
}

/** The most workloads that are kept. They fit into a ConfigMap even with the longest entries. */
export const mostTakenBack = 500;
/** The longest entry, in bytes of its JSON. */
export const longestTakenBackBytes = 1_800;
/** The most containers that a mark names. Pods with more are known by their revision alone. */
export const mostMarked = 40;

const longestWords = 240;
const longestImage = 255;
const retryPrefix = 'retry-';

/** Name of the ConfigMap, in the installation's namespace. */
export function takenBackName(instance: string): string {
  return `${instance}-taken-back`;
}

/** The key of a workload's entry, which has no characters that are not allowed in a key. */
export function takenBackKey({ namespace, kind, name }: WorkloadName): string {
  return shortHash(`${namespace}/${kind}/${name}`);
}

/** The key by which a person asks that a workload is tried again now. Its value is when, and for people. */
export function retryKey(workload: WorkloadName): string {
  return `${retryPrefix}${takenBackKey(workload)}`;
}

/** Evidence within its bounds, whatever a node says. */
export function boundedEvidence({ trouble, container, image, words, pods }: Evidence): Evidence {
  return {
    trouble,
    container: container.slice(0, longestName),
    image: image.slice(0, longestImage),
    words: plain(words),
    pods: pods.slice(0, 2),
  };
}

/** What is wrong, in one sentence without a full stop. */
export function evidenceText({ trouble, container, image, words, pods }: Evidence): string {
  const said = words === '' ? '' : `: ${words}`;
  return `${troubleTexts[trouble]} (${container}, ${image})${said}; seen in ${pods.join(' and ')}`;
}

/** A hash of a text, as marks and keys have it. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

const longestName = 253;
const time = z.iso.datetime();
// People read names on a terminal. What stands for a pod without a name of its own ends in a hyphen.
const objectName = z
  .string()
  .regex(/^[A-Za-z0-9][-A-Za-z0-9.]*$/)
  .max(longestName);

// Unknown fields may come from a later version, which may write here too.
const entrySchema = z.object({
  namespace: objectName,
  kind: objectName.max(63),
  name: objectName,
  apiVersion: z
    .string()
    .regex(/^[-A-Za-z0-9./]*$/)
    .max(longestName),
  policy: objectName,
  plan: z.string().min(1).max(512),
  template: z.object({
    revision: z.string().max(64).optional(),
    restartedAt: z.string().max(64).optional(),
    containers: z.array(z.string().regex(/^[0-9a-f]{8}$/)).max(mostMarked),
  }),
  evidence: z.object({
    trouble: z.string().refine(isTrouble),
    container: objectName,
    image: z.string().max(longestImage),
    words: z.string().max(longestWords),
    pods: z.array(objectName).max(2),
  }),
  since: time,
  tries: z.int().min(0).max(1_000_000),
  stage: z.enum(['LeftAlone', 'Trying']),
  at: time,
});

/** An entry in the form of the ConfigMap; `undefined` if it is too long to be kept. */
export function takenBackText(entry: TakenBackEntry): string | undefined {
  const { namespace, kind, name, apiVersion, policy, plan, template, evidence, since, tries, stage, at } = entry;
  const fields = { namespace, kind, name, apiVersion, policy, plan, template, evidence, since, tries, stage, at };
  const text = JSON.stringify(fields);
  return Buffer.byteLength(text) > longestTakenBackBytes ? undefined : text;
}

/** Reads the data of the ConfigMap. Accepts no more entries than are ever written. */
export function readTakenBack(data: JsonValue | undefined): TakenBackContent {
  const entries = new Map<string, TakenBackEntry>();
  const retries = new Set<string>();
  const invalid: string[] = [];
  for (const [key, value] of Object.entries(objectOf(data) ?? {})) {
    const asked = retryOf(key);
    if (asked !== undefined && retries.size < mostTakenBack) retries.add(asked);
    const entry = asked === undefined && entries.size < mostTakenBack ? readEntry(key, stringOf(value)) : undefined;
    if (entry !== undefined) entries.set(key, entry);
    else if (asked === undefined) invalid.push(key);
  }
  return { entries, retries, invalid };
}

/** Whether replicas can read an entry as it is written. */
export function isReadableEntry(entry: TakenBackEntry): boolean {
  return readEntry(takenBackKey(entry), takenBackText(entry)) !== undefined;
}

function retryOf(key: string): string | undefined {
  return /^retry-([0-9a-f]{24})$/.exec(key)?.[1];
}

function readEntry(key: string, text: string | undefined): TakenBackEntry | undefined {
  if (text === undefined || Buffer.byteLength(text) > longestTakenBackBytes) return undefined;
  const { data } = entrySchema.safeParse(parsedJson(text));
  if (data === undefined || takenBackKey(data) !== key || !isTrouble(data.evidence.trouble)) return undefined;
  return { ...data, evidence: { ...data.evidence, trouble: data.evidence.trouble } };
}

/** A node's words on one line, without what a terminal would act on. */
function plain(words: string): string {
  const line = words.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= longestWords ? line : `${line.slice(0, longestWords - 1)}…`;
}

/** What is known about workloads that instrumentation was taken back from. */
export interface TakenBack {
  /** The entry of a workload, which is only asked for where there are any; no I/O. */
  of(workload: () => WorkloadName): TakenBackEntry | undefined;
  /**
   * Whether a new pod may be let through to try a workload again: the first one that comes to this replica.
   * @param takes false to ask without taking it
   */
  mayTry(entry: TakenBackEntry, takes: boolean): boolean;
}
