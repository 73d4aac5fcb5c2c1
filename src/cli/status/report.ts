import type { Part } from '../../cluster/overview/part.js';
import type { Pause } from '../../cluster/registration/pause-record.js';
import type { ReviewCounts } from '../../cluster/overview/review-counts.js';
import type { PolicySpec } from '../../model/policy.js';
import type { ObservedCertificate, ObservedPort, ObservedSelfTest } from '../../model/observed.js';

/** `unknown`: nothing wrong was found, and a part that could be wrong may not be read. */
export type Health = 'healthy' | 'attention' | 'unknown';

/** Something that a person should know of. */
export interface StatusFinding {
  /** What it is about: `replicas`, `policy payments`, … */
  readonly about: string;
  /** `problem`: pods are not treated as the policies say, or soon will not be. `unknown`: a part may not be read. */
  readonly severity: 'problem' | 'note' | 'unknown';
  readonly detail: string;
  /** Commands that help or tell more, and pages to read. */
  readonly next: readonly string[];
}

/** One replica. */
export interface Replica {
  readonly name: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly node: string;
}

/** How many replicas there are. */
export interface Replicas {
  readonly wanted: number;
  readonly ready: number;
  readonly pods: Part<readonly Replica[]>;
}

/** Who leads. */
export interface Leader {
  readonly holder: string;
  readonly leadsForSeconds: number;
  readonly renewedSecondsAgo: number;
  /** Whether its last sign of life is older than the Lease allows. */
  readonly expired: boolean;
}

/** A condition of a policy, as the leader wrote it. */
export interface PolicyCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** When the status last changed, RFC 3339. */
  readonly lastTransitionTime: string;
}

/** One policy. */
export interface PolicyReport {
  readonly name: string;
  readonly mode: PolicySpec['mode'];
  readonly prefer: PolicySpec['prefer'];
  readonly profile: string;
  readonly precedence: number;
  /** Status of the condition Ready; `undefined` while nobody has written one. */
  readonly ready: string | undefined;
  /** Whether the conditions are of the policy as it is now. */
  readonly current: boolean;
  /** Whether its last valid version goes on, because the present one is not valid. */
  readonly servesEarlier: boolean;
  readonly conditions: readonly PolicyCondition[];
  /** What is wrong with it as it is now, by this program's own reading. */
  readonly problem: string | undefined;
  /** Names of the namespaces that it wins pods in; `undefined` where that cannot be told. */
  readonly namespaces: readonly string[] | undefined;
  /** Summed over the replicas that answered. */
  readonly reviews: ReviewCounts | undefined;
}

/** Namespaces whose label does not do what it seems to. */
export interface LabelledNamespaces {
  /** Labelled `enabled`, and no policy selects them. */
  readonly unmatched: readonly string[];
  /** Labelled `enabled`, and never touched. */
  readonly excluded: readonly string[];
  /** With a value that is neither `enabled` nor `disabled`. */
  readonly odd: readonly { readonly name: string; readonly value: string }[];
}

/** How far a replica's clock is ahead of the API server's; negative: behind. */
export interface ReplicaClock {
  readonly replica: string;
  readonly secondsAhead: number;
}

/** Whether the installation is paused. */
export type PauseReport =
  /** `ignoredMarker`: the ConfigMap carries a marker of earlier versions that counts for nothing. */
  | { readonly paused: false; readonly ignoredMarker?: true }
  | {
      readonly paused: true;
      /** RFC 3339, or `forever`. */
      readonly until: string;
      readonly since?: string;
      /** As the marker says: a claim. */
      readonly by?: string;
      readonly reason?: string;
      /** Where the marker is. `ConfigMap`: of an earlier version. */
      readonly marker: Pause['marker'];
    };

/** Everything `outrider status` says; `-o json` prints it. */
export interface StatusReport {
  readonly server: string;
  readonly instance: string;
  readonly namespace: string;
  readonly versions: { readonly kubernetes: string; readonly outrider?: string };
  readonly health: Health;
  readonly replicas: Part<Replicas>;
  readonly leader: Part<Leader>;
  readonly selfTest: Part<ObservedSelfTest & { readonly secondsAgo: number }>;
  readonly certificate: Part<ObservedCertificate & { readonly secondsLeft: number }>;
  /** What the webhook's port asks of whoever calls. */
  readonly port: Part<ObservedPort>;
  readonly pause: Part<PauseReport>;
  /** Of the replicas that told. */
  readonly clocks: readonly ReplicaClock[];
  /** How many entries each of the two configurations has. */
  readonly webhooks: { readonly mutating: Part<number>; readonly validating: Part<number> };
  readonly policies: Part<readonly PolicyReport[]>;
  readonly namespaces: Part<LabelledNamespaces>;
  /** How many replicas told their counts of reviews, and why the first of the others did not. */
  readonly metrics: { readonly answered: number; readonly asked: number; readonly why?: string };
  readonly findings: readonly StatusFinding[];
}
