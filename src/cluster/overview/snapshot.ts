import type { JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { LivePolicies } from '../live/read-policies.js';
import type { Part } from './part.js';
import type { ReviewCounts } from './review-counts.js';

/** Everything that is read for `outrider status`, at one time. Each part stands for itself: rights may be partial. */
export interface Snapshot {
  readonly server: string;
  readonly instance: string;
  readonly ownNamespace: string;
  /** The API server's date, when it was read. */
  readonly nowMs: number;
  /** Version of the API server; empty where it may not be read. */
  readonly version: string;
  readonly deployments: Part<readonly JsonObject[]>;
  readonly pods: Part<readonly JsonObject[]>;
  readonly lease: Part<JsonObject>;
  readonly configMap: Part<JsonObject>;
  readonly mutating: Part<JsonObject>;
  readonly validating: Part<JsonObject>;
  readonly policies: Part<readonly JsonObject[]>;
  readonly profiles: Part<readonly JsonObject[]>;
  /** Labels of namespaces, by name. */
  readonly namespaces: Part<ReadonlyMap<string, StringMap>>;
  /** What the policies and profiles come to, as the webhook would have them. */
  readonly compiled: Part<LivePolicies>;
  /** By name of a Secret that policies refer to: the namespaces that have one of that name. */
  readonly secrets: ReadonlyMap<string, Part<ReadonlySet<string>>>;
  /** By name of a pod: what it has answered, by policy. */
  readonly reviews: ReadonlyMap<string, Part<ReadonlyMap<string, ReviewCounts>>>;
  /** By name of a pod, of those that told: how many seconds its clock is ahead of the API server's. */
  readonly clocks: ReadonlyMap<string, number>;
}
