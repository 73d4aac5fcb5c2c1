import type { Clock } from '../../time/clock.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError, isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { backOffMs } from '../back-off.js';
import { bundleIn, configurationResources, targetOf, wrongEntries, type Intent, type Owner } from './configuration.js';
import {
  desiredRegistration,
  type ConfigurationKind,
  type DesiredRegistration,
  type Installation,
  type RegisteredPolicy,
} from './desired.js';
import type { Follow } from './follow.js';
import type { MatchCondition } from './match-conditions.js';
import { allWith, outcomes, type PolicyRegistration, type SeenConfiguration } from './outcome.js';
import { untilText, type PauseMarker } from './pause-marker.js';
import { createProof, type ProvenConditions } from './proof.js';
import { TokenBucket, type Rate } from '../../time/token-bucket.js';
import { sleepByTimer } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { createRemoval, spreadMs } from './removal.js';
import { readConfiguration, rehearse, stands, writeConfiguration } from './write.js';
import { readWritten } from './written.js';

/** What the registration is made of, and how it learns of that. */
export interface RegistrationOptions {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly metrics: ClusterMetrics;
  readonly clock: Clock;
  /** A number from 0 up to 1, evenly. */
  readonly random: () => number;
  readonly installation: Installation;
  /** The setting's, read by `parseMatchConditions`. */
  readonly matchConditions: readonly MatchCondition[];
  /** Every policy; `undefined` while they are not read: nothing is written then (E41). */
  readonly policies: () => readonly RegisteredPolicy[] | undefined;
  /** Base64 of the authorities' PEM; `undefined` while there are none: nothing is written then. */
  readonly caBundle: () => string | undefined;
  readonly pause: PauseMarker;
  readonly follow: Follow;
  /** Told after each look at the configurations, when results or the confirmed bundle may have changed. */
  readonly onOutcome?: () => void;
  /** Repairs at once, and how long until there is one more. Default: 5 and 30,000. */
  readonly repairs?: Rate;
}

/** The authorities that the API server has been told to trust. */
export interface ConfirmedBundle {
  readonly caBundle: string;
  /** Since when that is known, on the monotonic clock. */
  readonly sinceMs: number;
}

/** The webhook configurations, kept as the policies want them. */
export interface Registration {
  /** For the leader. Resolves soon after the signal aborts; never throws for what the API server does. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Says that policies, bundle or certificates may have changed. */
  readonly poke: () => void;
  /** By policy name; only while this replica leads. */
  readonly results: () => ReadonlyMap<string, PolicyRegistration>;
  /**
   * The bundle that stands in every entry of both configurations, as read back. While paused there are no entries, and
   * any bundle is as good: then the wanted one. `undefined` while not leading, or when entries differ.
   */
  readonly confirmedBundle: () => ConfirmedBundle | undefined;
}

const kinds = ['mutating', 'validating'] as const;
const coalesceMs = 50;
/** Looks without being told, as a second net. */
const resyncMs = 60_000;

export function createRegistration(options: RegistrationOptions): Registration {
  const { clock } = options;
  const wake = new Wake(sleepByTimer);
  let results: ReadonlyMap<string, PolicyRegistration> = new Map();
  let confirmed: ConfirmedBundle | undefined;

  const confirm = (caBundle: string | undefined): void => {
    if (caBundle === confirmed?.caBundle) return;
    confirmed = caBundle === undefined ? undefined : { caBundle, sinceMs: clock.monotonicMs() };
  };

  return {
    poke: wake.poke,
    results: () => results,
    confirmedBundle: () => confirmed,
    run: async (signal) => {
      const keeper = new Keeper(options, signal, (next, caBundle) => {
        results = next;
        confirm(caBundle);
        options.onOutcome?.();
      });
      const { instance } = options.installation;
      for (const kind of kinds) {
        options.follow({ resource: configurationResources[kind], name: instance }, wake.poke, signal);
      }
      const unsubscribe = options.pause.onChange(wake.poke);
      let failures = 0;
      while (!signal.aborted) {
        let waitMs = resyncMs;
        try {
          waitMs = Math.min(resyncMs, await keeper.look());
          failures = 0;
        } catch (error) {
          if (isAborted(signal)) break;
          failures += 1;
          waitMs = backOffMs(failures, options.random, error);
          const conflict = isApiError(error, 'Conflict');
          options.log[conflict ? 'debug' : 'warn'](
            { err: error, waitMs: Math.round(waitMs) },
            'the webhook configurations are not as they should be; tried again',
          );
        }
        await wake.sleep(waitMs, signal);
        // Several changes come together as a rule.
        await sleepByTimer(coalesceMs, signal);
      }
      unsubscribe();
      results = new Map();
      confirmed = undefined;
    },
  };
}

/** One term as the leader. */
class Keeper {
  readonly #options: RegistrationOptions;
  readonly #signal: AbortSignal;
  readonly #tell: (results: ReadonlyMap<string, PolicyRegistration>, caBundle: string | undefined) => void;
  readonly #repairs: TokenBucket;
  readonly #proof: ReturnType<typeof createProof>;
  /** What was last written or found in force, to tell a change of ours from one of somebody else's. */
  readonly #known = new Map<ConfigurationKind, string>();
  #saidRefusal: string | undefined;
  /** Under way while paused. */
  #removal: ReturnType<typeof createRemoval> | undefined;

  constructor(
    options: RegistrationOptions,
    signal: AbortSignal,
    tell: (results: ReadonlyMap<string, PolicyRegistration>, caBundle: string | undefined) => void,
  ) {
    this.#options = options;
    this.#signal = signal;
    this.#tell = tell;
    const nowMs = (): number => options.clock.monotonicMs();
    this.#repairs = new TokenBucket(options.clock, options.repairs ?? { burst: 5, everyMs: 30_000 });
    this.#proof = createProof(options.matchConditions, nowMs);
  }

  /**
   * Looks at both configurations and puts right what is to be put right.
   * @returns after how many milliseconds to look again
   * @throws ApiError
   */
  async look(): Promise<number> {
    const { policies: read, caBundle: readBundle, pause, installation } = this.#options;
    const policies = read();
    const caBundle = readBundle();
    const paused = pause.current();
    if (paused !== undefined) {
      const waitMs = await this.#takeAway();
      const message = `paused until ${untilText(paused)}: the API server calls for no pod`;
      this.#tell(allWith(policies ?? [], 'Paused', message), caBundle);
      return waitMs;
    }
    this.#removal = undefined;
    if (policies === undefined) return Infinity;
    if (caBundle === undefined) {
      this.#tell(allWith(policies, 'CertificatePending', 'there is no certificate yet'), undefined);
      return Infinity;
    }
    const owner = await this.#readOwner();
    const live = {
      mutating: await this.#read('mutating'),
      validating: await this.#read('validating'),
    };
    const proven = await this.#prove(caBundle, owner, live);
    const desired = desiredRegistration(policies, installation, caBundle, proven.conditions);
    const intentOf = (kind: ConfigurationKind): Intent => ({
      kind,
      instance: installation.instance,
      entries: desired[kind],
      matchConditions: proven.conditions,
      owner,
    });
    let waitMs = Infinity;
    let failure: unknown;
    const seen = new Map<ConfigurationKind, SeenConfiguration>();
    const bundles = new Set<string | undefined>();
    for (const kind of kinds) {
      const intent = intentOf(kind);
      const after = await this.#put(intent, live[kind]);
      waitMs = Math.min(waitMs, after.waitMs);
      failure ??= after.failure;
      const target = targetOf(intent, after.live);
      seen.set(kind, {
        wrong: new Set(wrongEntries(target, after.live, installation.instance)),
        foreign: target.foreign,
        failure: after.failure === undefined ? undefined : messageOf(after.failure),
      });
      bundles.add(bundleIn(after.live, installation.instance));
    }
    const [bundle] = bundles;
    this.#report(desired, seen, proven, bundles.size === 1 ? bundle : undefined);
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(messageOf(failure));
    return waitMs;
  }

  #report(
    desired: DesiredRegistration,
    seen: ReadonlyMap<ConfigurationKind, SeenConfiguration>,
    { refusal }: ProvenConditions,
    bundle: string | undefined,
  ): void {
    const none: SeenConfiguration = { wrong: new Set(), foreign: new Map(), failure: undefined };
    const results = outcomes(
      desired,
      { mutating: seen.get('mutating') ?? none, validating: seen.get('validating') ?? none },
      refusal,
    );
    this.#tell(results, bundle);
  }

  /** Writes a configuration when it is not as it should be, and the limit on repairs allows it. */
  async #put(
    intent: Intent,
    live: JsonObject | undefined,
  ): Promise<{ readonly live: JsonObject | undefined; readonly waitMs: number; readonly failure?: unknown }> {
    const { client, log, metrics, pause } = this.#options;
    const { kind } = intent;
    const text = JSON.stringify([intent.entries, intent.owner]);
    if (stands(intent, live)) {
      this.#known.set(kind, text);
      return { live, waitMs: Infinity };
    }
    const cause = this.#known.get(kind) === text ? 'repair' : 'change';
    if (cause === 'repair') {
      const waitMs = this.#repairs.take();
      if (waitMs > 0) {
        log.warn({ kind, waitMs }, 'a webhook configuration keeps being changed by somebody else; its repair waits');
        return { live, waitMs };
      }
    }
    // Who pauses sets the marker first and then deletes: whoever sees the deletion must see the marker.
    if ((await pause.readLive(this.#signal)) !== undefined) return { live, waitMs: 0 };
    try {
      const written = await writeConfiguration(client, intent, live, this.#signal);
      metrics.countRegistration(kind, cause, 'success');
      log.info({ kind, cause, webhooks: intent.entries.length }, 'webhook configuration written');
      this.#known.set(kind, text);
      return { live: written, waitMs: Infinity };
    } catch (failure) {
      if (!isApiError(failure, 'Conflict')) metrics.countRegistration(kind, cause, 'failure');
      return { live, waitMs: Infinity, failure };
    }
  }

  async #prove(
    caBundle: string,
    owner: Owner | undefined,
    live: Readonly<Record<ConfigurationKind, JsonObject | undefined>>,
  ): Promise<ProvenConditions> {
    const { client, installation, log } = this.#options;
    const proven = await this.#proof.prove(readWritten(live.mutating).matchConditions, async (conditions) => {
      // A policy's entry, since the self-test's has no conditions; and no more, so that nothing else is refused.
      const desired = desiredRegistration([anyPolicy], installation, caBundle, conditions);
      const intent = { kind: 'mutating', instance: installation.instance, entries: desired.mutating } as const;
      await rehearse(client, { ...intent, matchConditions: conditions, owner }, live.mutating, this.#signal);
    });
    if (proven.refusal !== this.#saidRefusal) {
      this.#saidRefusal = proven.refusal;
      if (proven.refusal !== undefined) {
        log.error(
          { refusal: proven.refusal, inForce: proven.conditions },
          'the API server refuses --match-conditions; they are not used',
        );
      }
    }
    return proven;
  }

  /** @returns after how many milliseconds to go on with it */
  async #takeAway(): Promise<number> {
    const { client, installation, clock, log } = this.#options;
    this.#removal ??= createRemoval({
      client,
      instance: installation.instance,
      spreadMs,
      nowMs: () => clock.monotonicMs(),
      signal: this.#signal,
    });
    const { there, deleted } = await this.#removal();
    for (const kind of deleted) log.warn({ kind }, 'webhook configuration deleted: the installation is paused');
    this.#known.clear();
    return there.length > 0 ? spreadMs : Infinity;
  }

  #read(kind: ConfigurationKind): Promise<JsonObject | undefined> {
    return readConfiguration(this.#options.client, kind, this.#options.installation.instance, this.#signal);
  }

  /** The chart's ClusterRole: a cluster-scoped object cannot belong to one in a namespace. */
  async #readOwner(): Promise<Owner | undefined> {
    const name = this.#options.installation.instance;
    try {
      const role = await this.#options.client.get(pathOf(resources.clusterRoles, { name }), { signal: this.#signal });
      const uid = stringOf(objectOf(role['metadata'])?.['uid']);
      return uid === undefined ? undefined : { name, uid };
    } catch (error) {
      if (isApiError(error, 'NotFound', 'Forbidden')) return undefined;
      throw error;
    }
  }
}

/** Stands for some policy in a rehearsal. */
const anyPolicy: RegisteredPolicy = {
  name: 'rehearsal',
  mode: 'Inject',
  prefer: 'Availability',
  valid: true,
  canDeny: false,
  namespaceSelector: {},
  podSelector: {},
};

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function messageOf(error: unknown): string {
  return error instanceof ApiError || error instanceof Error ? error.message : String(error);
}
