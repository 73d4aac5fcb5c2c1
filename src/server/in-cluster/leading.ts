import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ApiClient } from '../../cluster/client/api-client.js';
import { runElection } from '../../cluster/leader/election.js';
import { registeredPolicies, type Installation, type WebhookAddress } from '../../cluster/registration/desired.js';
import { followWithWatch } from '../../cluster/registration/follow.js';
import { parseMatchConditions } from '../../cluster/registration/match-conditions.js';
import { followPause } from '../../cluster/registration/pause-marker.js';
import { createRegistration } from '../../cluster/registration/registration.js';
import { createSelfTest } from '../../cluster/registration/self-test.js';
import type { ClusterCredentials } from '../../cluster/secrets/credentials.js';
import { createCredentialsKeeper } from '../../cluster/secrets/keeper.js';
import type { ClusterState } from '../../cluster/state/cluster-state.js';
import { owningClient } from '../../cluster/owned.js';
import { createStatusWriter } from '../../cluster/status/writer.js';
import type { Timing } from '../../time/sleep.js';
import { isOpenShift } from '../../settings/cluster-facts.js';
import { certificateMode } from '../../settings/check.js';
import type { Settings } from '../../settings/table.js';
import type { ClusterMetrics, WatchedKind } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { excludedBySettings, type ExcludedSettings } from './cluster-engines.js';
import type { ClusterConnection } from './connect.js';
import type { Observations } from './observations.js';
import { credentialsStateOf } from './policy-reports.js';
import { givenTrust, managedTrust, type ManagedTrustSettings, type Trust } from './trust.js';

/** The settings that webhook configurations are written by. */
type RegistrationSettings = ExcludedSettings &
  Pick<Settings, 'instance' | 'webhookUrl' | 'webhookService' | 'webhookTimeoutSeconds'>;

/** The settings of the leader's work. */
export type LeadingSettings = RegistrationSettings &
  ManagedTrustSettings &
  Pick<Settings, 'certificates' | 'tlsCert' | 'cluster' | 'openshift'> &
  Pick<Settings, 'matchConditions' | 'mirrorSecrets' | 'probeSeconds' | 'leaseSeconds'>;

/** What the leader's work is made of. */
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
}

/** A replica's part in leading the installation. */
export interface Leading {
  readonly trust: Trust;
  /** Says that this replica answers: nothing calls a webhook that nobody serves yet. */
  serving(): void;
  /** Takes no part any more; what is led is given up at once. */
  resign(): void;
  /** Resolves when leadership is given up. */
  readonly ended: Promise<void>;
  /** Seconds since the API server last said anything about what only the leader's work follows. */
  staleness(): ReadonlyMap<WatchedKind, number>;
}

/**
 * Takes part in the election from now on, and does the leader's work while elected: certificate, webhook configurations,
 * statuses, access keys, self-test.
 */
export function startLeading(options: LeadingOptions): Leading {
  const { settings, identity, watching, connection, state, credentials, observations } = options;
  const { metrics, signal } = watching;
  const { instance, ownNamespace } = settings;
  const excluded = new Set(excludedBySettings(settings));
  const resigned = new AbortController();
  const client = owningClient(watching.client, ownNamespace, instance);
  let isServing = false;

  const follow = followWithWatch({ ...watching, onFailure: () => metrics.countWatchFailure('registration') });
  const pause = followPause({ ...watching, instance, ownNamespace, follow });
  const registration = createRegistration({
    ...watching,
    installation: installationOf(settings),
    matchConditions: parseMatchConditions(settings.matchConditions),
    policies: () => (isServing ? registeredPolicies(state.configuration().policies) : undefined),
    caBundle: () => trust.caBundle(),
    pause,
    follow,
    onOutcome: () => statuses.wake(),
  });
  const confirmed = (): ReturnType<typeof registration.confirmedBundle> => registration.confirmedBundle();
  const trust: Trust =
    certificateMode(settings) === 'self-managed'
      ? managedTrust({ settings, client, timing: connection.timing, logger: watching.log, metrics, confirmed, signal })
      : givenTrust();
  trust.onBundle(registration.poke);
  const keeper = createCredentialsKeeper({
    ...watching,
    client,
    credentials,
    mirrors: settings.mirrorSecrets,
    instance,
    ownNamespace,
    onReports: () => statuses.wake(),
    view: () => {
      if (!isServing || pause.paused()) return undefined;
      const { rules, namespaces } = state.configuration();
      return { rules, namespaces, excluded };
    },
  });
  const statuses = createStatusWriter({
    ...watching,
    state,
    excludedNamespaces: excluded,
    webhookOf: (policy) => registration.results().get(policy),
    credentialsOf: (policy) => credentialsStateOf(keeper, policy),
    sharedUser: () => isOpenShift(settings, connection.facts.seen()),
  });
  const selfTest = createSelfTest({
    ...watching,
    instance,
    ownNamespace,
    nonce: randomUUID,
    everySeconds: settings.probeSeconds,
    ready: () => !pause.paused() && confirmed() !== undefined,
    onResult: (result) => observations.selfTest(result),
  });
  state.onChange(({ configuration }) => {
    keeper.changed();
    if (configuration) registration.poke();
  });

  return {
    trust,
    serving: () => {
      isServing = true;
      registration.poke();
      keeper.changed();
    },
    resign: () => resigned.abort(),
    ended: runElection({
      ...watching,
      client,
      namespace: ownNamespace,
      name: instance,
      identity,
      leaseSeconds: settings.leaseSeconds,
      observed: () => observations.text(),
      signal: AbortSignal.any([signal, resigned.signal]),
      lead: async (term) => {
        // Each part listens, some of them once for everything that they have under way.
        setMaxListeners(0, term);
        await Promise.all([
          trust.lead(term),
          registration.run(term),
          keeper.lead(term),
          statuses.run(term),
          selfTest(term),
        ]);
      },
    }),
    staleness: () => trust.staleness(),
  };
}

function installationOf(settings: RegistrationSettings): Installation {
  return {
    instance: settings.instance,
    ownNamespace: settings.ownNamespace,
    excludedNamespaces: excludedBySettings(settings),
    address: addressOf(settings),
    timeoutSeconds: settings.webhookTimeoutSeconds,
  };
}

function addressOf({ webhookUrl, webhookService }: RegistrationSettings): WebhookAddress {
  if (webhookUrl !== '') return { url: webhookUrl };
  const [name = '', port = '443'] = webhookService.split(':');
  return { service: { name, port: Number(port) } };
}
