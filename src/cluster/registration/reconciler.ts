import { provenPath } from '../../model/door-token.js';
import { allDoors, type Subject } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { asError } from '../../time/as-error.js';
import type { Clock } from '../../time/clock.js';
import { TokenBucket, type Rate } from '../../time/token-bucket.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { desiredRegistration, type DesiredRegistration } from './desired.js';
import type { ConfigurationKind, Installation } from './entry.js';
import type { MatchCondition } from './match-conditions.js';
import { allWith, outcomes, type PolicyRegistration, type SeenConfiguration } from './outcome.js';
import type { PauseMarker } from './pause-marker.js';
import { pauseSentence, untilText, type Pause } from './pause-record.js';
import { ConditionRehearsal, type RehearsedConditions } from './condition-rehearsal.js';
import type { RegisteredPolicy } from './registered-policy.js';
import {
  bundleIn,
  ownEntries,
  pathsIn,
  targetOf,
  wrongEntries,
  type Intent,
  type Owner,
} from './webhook-configuration.js';
import { standingOf, type Standing } from './standing.js';
import { readConfiguration, readOwner, rehearse, stands, writeConfiguration } from './write.js';
import { readWritten } from './written.js';
import type { OfferedWays } from './way-entries.js';

/** What is needed to make and write the configurations. */
export interface ReconcilerOptions {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly metrics: ClusterMetrics;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly installation: Installation;
  /** The setting's, read by `parseMatchConditions`. */
  readonly matchConditions: readonly MatchCondition[];
  /** All policies; `undefined` while they are not read. Then nothing is written (E41). */
  readonly policies: () => readonly RegisteredPolicy[] | undefined;
  /** Base64 of the authorities' PEM; `undefined` while there are none: nothing is written then. */
  readonly caBundle: () => string | undefined;
  /** The key for the entries; `undefined` while that is not decided, and then nothing is written. Absent: no key. */
  readonly port?: () => PortChoice | undefined;
  /**
   * The subjects whose doors this replica has, and the users who are always let through. Absent: the webhook is not called
   * about running pods.
   */
  readonly ways?: () => ServedWays;
  /**
   * Called with the configurations as they were found, and again as they were written; `undefined` if they are unknown or
   * missing.
   */
  readonly onStanding?: (standing: Standing | undefined) => void;
  readonly pause: Pick<PauseMarker, 'current' | 'readLive' | 'onChange'>;
  /** How many repairs are allowed at once, and how long until one more is allowed. Default: 5 and 30,000. */
  readonly repairs?: Rate;
}

/** The ways into running pods that this replica covers. */
export interface ServedWays {
  readonly subjects: ReadonlySet<Subject>;
  /** Whether others are left out by a setting. */
  readonly isOff: boolean;
  readonly breakGlassGroups: readonly string[];
}

/** The key that the API server should use; `undefined`: no token. */
export interface PortChoice {
  readonly key: string | undefined;
  /** Whether every replica reports by which configuration its self-test was called. Then the path names it. */
  readonly hashed?: boolean;
  /** Whether every replica answers about running pods. */
  readonly ways?: boolean;
}

/** Values that are the same in all our entries. */
export interface Told {
  readonly caBundle: string | undefined;
  readonly port: PortChoice | undefined;
}

/** Called with the results by policy, and with what is in every entry. */
export type TellOutcome = (results: ReadonlyMap<string, PolicyRegistration>, told: Told) => void;

const untold: Told = { caBundle: undefined, port: undefined };

const kinds = ['mutating', 'validating'] as const;

type Live = Readonly<Record<ConfigurationKind, JsonObject | undefined>>;

/** The result for one configuration. */
interface Put {
  readonly live: JsonObject | undefined;
  /** After how many milliseconds to look again. */
  readonly waitMs: number;
  readonly failure?: unknown;
}

/** Keeps the two webhook configurations as they should be, for one term as the leader. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #signal: AbortSignal;
  readonly #tell: TellOutcome;
  readonly #repairs: TokenBucket;
  readonly #rehearsal: ConditionRehearsal;
  /** What was last written or found in force, to tell our own changes from those of others. */
  readonly #known = new Map<ConfigurationKind, string>();
  #saidRefusal: string | undefined;

  constructor(options: ReconcilerOptions, signal: AbortSignal, tell: TellOutcome) {
    this.#options = options;
    this.#signal = signal;
    this.#tell = tell;
    this.#repairs = new TokenBucket(options.clock, options.repairs ?? { burst: 5, everyMs: 30_000 });
    this.#rehearsal = new ConditionRehearsal(options.matchConditions, options.clock);
  }

  /**
   * Looks at both configurations and repairs them if necessary.
   * @returns after how many milliseconds to look again
   * @throws ApiError
   */
  async look(): Promise<number> {
    const policies = this.#options.policies();
    const caBundle = this.#options.caBundle();
    const port = this.#options.port === undefined ? plain : this.#options.port();
    const paused = this.#options.pause.current();
    if (paused !== undefined) return await this.#standStill(paused, policies ?? [], { caBundle, port });
    if (policies === undefined || port === undefined) return Infinity;
    if (caBundle === undefined) {
      this.#tell(allWith(policies, 'CertificatePending', 'there is no certificate yet'), untold);
      return Infinity;
    }
    return await this.#reconcile(policies, caBundle, port);
  }

  async #reconcile(policies: readonly RegisteredPolicy[], caBundle: string, port: PortChoice): Promise<number> {
    const owner = await readOwner(this.#options.client, this.#options.installation.instance, this.#signal);
    const live = { mutating: await this.#read('mutating'), validating: await this.#read('validating') };
    const rehearsed = await this.#rehearse(caBundle, owner, live);
    const desired = desiredRegistration(
      policies,
      { ...this.#options.installation, portKey: port.key },
      caBundle,
      rehearsed.conditions,
      this.#offered(port),
    );
    const intents = {
      mutating: this.#intentOf('mutating', desired, rehearsed, owner, port),
      validating: this.#intentOf('validating', desired, rehearsed, owner, port),
    };
    const { installation, onStanding } = this.#options;
    onStanding?.(standingOf(desired, intents, live, installation));
    const puts = {
      mutating: await this.#put(intents.mutating, live.mutating),
      validating: await this.#put(intents.validating, live.validating),
    };
    const left = { mutating: puts.mutating.live, validating: puts.validating.live };
    onStanding?.(standingOf(desired, intents, left, installation));
    const seen = {
      mutating: this.#seenOf(intents.mutating, puts.mutating),
      validating: this.#seenOf(intents.validating, puts.validating),
    };
    this.#tell(outcomes(desired, seen, rehearsed.refusal), {
      caBundle: this.#bundleOf(puts),
      port: this.#calls([puts.mutating.live, puts.validating.live], port) ? port : undefined,
    });
    const failure = puts.mutating.failure ?? puts.validating.failure;
    if (failure !== undefined) throw asError(failure);
    return Math.min(puts.mutating.waitMs, puts.validating.waitMs);
  }

  /** A replica without these doors might answer, and requests to entries that fail closed would be denied. */
  #offered(port: PortChoice): OfferedWays | undefined {
    const served = this.#options.ways?.();
    if (served === undefined) return undefined;
    const { subjects, isOff, breakGlassGroups } = served;
    if (port.ways !== true) return { subjects: new Set(), lack: 'OlderReplicas', breakGlassGroups };
    return { subjects, lack: isOff ? 'SessionsOff' : undefined, breakGlassGroups };
  }

  #intentOf(
    kind: ConfigurationKind,
    desired: DesiredRegistration,
    { conditions: matchConditions }: RehearsedConditions,
    owner: Owner | undefined,
    { hashed = false }: PortChoice,
  ): Intent {
    const { instance, annotations } = this.#options.installation;
    return { kind, instance, entries: desired[kind], matchConditions, owner, annotations, hashed };
  }

  #seenOf(intent: Intent, { live, failure }: Put): SeenConfiguration {
    const target = targetOf(intent, live);
    return {
      wrong: new Set(wrongEntries(target, live, intent.instance)),
      foreign: target.foreign,
      failure: failure === undefined ? undefined : asError(failure).message,
    };
  }

  /** The bundle that is in every entry of both. */
  #bundleOf(puts: Readonly<Record<ConfigurationKind, Put>>): string | undefined {
    const { instance } = this.#options.installation;
    const [mutating, validating] = kinds.map((kind) => bundleIn(puts[kind].live, instance));
    return mutating === validating ? mutating : undefined;
  }

  /** Whether every entry of both carries the key's token, or none if there is no key. */
  #calls(live: readonly (JsonObject | undefined)[], { key }: PortChoice): boolean {
    const { instance } = this.#options.installation;
    const ends = allDoors.map(({ path }) => provenPath(path, key));
    return live.flatMap((one) => pathsIn(one, instance)).every((path) => ends.some((end) => path.endsWith(end)));
  }

  /** Writes a configuration if it is not as it should be and the limit on repairs allows it. */
  async #put(intent: Intent, live: JsonObject | undefined): Promise<Put> {
    const { client, log, metrics, pause } = this.#options;
    const { kind } = intent;
    const text = JSON.stringify([intent.entries, intent.owner, intent.hashed]);
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
    // A pause sets the marker first and then removes the webhooks, so a replica that sees them gone must see the
    // marker.
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

  async #rehearse(caBundle: string, owner: Owner | undefined, live: Live): Promise<RehearsedConditions> {
    const { client, installation, log } = this.#options;
    const rehearsed = await this.#rehearsal.settle(readWritten(live.mutating).matchConditions, async (conditions) => {
      // Uses a policy's entry, because the self-test's has no conditions, and nothing else, so that nothing else can be
      // refused.
      const desired = desiredRegistration([anyPolicy], installation, caBundle, conditions);
      const { instance } = installation;
      const intent = { kind: 'mutating', instance, entries: desired.mutating, hashed: false } as const;
      await rehearse(client, { ...intent, matchConditions: conditions, owner }, live.mutating, this.#signal);
    });
    if (rehearsed.refusal !== this.#saidRefusal) {
      this.#saidRefusal = rehearsed.refusal;
      if (rehearsed.refusal !== undefined) {
        log.error(
          { refusal: rehearsed.refusal, inForce: rehearsed.conditions },
          'the API server refuses --match-conditions; they are not used',
        );
      }
    }
    return rehearsed;
  }

  /** Neither repairs nor removes anything, and reports what is there. @returns when to look again */
  async #standStill(pause: Pause, policies: readonly RegisteredPolicy[], wanted: Told): Promise<number> {
    const { instance } = this.#options.installation;
    const live = [await this.#read('mutating'), await this.#read('validating')];
    this.#options.onStanding?.(undefined);
    this.#known.clear();
    const left = live.reduce((sum, one) => sum + ownEntries(one, instance), 0);
    const what =
      left === 0
        ? 'the API server calls for no pod'
        : `nothing is repaired, and ${left} webhooks are still there: whoever paused did not take them out`;
    const sentence = pauseSentence({ ...pause, until: untilText(pause) });
    // Without entries, any bundle will do. With entries, their bundle must be kept.
    const bundles = new Set(live.filter((one) => ownEntries(one, instance) > 0).map((one) => bundleIn(one, instance)));
    const [bundle] = bundles.size === 0 ? [wanted.caBundle] : bundles;
    this.#tell(allWith(policies, 'Paused', `paused ${sentence}: ${what}`), {
      caBundle: bundles.size > 1 ? undefined : bundle,
      port: wanted.port !== undefined && this.#calls(live, wanted.port) ? wanted.port : undefined,
    });
    return Infinity;
  }

  #read(kind: ConfigurationKind): Promise<JsonObject | undefined> {
    return readConfiguration(this.#options.client, kind, this.#options.installation.instance, this.#signal);
  }
}

const plain: PortChoice = { key: undefined };

/** A placeholder for a policy in a rehearsal. */
const anyPolicy: RegisteredPolicy = {
  name: 'rehearsal',
  mode: 'Inject',
  prefer: 'Availability',
  valid: true,
  canDeny: false,
  namespaceSelector: {},
  podSelector: {},
  asksFor: [],
};
