import type { Part } from '../../cluster/overview/part.js';
import type { Pause } from '../../cluster/registration/pause-record.js';
import type { ReviewCounts } from '../../cluster/overview/review-counts.js';
import type { PolicySpec } from '../../model/policy.js';
import type { ObservedCertificate, ObservedPort, ObservedSelfTest } from '../../model/observed.js';

/** `unknown`: no problem was found, but a part that may have one cannot be read. */
export type Health = 'healthy' | 'attention' | 'unknown';

/** Something that a person should know. */
export interface StatusFinding {
  /** Its subject: `replicas`, `policy payments`, … */
  readonly about: string;
  /** `problem`: pods are not treated as the policies say, or soon will not be. `unknown`: a part cannot be read. */
  readonly severity: 'problem' | 'note' | 'unknown';
  readonly detail: string;
  /** Commands that help or show more, and pages to read. */
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
  /** How many Deployments belong to the installation. */
  readonly deployments: number;
  readonly wanted: number;
  readonly ready: number;
  readonly pods: Part<readonly Replica[]>;
}

/** The leader. */
export interface Leader {
  readonly holder: string;
  readonly leadsForSeconds: number;
  readonly renewedSecondsAgo: number;
  /** Whether its last renewal is older than the Lease allows. */
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

/** How many pods of a policy run. */
export interface RunningPods {
  readonly pods: number;
  /** How many of them are instrumented, and were so by the API server alone, as their label says. */
  readonly byApiServer: number;
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
  /** Whether the conditions are about the policy as it is now. */
  readonly current: boolean;
  /** Whether its last valid version stays in force because the present one is not valid. */
  readonly servesEarlier: boolean;
  readonly conditions: readonly PolicyCondition[];
  /** Its running pods, as the leader last counted them; `undefined` if it has not. */
  readonly running: RunningPods | undefined;
  /** What is wrong with the policy as it is now, as this program reads it. */
  readonly problem: string | undefined;
  /** Names of the namespaces in which it wins pods; `undefined` if that is unknown. */
  readonly namespaces: readonly string[] | undefined;
  /** Summed over the replicas that answered. */
  readonly reviews: ReviewCounts | undefined;
}

/** Namespaces whose label does not have the effect that it seems to have. */
export interface LabelledNamespaces {
  /** Labelled `enabled`, but no policy selects them. */
  readonly unmatched: readonly string[];
  /** Labelled `enabled`, but excluded. */
  readonly excluded: readonly string[];
  /** Labelled with a value that is neither `enabled` nor `disabled`. */
  readonly odd: readonly { readonly name: string; readonly value: string }[];
}

/** How far a replica's clock is ahead of the API server's; negative: behind. */
export interface ReplicaClock {
  readonly replica: string;
  readonly secondsAhead: number;
}

/** Whether the installation is paused. */
export type PauseReport =
  /** `ignoredMarker`: the ConfigMap carries a marker of an earlier version, which is ignored. */
  | { readonly paused: false; readonly ignoredMarker?: true }
  | {
      readonly paused: true;
      /** RFC 3339, or `forever`. */
      readonly until: string;
      readonly since?: string;
      /** As the marker claims. */
      readonly by?: string;
      readonly reason?: string;
      /** Where the marker is. `ConfigMap`: from an earlier version. */
      readonly marker: Pause['marker'];
    };

/** How many workloads are left alone, and how many of them are being tried again. */
export interface TakenBackReport {
  readonly workloads: number;
  readonly trying: number;
  /** Entries that are not ours, and are ignored. */
  readonly invalid: number;
}

/** Everything `outrider status` says; `-o json` prints it. */
export interface StatusReport {
  readonly server: string;
  readonly instance: string;
  readonly namespace: string;
  /** The namespace whose Service the webhooks with that name call, if it is another namespace. */
  readonly elsewhere?: string;
  readonly versions: { readonly kubernetes: string; readonly outrider?: string };
  readonly health: Health;
  readonly replicas: Part<Replicas>;
  readonly leader: Part<Leader>;
  readonly selfTest: Part<ObservedSelfTest & { readonly secondsAgo: number }>;
  readonly certificate: Part<ObservedCertificate & { readonly secondsLeft: number }>;
  /** What the webhook's port requires from callers. */
  readonly port: Part<ObservedPort>;
  readonly pause: Part<PauseReport>;
  /** Summed over the replicas that answered. */
  readonly clocks: readonly ReplicaClock[];
  /** Workloads whose new pods are left alone, because parts of ours kept earlier ones from running. */
  readonly takenBack: Part<TakenBackReport>;
  /** How many entries each of the two webhook configurations has. */
  readonly webhooks: { readonly mutating: Part<number>; readonly validating: Part<number> };
  readonly policies: Part<readonly PolicyReport[]>;
  readonly namespaces: Part<LabelledNamespaces>;
  /** How many replicas gave their counts of reviews, and why the first of the others did not. */
  readonly metrics: { readonly answered: number; readonly asked: number; readonly why?: string };
  readonly findings: readonly StatusFinding[];
}
