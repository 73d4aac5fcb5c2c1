import type { UnreadKind } from '../../cluster/live/read-workloads.js';
import type { Sides } from '../../engine/preview/side.js';
import type { JsonObject } from '../../model/json.js';
import type { PolicyChange } from './policies.js';

/** A workload as it is called. */
export interface NamedPods {
  readonly namespace: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  /** Which of the object's templates it is, if its kind can have several. */
  readonly part?: string;
}

/** Pods that are made alike. */
export interface PreviewRow extends NamedPods {
  /** How many it asks for; `undefined` if it does not say. */
  readonly replicas: number | undefined;
  /** Which of the distinct templates it has. */
  readonly template: string;
}

/** A template that was decided on once, for everything that has it. */
export interface DistinctTemplate<Extra = undefined> extends Sides {
  readonly id: string;
  /** The workload whose template was decided on. */
  readonly example: NamedPods;
  /** What of the pod's spec decides which quotas count it. */
  readonly counted: JsonObject;
  /** What a command learned of it besides. */
  readonly extra: Extra;
}

/** What a change of policies would do to the workloads of a cluster. */
export interface Preview<Extra = undefined> {
  /** By namespace, kind and name. */
  readonly rows: readonly PreviewRow[];
  /** By their id. */
  readonly templates: ReadonlyMap<string, DistinctTemplate<Extra>>;
  readonly changes: readonly PolicyChange[];
  /** Whether the cluster knows our kinds at all. */
  readonly installed: boolean;
  readonly namespaces: {
    /** Names of those that a policy matches, now or then. */
    readonly looked: readonly string[];
    /** How many no policy matches, or are excluded. */
    readonly others: number;
  };
  /** What could not be looked at, in words. */
  readonly unread: readonly string[];
  /** Kinds that may not be listed: workloads are missing. */
  readonly unreadKinds: readonly UnreadKind[];
}

/** The sides of a row. */
export function sidesOf<Extra>(
  row: Pick<PreviewRow, 'template'>,
  { templates }: Pick<Preview<Extra>, 'templates'>,
): DistinctTemplate<Extra> {
  const found = templates.get(row.template);
  if (found === undefined) throw new Error(`no template ${row.template}`);
  return found;
}
