import { lookAtPod, type PodLook } from '../../engine/take-back/look.js';
import type { WorkloadLook } from '../../engine/take-back/next-state.js';
import type { Engine } from '../../engine/engine.js';
import { matchNamespaces } from '../../engine/matched-namespaces.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { namespaceLabelsOf, type StringMap } from '../../model/selector.js';
import { takenBackKey, type TakenBackByKey } from '../../model/taken-back.js';
import type { Timing } from '../../time/sleep.js';
import { PacedClient, type PodClient } from '../coverage/paced-client.js';
import { fieldSelector } from '../coverage/pod-lists.js';
import { pathOf, resources } from '../client/resources.js';
import { choosePods, inTurn, isAllSuspect, type ChosenPods } from './chosen-pods.js';
import { groupOf, podRow, type PodRow } from './rows.js';
import type { YoungNamespaces } from './young-namespaces.js';

/** What a look needs. */
export interface LookRoundOptions extends Timing {
  readonly client: PodClient;
  readonly engine: Engine;
  /** Labels of namespaces by name. */
  readonly namespaces: ReadonlyMap<string, StringMap>;
  readonly young: YoungNamespaces;
  readonly entries: TakenBackByKey;
  readonly afterMs: number;
  /** Milliseconds from one request to the next. */
  readonly everyMs: number;
  /** How many looks there were before: what does not fit into one is looked at in the next. */
  readonly turn: number;
  readonly signal: AbortSignal;
}

/** What a look found. */
export interface LookRound {
  readonly looks: readonly WorkloadLook[];
  readonly requests: number;
}

/** Up to this many namespaces with policies, each is looked at every time. */
const mostSmall = 20;
const mostTables = 60;
const mostTablePages = 20;
const mostPendingPages = 4;
const mostWhole = 300;
const pageSize = 500;
const requestMs = 15_000;
const labelSelector = names.status;
/** Those that a node has, and that do not run yet. */
const pendingSelector = 'status.phase=Pending,spec.nodeName!=';

/**
 * Looks at new instrumented pods: tables of namespaces that have any, then the pods that look as if something kept them from
 * running, whole. Requests are limited, whatever the cluster has.
 * @throws ApiError if a list fails
 */
export async function lookRound(options: LookRoundOptions): Promise<LookRound> {
  const { engine, namespaces, entries, afterMs, clock } = options;
  const client = new PacedClient(options);
  const chosen: (readonly ChosenPods[])[] = [];
  const rowsOf = new Map<string, readonly PodRow[]>();
  for (const namespace of await namespacesToLookAt(options, client)) {
    const rows = await tableOf(client, namespace);
    rowsOf.set(namespace, rows);
    const ofNamespace = [...entries.values()].filter((entry) => entry.namespace === namespace);
    chosen.push(choosePods({ namespace, rows, entries: ofNamespace, afterMs, nowMs: clock.wallMs() }));
  }
  const found = new Map<string, PodLook[]>();
  for (const { namespace, names: podNames } of inTurn(rotated(chosen, options.turn), mostWhole)) {
    for (const name of podNames) {
      const pod = await wholePod(client, namespace, name);
      const labels = namespaceLabelsOf(namespace, namespaces.get(namespace) ?? {});
      const look = pod === undefined ? undefined : lookAtPod(pod, { namespace, labels }, engine);
      if (look === undefined) continue;
      const key = takenBackKey(look.workload);
      found.set(key, [...(found.get(key) ?? []), look]);
    }
  }
  const looks = [...found.values()].map((pods) => ({ pods, isAll: isAllOf(pods, rowsOf) }));
  return { looks, requests: client.requests };
}

/** Those with policies that instrument, and with new pods as far as is known. */
async function namespacesToLookAt(options: LookRoundOptions, client: PacedClient): Promise<readonly string[]> {
  const { engine, namespaces, young, entries, turn } = options;
  const matched = matchNamespaces(engine.rules, namespaces, engine.excludedNamespaces)
    .namespaces.filter(({ policies }) =>
      policies.some(({ stop, policy }) => stop === undefined && policy.spec.mode === 'Inject'),
    )
    .map(({ name }) => name);
  if (matched.length === 0) return [];
  if (matched.length <= mostSmall) return matched;
  await notePending(options, client);
  const wanted = new Set(young.names());
  for (const { namespace, stage } of entries.values()) if (stage === 'Trying') wanted.add(namespace);
  const all = matched.filter((name) => wanted.has(name));
  const start = all.length > mostTables ? (turn * mostTables) % all.length : 0;
  return rotated(all, start).slice(0, mostTables);
}

/** Pods that do not run yet, of all namespaces: only the first pages, since there can be very many. */
async function notePending({ young, clock }: LookRoundOptions, client: PacedClient): Promise<void> {
  const query = { labelSelector, fieldSelector: pendingSelector };
  let from: string | undefined;
  for (let page = 0; page < mostPendingPages; page++) {
    const { items, next } = await client.page(pathOf(resources.pods), {
      ...{ query, pageSize, metadataOnly: true, timeoutMs: requestMs, from },
    });
    for (const { metadata } of items) {
      const { namespace, creationTimestamp } = objectOf(metadata) ?? {};
      young.note(stringOf(namespace) ?? '', clock.wallMs() - Date.parse(stringOf(creationTimestamp) ?? ''));
    }
    from = next;
    if (from === undefined) return;
  }
}

async function tableOf(client: PacedClient, namespace: string): Promise<readonly PodRow[]> {
  const rows: PodRow[] = [];
  let from: string | undefined;
  for (let page = 0; page < mostTablePages; page++) {
    const { items, next } = await client.page(pathOf(resources.pods, { namespace }), {
      ...{ query: { labelSelector, fieldSelector }, pageSize, asTable: true, timeoutMs: requestMs, from },
    });
    for (const item of items) {
      const row = podRow(item);
      if (row !== undefined) rows.push(row);
    }
    from = next;
    if (from === undefined) break;
  }
  return rows;
}

/** Uses a list of one, so that the right to get pods is not needed. @returns `undefined` for a pod that is gone */
async function wholePod(client: PacedClient, namespace: string, name: string): Promise<JsonObject | undefined> {
  const { items } = await client.page(pathOf(resources.pods, { namespace }), {
    ...{ query: { fieldSelector: `metadata.name=${name}` }, pageSize: 1, timeoutMs: requestMs },
  });
  return items[0];
}

/** Whether every new pod of the latest version is a suspect. */
function isAllOf(pods: readonly PodLook[], rowsOf: ReadonlyMap<string, readonly PodRow[]>): boolean {
  const [first, ...rest] = pods;
  if (first === undefined) return false;
  const latest = rest.reduce((one, other) => (other.createdMs > one.createdMs ? other : one), first);
  return isAllSuspect(rowsOf.get(latest.workload.namespace) ?? [], groupOf(latest.pod));
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
