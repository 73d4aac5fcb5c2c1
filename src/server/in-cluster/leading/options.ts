import type { KnownAgentImages } from '../../../cluster/agent-images/known.js';
import type { ApiClient } from '../../../cluster/client/api-client.js';
import type { KnownPlans } from '../../../cluster/plans/known-plans.js';
import type { EventRecorder } from '../../../cluster/events/recorder.js';
import type { ClusterCredentials } from '../../../cluster/secrets/credentials.js';
import type { KnownTakenBack } from '../../../cluster/take-back/known.js';
import type { ClusterState } from '../../../cluster/state/cluster-state.js';
import type { Engine } from '../../../engine/engine.js';
import type { ImageResolver } from '../../../model/image.js';
import type { ClusterMetrics } from '../../../observe/cluster-metrics.js';
import type { TakeBackMetrics } from '../../../observe/take-back-metrics.js';
import type { CoverageMetrics } from '../../../observe/coverage-metrics.js';
import type { Logger } from '../../../observe/logger.js';
import type { ClusterFactsSettings } from '../../../settings/cluster-facts.js';
import type { Settings } from '../../../settings/table.js';
import type { Timing } from '../../../time/sleep.js';
import type { ClusterConnection } from '../connect.js';
import type { Observations } from '../observations.js';
import type { Port } from '../port.js';
import type { ManagedTrustSettings } from '../trust.js';
import type { RegistrationSettings } from './installation.js';

/** The settings of the leader's work. */
export type LeadingSettings = RegistrationSettings &
  ManagedTrustSettings &
  ClusterFactsSettings &
  Pick<Settings, 'certificates' | 'tlsCert' | 'cluster'> &
  Pick<
    Settings,
    'matchConditions' | 'mirrorSecrets' | 'probeSeconds' | 'leaseSeconds' | 'events' | 'auditMinutes' | 'takeBackAfter'
  > &
  Pick<Settings, 'sessions' | 'breakGlassGroups' | 'apiServerPolicies' | 'planBytes' | 'planTotalBytes'>;

/** What all replicas know about what the API server is given. */
export interface GivenToApiServer {
  readonly plans: KnownPlans;
  readonly isUnchanging: (reference: string) => boolean;
}

/** What the leader's work needs. */
export interface LeadingOptions {
  readonly settings: LeadingSettings;
  readonly identity: string;
  readonly watching: Timing & {
    readonly client: ApiClient;
    readonly log: Logger;
    readonly metrics: ClusterMetrics;
    readonly relistMs: number;
    readonly signal: AbortSignal;
  };
  readonly connection: ClusterConnection;
  readonly state: ClusterState;
  readonly credentials: ClusterCredentials;
  readonly observations: Observations;
  readonly port: Port;
  readonly images: ImageResolver;
  /** What all replicas know of agents' images. */
  readonly agentImages: KnownAgentImages;
  /** What instrumentation was taken back from, as all replicas know it; absent if nobody looks. */
  readonly takenBack: KnownTakenBack | undefined;
  /** What the API server is given to instrument pods by itself; absent: it is given nothing. */
  readonly byApiServer: GivenToApiServer | undefined;
  /** What an image starts, according to the operator. */
  readonly operatorSays: (image: string) => readonly string[] | undefined;
  /** The current engine, which running pods are judged by. */
  readonly engine: () => Engine;
  readonly coverageMetrics: CoverageMetrics;
  readonly takeBackMetrics: TakeBackMetrics;
  /** Writes Events; absent if none should be written. */
  readonly tell: EventRecorder['tell'] | undefined;
}
