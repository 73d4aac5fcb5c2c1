import type { MirroredSecret } from '../../engine/mirrored-secret.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { jittered, type Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import type { ApiClient } from '../client/api-client.js';
import { CheckedKeys, type Found, type SourceVersions } from './checked-keys.js';
import type { ClusterCredentials } from './credentials.js';
import type { CredentialsReport } from './credentials-report.js';
import { Ledger } from './ledger.js';
import { paced } from './paced.js';
import { removeCopy } from './remove-copy.js';
import { Strays, type Stray } from './strays.js';
import { currentMirrors, wantedKeys, type ClusterView, type WantedKey } from './wanted.js';

/** What the sweep needs. */
export interface SweepOptions extends Timing {
  readonly client: ApiClient;
  readonly credentials: ClusterCredentials;
  /** `undefined` until policies and namespaces were read, and during a pause. Nothing is made or removed then. */
  readonly view: () => ClusterView | undefined;
  /** Called after each look, when `reports` may have changed. */
  readonly onReports?: () => void;
  /** Whether copies may be made. If not, nothing is kept about them, because the rights for that are missing too. */
  readonly mirrors: boolean;
  readonly ownNamespace: string;
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setMirroredSecrets'>;
}

const tickMs = 10_000;
const settleMs = 500;
const checkAgainMs = 5 * 60_000;
const tryAgainMs = 10_000;
// At most four early looks a second, because a policy without a Secret may match a whole cluster.
const tryEachMs = 250;
// How much is done before policies and namespaces are read again.
const batch = 200;

/**
 * The leader's part for access keys. It looks at every matched namespace every few minutes, at a limited rate, and reports
 * where keys are missing. It copies what a policy mirrors, and removes copies that no policy wants any more.
 */
export class CredentialsSweep {
  readonly #options: SweepOptions;
  readonly #wake: Wake;
  #checked = new CheckedKeys();
  #strays = new Strays();
  readonly #ledger: Ledger;
  /** The ledger as this turn found it; `undefined` if it cannot be kept. */
  #copies: ReadonlyMap<string, string> | undefined;
  #complained = false;
  #reports: readonly CredentialsReport[] = [];

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
    this.#ledger = new Ledger(options);
  }

  /** Call this when policies or namespaces have changed. */
  readonly changed = (): void => this.#wake.poke();

  /** By policy; only the leader knows. */
  reports(): readonly CredentialsReport[] {
    return this.#reports;
  }

  /** Ends soon after the signal aborts, and never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const view = this.#options.view();
      const more = view !== undefined && (await this.#turn(view, signal));
      if (!more) await this.#wake.sleep(jittered(tickMs, this.#options.random), signal, settleMs);
    }
    this.#forgetEverything();
  }

  /** Does the work that is due, or its first part. Returns whether there is more. */
  async #turn(view: ClusterView, signal: AbortSignal): Promise<boolean> {
    const wanted = wantedKeys(view);
    const mirrors = currentMirrors(view.rules);
    const versions = await this.#readSources(mirrors, signal);
    await this.#recordCopies(mirrors);
    this.#checked.keepOnly(wanted);
    const work = [...this.#checksDue(wanted, versions, signal), ...this.#removalsDue(view, wanted)];
    await this.#doPaced(work.slice(0, batch), signal);
    this.#report(wanted, versions);
    await this.#strikeGoneCopies(view);
    return work.length > batch;
  }

  async #readSources(mirrors: readonly MirroredSecret[], signal: AbortSignal): Promise<SourceVersions> {
    const versions = new Map<string, string | undefined>();
    const { copier } = this.#options.credentials;
    for (const mirror of mirrors) versions.set(mirror.copy, await copier.refreshSource(mirror, signal));
    return versions;
  }

  /** Reads the ledger, which other replicas also write. Copies are in it before they are made. */
  async #recordCopies(mirrors: readonly MirroredSecret[]): Promise<void> {
    this.#copies = undefined;
    if (!this.#options.mirrors) return;
    try {
      this.#copies = await this.#ledger.add(mirrors.map(({ copy, policy }) => [copy, policy]));
      this.#complained = false;
    } catch (error) {
      this.#complainOfLedger(error);
    }
  }

  /** A name is removed from the ledger when no namespace has such a copy any more. */
  async #strikeGoneCopies(view: ClusterView): Promise<void> {
    if (this.#copies === undefined) return;
    const gone = this.#strays.gone(view);
    if (gone.length === 0) return;
    try {
      await this.#ledger.strike(gone);
      this.#strays.forget(gone);
    } catch (error) {
      this.#complainOfLedger(error);
    }
  }

  #checksDue(wanted: readonly WantedKey[], versions: SourceVersions, signal: AbortSignal): (() => Promise<void>)[] {
    const due = this.#checked.due(wanted, versions, this.#options.clock.monotonicMs());
    return due.map((one) => () => this.#check(one, versions, signal));
  }

  #removalsDue(view: ClusterView, wanted: readonly WantedKey[]): (() => Promise<void>)[] {
    const nowMs = this.#options.clock.monotonicMs();
    const strays = this.#strays.find(view, wanted, this.#copies ?? new Map(), nowMs);
    return strays.map((one) => () => this.#remove(one));
  }

  /** A pause that begins meanwhile may be the installation's end, so nothing is made after it. */
  async #doPaced(work: readonly (() => Promise<void>)[], signal: AbortSignal): Promise<void> {
    const { view, sleep } = this.#options;
    await paced(work, async (one) => (view() === undefined ? undefined : one()), sleep, signal);
  }

  async #check(wanted: WantedKey, versions: SourceVersions, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const { namespace, mirror, injects } = wanted;
    const found = mirror !== undefined && injects ? await this.#copy(wanted, mirror) : await this.#look(wanted, signal);
    const soonMs = Math.max(tryAgainMs, this.#checked.size * tryEachMs);
    const againMs = found === 'present' || !injects ? checkAgainMs : soonMs;
    this.#checked.note(wanted, found, versions, clock.monotonicMs() + jittered(againMs, random));
    if (mirror !== undefined) this.#strays.maybeAt(namespace, mirror.copy);
  }

  async #copy(wanted: WantedKey, mirror: MirroredSecret): Promise<Found> {
    const { credentials, log } = this.#options;
    const { namespace, name } = wanted;
    const before = this.#checked.foundOf(wanted);
    const result = await credentials.copier.ensure(namespace, mirror);
    credentials.learn(namespace, mirror, result);
    const about = { namespace, copy: name, policy: mirror.policy };
    if (result.state === 'current') {
      if (result.wrote) log.info(about, 'a Secret was mirrored');
      return 'present';
    }
    const found = this.#stateOf(wanted);
    // A blocked copy is reported by the part that learns of it first, here or for a pod.
    if (before !== found && result.state !== 'blocked') log.warn({ ...about, state: result.state }, result.detail);
    return found;
  }

  async #look(wanted: WantedKey, signal: AbortSignal): Promise<Found> {
    const { namespace, name, key, mirror } = wanted;
    const { credentials } = this.#options;
    try {
      if (mirror === undefined) await credentials.check(namespace, name, key, signal);
      else await credentials.inspect(namespace, mirror);
    } catch {
      return 'unknown';
    }
    const found = this.#stateOf(wanted);
    // If nothing is instrumented, no copy is made, and none is missing.
    return mirror !== undefined && found === 'unknown' ? 'missing' : found;
  }

  #stateOf({ namespace, name, key, mirror }: WantedKey): Found {
    return this.#options.credentials.secretState(namespace, name, key, mirror?.policy);
  }

  async #remove({ namespace, policy, copy }: Stray): Promise<void> {
    const { client, instance, log } = this.#options;
    const result = await removeCopy(client, namespace, { policy, instance }, copy);
    if (result === 'failed') log.warn({ namespace, copy }, 'a mirrored Secret cannot be removed; it is tried again');
    else this.#strays.noneAt(namespace, copy, this.#options.clock.monotonicMs());
    if (result === 'removed') log.info({ namespace, copy, policy }, 'a mirrored Secret was removed');
  }

  #report(wanted: readonly WantedKey[], versions: SourceVersions): void {
    const { ownNamespace, metrics, onReports } = this.#options;
    this.#reports = this.#checked.reports(wanted, versions, ownNamespace);
    onReports?.();
    const mirrored = this.#reports.filter((report) => report.mirrored);
    const sum = (of: (report: CredentialsReport) => number): number => mirrored.reduce((all, one) => all + of(one), 0);
    metrics.setMirroredSecrets(
      'current',
      sum(({ present }) => present),
    );
    metrics.setMirroredSecrets(
      'blocked',
      sum(({ blocked }) => blocked.length),
    );
  }

  /** Logged once, and again if it worked in between. */
  #complainOfLedger(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#options.log.warn({ err: error }, 'the list of mirrored Secrets cannot be kept; it is tried again');
  }

  /** Another replica leads now, and may change what was known. */
  #forgetEverything(): void {
    this.#checked = new CheckedKeys();
    this.#strays = new Strays();
    this.#copies = undefined;
    this.#complained = false;
    this.#reports = [];
  }
}
