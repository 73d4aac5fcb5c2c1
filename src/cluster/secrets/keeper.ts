import type { Clock } from '../../time/clock.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { jittered, type Random, type Sleep } from '../../time/sleep.js';
import type { ClusterCredentials } from './credentials.js';
import type { CredentialsReport } from './credentials-report.js';
import { openLedger, type Ledger } from './ledger.js';
import { paced } from './paced.js';
import { removeCopy } from './remove-copy.js';
import { currentMirrors, obsoleteCopies, wantedKeys, type ClusterView, type WantedKey } from './wanted.js';

/** What the keeper works with. */
export interface KeeperOptions {
  readonly client: ApiClient;
  readonly credentials: ClusterCredentials;
  /** `undefined` until policies and namespaces were read, and during a pause: nothing is made or removed then. */
  readonly view: () => ClusterView | undefined;
  /** Told after each look, when `reports` may say something else. */
  readonly onReports?: () => void;
  /** Whether copies may be made. Where not, nothing is kept about them, since the rights for that are missing too. */
  readonly mirrors: boolean;
  readonly ownNamespace: string;
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setMirroredSecrets'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
}

/** Keeps access keys where pods need them, and says where they are missing. */
export interface CredentialsKeeper {
  /**
   * The leader's part: looks at every matched namespace every few minutes, at a bounded rate; copies what a policy
   * mirrors; removes copies that no policy wants there any more. Ends soon after the signal aborts, and never throws for
   * what the API server does.
   */
  lead(signal: AbortSignal): Promise<void>;
  /** To be called when policies or namespaces have changed. */
  changed(): void;
  /** By policy; only the leader knows. */
  reports(): readonly CredentialsReport[];
}

const tickMs = 10_000;
const settleMs = 500;
const checkAgainMs = 5 * 60_000;
const tryAgainMs = 10_000;
// Of what is looked at sooner, not more than four a second: a policy without a Secret may match a whole cluster.
const tryEachMs = 250;
// So much is done before policies and namespaces are looked at again.
const batch = 200;

type Found = 'present' | 'missing' | 'blocked' | 'unknown';

interface Checked {
  readonly found: Found;
  readonly dueMs: number;
  /** Of a copy: the source's version that it was made of. */
  readonly sourceVersion: string | undefined;
}

interface Stray {
  readonly namespace: string;
  readonly policy: string;
  readonly copy: string;
}

/** Makes a keeper; it does nothing before `lead`. */
export function createCredentialsKeeper(options: KeeperOptions): CredentialsKeeper {
  const { client, credentials, view, ownNamespace, instance, log, metrics, clock, random, sleep } = options;
  const { copier } = credentials;
  let reports: readonly CredentialsReport[] = [];
  let wake: (() => void) | undefined;
  let dirty = false;

  async function lead(signal: AbortSignal): Promise<void> {
    const checked = new Map<string, Checked>();
    /** Where there is certainly no copy of ours. */
    const clean = new Set<string>();
    let ledger: Ledger | undefined;

    const check = async (wanted: WantedKey, sourceVersion: string | undefined): Promise<void> => {
      const before = checked.get(idOf(wanted))?.found;
      const found = await look(wanted, before, signal);
      const soonMs = Math.max(tryAgainMs, checked.size * tryEachMs);
      const againMs = found === 'present' || !wanted.injects ? checkAgainMs : soonMs;
      checked.set(idOf(wanted), { found, sourceVersion, dueMs: clock.monotonicMs() + jittered(againMs, random) });
      if (wanted.mirror !== undefined) clean.delete(strayId(wanted.namespace, wanted.mirror.copy));
    };

    const tidy = async ({ namespace, policy, copy }: Stray): Promise<void> => {
      const result = await removeCopy(client, namespace, policy, copy);
      if (result === 'failed') log.warn({ namespace, copy }, 'a mirrored Secret cannot be removed; it is tried again');
      else clean.add(strayId(namespace, copy));
      if (result === 'removed') log.info({ namespace, copy, policy }, 'a mirrored Secret was removed');
    };

    /** Does what is due, or the first part of it. Returns whether there is more. */
    async function turn(seen: ClusterView): Promise<boolean> {
      const wanted = wantedKeys(seen);
      const mirrors = currentMirrors(seen.rules);
      const versions = new Map<string, string | undefined>();
      for (const mirror of mirrors) versions.set(mirror.copy, await copier.refreshSource(mirror, signal));
      ledger = await recorded(
        ledger,
        seen,
        mirrors.map(({ copy, policy }) => [copy, policy]),
      );

      const ids = new Set(wanted.map(idOf));
      for (const id of checked.keys()) if (!ids.has(id)) checked.delete(id);
      const nowMs = clock.monotonicMs();
      const due = wanted.filter((one) => {
        const last = checked.get(idOf(one));
        return last === undefined || last.dueMs <= nowMs || last.sourceVersion !== versions.get(one.mirror?.copy ?? '');
      });
      const strays = straysOf(seen, wanted, ledger?.copies ?? new Map(), clean);
      const work = [
        ...due.map((one) => () => check(one, versions.get(one.mirror?.copy ?? ''))),
        ...strays.map((one) => () => tidy(one)),
      ];
      // A pause that begins meanwhile may be the installation's end: nothing is made after it.
      await paced(work.slice(0, batch), async (one) => (view() === undefined ? undefined : one()), sleep, signal);
      reports = reportsOf(wanted, checked, versions, ownNamespace);
      options.onReports?.();
      const mirrored = reports.filter((report) => report.mirrored);
      metrics.setMirroredSecrets(
        'current',
        mirrored.reduce((sum, { present }) => sum + present, 0),
      );
      metrics.setMirroredSecrets(
        'blocked',
        mirrored.reduce((sum, { blocked }) => sum + blocked.length, 0),
      );
      ledger = await forgotten(ledger, seen, clean);
      return work.length > batch;
    }

    while (!signal.aborted) {
      const seen = view();
      const more = seen !== undefined && (await turn(seen));
      if (!more) await pause(signal);
    }
    reports = [];
  }

  /** Copies are in the ledger before they are made. */
  async function recorded(
    open: Ledger | undefined,
    { rules }: ClusterView,
    copies: readonly (readonly [string, string])[],
  ): Promise<Ledger | undefined> {
    if (!options.mirrors) return undefined;
    try {
      const ledger = open ?? (await openLedger(client, ownNamespace, instance));
      if (copies.length > 0 || obsoleteCopies(rules, ledger.copies).size > 0) {
        await ledger.write(new Map([...ledger.copies, ...copies]));
      }
      return ledger;
    } catch (error) {
      log.warn({ err: error }, 'the list of mirrored Secrets cannot be kept; it is tried again');
      return undefined;
    }
  }

  /** A name leaves the ledger when no namespace has such a copy any more. */
  async function forgotten(
    ledger: Ledger | undefined,
    { rules, namespaces }: ClusterView,
    clean: Set<string>,
  ): Promise<Ledger | undefined> {
    if (ledger === undefined) return undefined;
    const gone = [...obsoleteCopies(rules, ledger.copies).keys()].filter((copy) =>
      [...namespaces.keys()].every((namespace) => clean.has(strayId(namespace, copy))),
    );
    if (gone.length === 0) return ledger;
    try {
      await ledger.write(new Map([...ledger.copies].filter(([copy]) => !gone.includes(copy))));
    } catch (error) {
      log.warn({ err: error }, 'the list of mirrored Secrets cannot be kept; it is tried again');
    }
    return ledger;
  }

  async function look(wanted: WantedKey, before: Found | undefined, signal: AbortSignal): Promise<Found> {
    const { namespace, name, key, mirror, injects } = wanted;
    const state = (): Found => credentials.secretState(namespace, name, key, mirror?.policy);
    if (mirror !== undefined && injects) {
      const result = await copier.ensure(namespace, mirror);
      credentials.learn(namespace, mirror, result);
      const about = { namespace, copy: name, policy: mirror.policy };
      if (result.state !== 'current') {
        if (before !== state()) log.warn({ ...about, state: result.state }, result.detail);
        return state();
      }
      if (result.wrote) log.info(about, 'a Secret was mirrored');
      return 'present';
    }
    try {
      await credentials.check(namespace, name, key, signal);
    } catch {
      return 'unknown';
    }
    // Where nothing is instrumented, no copy is made, and none is missed.
    return mirror !== undefined && state() === 'unknown' ? 'missing' : state();
  }

  /** Waits for the next turn, or for a change; several changes come together as a rule. */
  async function pause(signal: AbortSignal): Promise<void> {
    if (!dirty) {
      const woken = new AbortController();
      wake = () => woken.abort();
      await sleep(jittered(tickMs, random), AbortSignal.any([signal, woken.signal]));
      wake = undefined;
    }
    if (dirty) await sleep(settleMs, signal);
    dirty = false;
  }

  const changed = (): void => {
    dirty = true;
    wake?.();
  };
  return { lead, changed, reports: () => reports };
}

function idOf({ policy, namespace, name, key }: WantedKey): string {
  return `${policy}/${namespace}/${name}/${key}`;
}

function strayId(namespace: string, copy: string): string {
  return `${namespace}/${copy}`;
}

/** Places where a copy of ours may stand, and none is wanted. */
function straysOf(
  { namespaces, rules }: ClusterView,
  wanted: readonly WantedKey[],
  copies: ReadonlyMap<string, string>,
  clean: ReadonlySet<string>,
): readonly Stray[] {
  const places = new Set(wanted.flatMap(({ namespace, mirror }) => (mirror ? [strayId(namespace, mirror.copy)] : [])));
  const strays: Stray[] = [];
  for (const [copy, policy] of copies) {
    // A policy that is not valid just now keeps its copies: where it matches is not known.
    if (!rules.byPolicy.has(policy) && rules.policyNames.includes(policy)) continue;
    for (const namespace of namespaces.keys()) {
      const id = strayId(namespace, copy);
      if (!places.has(id) && !clean.has(id)) strays.push({ namespace, policy, copy });
    }
  }
  return strays;
}

function reportsOf(
  wanted: readonly WantedKey[],
  checked: ReadonlyMap<string, Checked>,
  versions: ReadonlyMap<string, string | undefined>,
  ownNamespace: string,
): readonly CredentialsReport[] {
  const byPolicy = new Map<string, WantedKey[]>();
  for (const one of wanted) {
    const keys = byPolicy.get(one.policy);
    if (keys === undefined) byPolicy.set(one.policy, [one]);
    else keys.push(one);
  }
  return [...byPolicy].flatMap(([policy, keys]) => {
    const [first] = keys;
    if (first === undefined) return [];
    const { mirror, name } = first;
    const where = (found: Found): readonly string[] =>
      keys
        .filter((one) => (checked.get(idOf(one))?.found ?? 'unknown') === found)
        .map(({ namespace }) => namespace)
        .sort();
    return {
      policy,
      secret: mirror === undefined ? name : `${ownNamespace}/${mirror.source.name}`,
      mirrored: mirror !== undefined,
      sourcePresent: mirror === undefined || versions.get(mirror.copy) !== undefined,
      matched: keys.length,
      present: where('present').length,
      missing: where('missing'),
      blocked: where('blocked'),
      unknown: where('unknown'),
    };
  });
}
