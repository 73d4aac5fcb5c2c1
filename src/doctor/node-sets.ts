/**
 * Nodes by what counts for where a pod can land. Nodes that are alike in that are one set, so that what is kept of ten
 * thousand nodes is a few sets, and which of them each name belongs to.
 *
 * A label that has a value of its own on many nodes would make a set of each, so it is left out, as are labels beyond the
 * first few hundred: what a pod asks of it, a node may or may not meet. The name of the host is looked up instead.
 */
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../model/json.js';
import type { NodeReport } from './node.js';
import { poolOf } from './pools.js';

/** A taint that keeps pods off a node. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** Nodes that are alike. */
export interface NodeSet {
  /** Labels that are known about each of them. */
  readonly labels: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
  /** Whether they mount image volumes rightly. */
  readonly imageVolumes: boolean;
  /** What shows that more of them may come by themselves; empty for nothing. */
  readonly pool: string;
  /** Pods are put on them by something else than the scheduler. */
  readonly serverless: boolean;
  readonly count: number;
  /** One of them, for people. */
  readonly example: string;
}

/** All nodes that pods with a tracer can be on. */
export interface NodeSets {
  readonly sets: readonly NodeSet[];
  /** False where the nodes are too unlike to be kept apart. */
  readonly areApart: boolean;
  /** Whether a label is known on every node that has it. */
  readonly knows: (label: string) => boolean;
  /** The set of the node of this name. */
  readonly named: (name: string) => NodeSet | undefined;
  /** The set of the node that is labelled as this host. */
  readonly onHost: (hostname: string) => NodeSet | undefined;
}

/** The label that is looked up. */
export const hostnameLabel = 'kubernetes.io/hostname';

const mostSets = 256;
const mostValues = 64;
/** As many labels are looked at; names of labels too can be each node's own, and a kubelet writes its node's. */
const mostLabels = 512;

/**
 * Taints that a node has for a while, as it starts, is in trouble or goes. A pod that tolerates waiting gets there
 * later.
 */
const passing =
  /^node\.kubernetes\.io\/|^node\.cloudprovider\.kubernetes\.io\/|ClusterAutoscaler$|not-?ready|uninitialized|startup/i;

interface Draft {
  labels: Map<string, string>;
  readonly rest: Omit<NodeSet, 'labels' | 'count'>;
  readonly restKey: string;
  count: number;
  /** The set that this one has become part of. */
  into: Draft | undefined;
}

/** Takes up nodes one by one; what it holds meanwhile is bounded as the result is, except for the nodes' names. */
export class NodeSetsBuilder {
  readonly #leftOut = new Set<string>([hostnameLabel]);
  /** Whether there were labels that are not looked at. */
  #hasMore = false;
  readonly #values = new Map<string, Set<string>>();
  readonly #byName = new Map<string, Draft>();
  readonly #byHost = new Map<string, Draft>();
  #sets = new Map<string, Draft>();

  /** Takes up a Node object. Windows nodes are left aside: what has to be traced is not put there. */
  add(node: JsonObject, report: Pick<NodeReport, 'name' | 'kind' | 'imageVolumes' | 'runtime' | 'kubelet'>): void {
    if (report.kind === 'windows') return;
    const labels = objectOf(objectOf(node['metadata'])?.['labels']) ?? {};
    const draft = this.#draftOf(labels, node, report);
    this.#byName.set(report.name, draft);
    const host = stringOf(labels[hostnameLabel]);
    if (host !== undefined) this.#byHost.set(host, draft);
    while (this.#sets.size > mostSets && this.#values.size > 0) this.#leaveOut(this.#mostVaried());
  }

  /** What was taken up. */
  build(): NodeSets {
    const made = new Map<Draft, NodeSet>();
    for (const draft of this.#sets.values()) {
      made.set(draft, { ...draft.rest, labels: draft.labels, count: draft.count });
    }
    const resolved = (drafts: ReadonlyMap<string, Draft>): ReadonlyMap<string, NodeSet> => {
      const sets = new Map<string, NodeSet>();
      for (const [name, draft] of drafts) {
        const set = made.get(last(draft));
        if (set !== undefined) sets.set(name, set);
      }
      return sets;
    };
    const [byName, byHost] = [resolved(this.#byName), resolved(this.#byHost)];
    const [leftOut, labels, hasMore] = [this.#leftOut, new Set(this.#values.keys()), this.#hasMore];
    return {
      sets: [...made.values()],
      areApart: made.size <= mostSets,
      knows: (label) => (hasMore ? labels.has(label) : !leftOut.has(label)),
      named: (name) => byName.get(name),
      onHost: (hostname) => byHost.get(hostname),
    };
  }

  #draftOf(
    given: JsonObject,
    node: JsonObject,
    { name, kind, imageVolumes, runtime, kubelet }: Parameters<NodeSetsBuilder['add']>[1],
  ): Draft {
    const labels = new Map<string, string>();
    for (const label in given) {
      const value = given[label];
      if (typeof value === 'string' && this.#counts(label, value)) labels.set(label, value);
    }
    const what = {
      taints: taintsOf(node),
      imageVolumes,
      pool: poolOf(node) ?? (kind === 'autopilot' ? 'GKE Autopilot' : ''),
      serverless: kind === 'fargate',
    };
    const restKey = JSON.stringify(what);
    const key = keyOf(labels, restKey);
    let draft = this.#sets.get(key);
    if (draft === undefined) {
      const example = `${name} (${runtime || 'no runtime told'}, kubelet ${kubelet || 'not told'})`;
      draft = { labels, rest: { ...what, example }, restKey, count: 0, into: undefined };
      this.#sets.set(key, draft);
    }
    draft.count += 1;
    return draft;
  }

  /** Whether a label is kept, with this value besides the others that it has. */
  #counts(label: string, value: string): boolean {
    if (this.#leftOut.has(label)) return false;
    let values = this.#values.get(label);
    if (values === undefined) {
      this.#hasMore ||= this.#values.size + this.#leftOut.size >= mostLabels;
      if (this.#hasMore) return false;
      this.#values.set(label, (values = new Set()));
    }
    values.add(value);
    if (values.size <= mostValues) return true;
    this.#leaveOut(label);
    return false;
  }

  #mostVaried(): string {
    let most = '';
    for (const [label, { size }] of this.#values) if (size > (this.#values.get(most)?.size ?? 0)) most = label;
    return most;
  }

  /** Puts sets that differ in a label alone together. */
  #leaveOut(label: string): void {
    this.#leftOut.add(label);
    this.#values.delete(label);
    const sets = new Map<string, Draft>();
    for (const draft of this.#sets.values()) {
      draft.labels.delete(label);
      const key = keyOf(draft.labels, draft.restKey);
      const other = sets.get(key);
      if (other === undefined) sets.set(key, draft);
      else {
        other.count += draft.count;
        draft.into = other;
      }
    }
    this.#sets = sets;
  }
}

function keyOf(labels: ReadonlyMap<string, string>, restKey: string): string {
  return JSON.stringify([...labels]) + restKey;
}

function last(draft: Draft): Draft {
  let at = draft;
  while (at.into !== undefined) at = at.into;
  // The next that asks has one step.
  if (draft !== at) draft.into = at;
  return at;
}

function taintsOf(node: JsonObject): readonly Taint[] {
  const taints: Taint[] = [];
  for (const taint of listOf(objectOf(node['spec'])?.['taints'])) {
    if (!isObject(taint)) continue;
    const { key, value, effect } = taint;
    if (typeof key !== 'string' || (effect !== 'NoSchedule' && effect !== 'NoExecute') || passing.test(key)) continue;
    taints.push({ key, value: stringOf(value) ?? '', effect });
  }
  return taints;
}
