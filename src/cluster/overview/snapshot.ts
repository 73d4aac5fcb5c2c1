import type { JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { TakenBackContent } from '../../model/taken-back.js';
import type { LivePolicies } from '../live/read-policies.js';
import type { Part } from './part.js';
import type { ReviewCounts } from './review-counts.js';

/**
 * Everything that `outrider status` reads, at one time. Each part is independent, because the caller may have only some of
 * the rights.
 */
export interface Snapshot {
  readonly server: string;
  readonly instance: string;
  readonly ownNamespace: string;
  /** The API server's date at the time of reading. */
  readonly nowMs: number;
  /** The version of the API server; empty if it cannot be read. */
  readonly version: string;
  readonly deployments: Part<readonly JsonObject[]>;
  readonly pods: Part<readonly JsonObject[]>;
  readonly lease: Part<JsonObject>;
  readonly configMap: Part<JsonObject>;
  /** Workloads whose new pods are left alone. */
  readonly takenBack: Part<TakenBackContent>;
  readonly mutating: Part<JsonObject>;
  readonly validating: Part<JsonObject>;
  readonly policies: Part<readonly JsonObject[]>;
  readonly profiles: Part<readonly JsonObject[]>;
  /** Labels of namespaces, by name; without those that are being deleted. */
  readonly namespaces: Part<ReadonlyMap<string, StringMap>>;
  /** The policies and profiles, compiled as the webhook does. */
  readonly compiled: Part<LivePolicies>;
  /** By name of a Secret that policies refer to: the namespaces that have a Secret with that name. */
  readonly secrets: ReadonlyMap<string, Part<ReadonlySet<string>>>;
  /** By pod name: its counts of reviews, by policy. */
  readonly reviews: ReadonlyMap<string, Part<ReadonlyMap<string, ReviewCounts>>>;
  /** By pod name, for the pods that report it: how many seconds its clock is ahead of the API server's. */
  readonly clocks: ReadonlyMap<string, number>;
}
