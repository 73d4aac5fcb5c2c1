import { isDeepStrictEqual } from 'node:util';
import { rulesOfPolicy, type Rule } from '../../engine/rules.js';
import { asJson, listOf, type JsonObject } from '../../model/json.js';
import { noCounts, type PolicyCoverage } from '../../model/coverage.js';
import { conditionTypes, type PolicyStatus } from '../../model/status.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import type { ClusterState } from '../state/cluster-state.js';
import { backOffMs } from '../back-off.js';
import type { CoverageReport } from '../coverage/audit.js';
import type {
  AgentState,
  ClaimedByState,
  CoverageFound,
  CredentialsState,
  DefaultsState,
  InForceState,
  WebhookState,
} from './facts.js';
import { policyStatus } from './policy-status.js';
import { profileStatus } from './profile-status.js';
import { reachOfPolicies } from './reach.js';
import type { NotLookedFor, TakenBackFound } from './taken-back.js';

/** What is needed to make and write statuses. */
export interface StatusPassOptions extends Timing {
  readonly client: Pick<ApiClient, 'patch'>;
  readonly state: Pick<ClusterState, 'configuration' | 'statusOf'>;
  readonly excludedNamespaces: ReadonlySet<string>;
  /** What happened to a policy's webhook entries; `undefined`: not known yet. */
  readonly webhookOf: (policy: string) => WebhookState | undefined;
  /** Whether the API server is known to call the webhook for a policy's pods; `undefined`: not known yet. */
  readonly inForceOf: (policy: string) => InForceState | undefined;
  /** What is known about a policy's access key. Not called for a policy without one. */
  readonly credentialsOf: (policy: string) => CredentialsState | undefined;
  /** How the API server fills in a policy's parts; `undefined`: not known yet. */
  readonly defaultsOf: (policy: string) => DefaultsState | undefined;
  /** What is known about the agent's image; `undefined`: nothing yet, or nothing needs to be. */
  readonly agentOf: (policy: string) => AgentState | undefined;
  /** Whether the API server instruments its pods; `undefined`: not known yet. Absent if this is switched off. */
  readonly claimedOf?: ((policy: string) => ClaimedByState | undefined) | undefined;
  /** What is known about running pods; `undefined` if there are no sweeps. */
  readonly coverage: () => CoverageReport | undefined;
  /** What a policy was taken back from; `undefined`: not known yet. */
  readonly takenBackOf: (policy: string) => TakenBackFound | NotLookedFor | 'off' | undefined;
  /** Whether the platform gives all containers of a namespace one user. */
  readonly sharedUser: () => boolean;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setPolicyCondition'>;
}

/** The field manager of the writes. */
export const statusFieldManager = 'outrider-status';

const betweenWritesMs = 100;
const periodMs = 60_000;

type Kind = 'policies' | 'profiles';

interface Target {
  readonly kind: Kind;
  readonly name: string;
  readonly uid: string;
}

/** The writes for one object. */
interface Done {
  readonly uid: string;
  /** What was last written, and when. */
  readonly written: JsonObject | undefined;
  readonly writtenMs: number;
  /** Writes that failed in a row, and when to try again. */
  readonly failures: number;
  readonly notBeforeMs: number;
}

const nothingDone = { written: undefined, writtenMs: -Infinity, failures: 0, notBeforeMs: -Infinity } as const;

/** Passes over all policies and profiles, one after the other, for one term as the leader. */
export class StatusPass {
  readonly #options: StatusPassOptions;
  readonly #signal: AbortSignal;
  #records = new Map<string, Done>();

  constructor(options: StatusPassOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Writes the statuses that are not as they should be. Returns in how many milliseconds to look again at the latest. */
  async run(): Promise<number> {
    try {
      return await this.#run();
    } catch (error) {
      this.#options.log.error({ err: error }, 'the statuses could not be made; they are made again in a minute');
      return periodMs;
    }
  }

  async #run(): Promise<number> {
    const { state, sleep } = this.#options;
    const records = new Map<string, Done>();
    let nextMs = periodMs;
    for (const { target, status } of this.#wanted()) {
      const key = `${target.kind}/${target.name}`;
      const known = this.#records.get(key);
      let record: Done = known?.uid === target.uid ? known : { ...nothingDone, uid: target.uid };
      const now = this.#nowMs();
      const observed = state.statusOf(target.kind, target.name);
      if (!this.#signal.aborted && now >= record.notBeforeMs && isDue(status, observed, record, now)) {
        record = await this.#write(target, status, record);
        await sleep(betweenWritesMs, this.#signal);
      }
      if (record.failures > 0) nextMs = Math.min(nextMs, Math.max(0, record.notBeforeMs - this.#nowMs()));
      records.set(key, record);
    }
    this.#records = records;
    return nextMs;
  }

  #wanted(): readonly { readonly target: Target; readonly status: JsonObject }[] {
    const {
      state,
      excludedNamespaces,
      webhookOf,
      inForceOf,
      credentialsOf,
      defaultsOf,
      agentOf,
      claimedOf,
      coverage,
      takenBackOf,
      sharedUser,
      clock,
      metrics,
    } = this.#options;
    const configuration = state.configuration();
    const { policies, profiles, rules } = configuration;
    const reaches = reachOfPolicies(configuration, excludedNamespaces);
    const wallMs = clock.wallMs();
    const report = coverage();
    const before = (kind: Kind, name: string, uid: string): JsonObject | undefined => {
      const record = this.#records.get(`${kind}/${name}`);
      return (record?.uid === uid ? record.written : undefined) ?? state.statusOf(kind, name);
    };
    const ofPolicies = policies.map((policy) => {
      const { name, uid } = policy;
      const status = policyStatus(policy, {
        profiles,
        reach: reaches.get(name),
        webhook: webhookOf(name),
        inForce: inForceOf(name),
        credentials: credentialsOf(name),
        defaults: defaultsOf(name),
        agent: agentOf(name),
        claimed: claimedOf === undefined ? 'off' : claimedOf(name),
        coverage: report === undefined ? undefined : coverageFoundOf(report, name),
        takenBack: takenBackOf(name),
        takesKey: takesSecret(rules.byPolicy.get(name)),
        sharedUser: sharedUser(),
        before: before('policies', name, uid),
        wallMs,
      });
      return { target: { kind: 'policies', name, uid } as const, status };
    });
    const ofProfiles = profiles.map((profile) => {
      const { name, uid } = profile;
      const status = profileStatus(profile, { policies, before: before('profiles', name, uid), wallMs });
      return { target: { kind: 'profiles', name, uid } as const, status };
    });
    count(
      ofPolicies.map(({ status }) => status),
      metrics,
    );
    return [...ofPolicies, ...ofProfiles].map(({ target, status }) => ({ target, status: asJson(status) }));
  }

  async #write({ kind, name, uid }: Target, status: JsonObject, record: Done): Promise<Done> {
    const { client, log, random } = this.#options;
    const resource = resources[kind];
    const path = pathOf(resource, { name, subresource: 'status' });
    const body = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      // With the uid, an object that was deleted and created again does not get the old one's status.
      metadata: uid === '' ? { name } : { name, uid },
      status,
    };
    try {
      await client.patch(path, 'apply', body, {
        query: { fieldManager: statusFieldManager, force: true },
        signal: this.#signal,
      });
      return { uid, written: status, writtenMs: this.#nowMs(), failures: 0, notBeforeMs: -Infinity };
    } catch (error) {
      if (this.#signal.aborted) return record;
      const failures = record.failures + 1;
      const waitMs = backOffMs(failures, random, error);
      log.warn({ err: error, path, waitMs: Math.round(waitMs) }, 'a status could not be written; it is tried again');
      return { ...record, failures, notBeforeMs: this.#nowMs() + waitMs };
    }
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function takesSecret(rule: Rule | undefined): boolean {
  const rules = rule === undefined ? [] : rulesOfPolicy(rule);
  return rules.some(({ recipe, pullMirrors }) => recipe.credentials !== undefined || pullMirrors.length > 0);
}

/** The part of a report about one policy. A policy without running pods is not in it. */
function coverageFoundOf(
  { policies, generations, observedAt, trouble }: CoverageReport,
  policy: string,
): CoverageFound {
  const found = policies === undefined ? undefined : (policies.get(policy) ?? noPods);
  return { found, generation: generations.get(policy), observedAt, trouble };
}

const noPods: PolicyCoverage = {
  counts: noCounts,
  pods: 0,
  readWhole: 0,
  byApiServer: 0,
  namespaces: 0,
  worst: [],
  beyond: 0,
};

/**
 * Whether to write a status. A status that was just written may not be in our copy of the object yet. If it is still missing
 * after a minute, someone else must have changed it.
 */
function isDue(
  status: JsonObject,
  observed: JsonObject | undefined,
  { written, writtenMs }: Done,
  nowMs: number,
): boolean {
  if (written !== undefined && !isDeepStrictEqual(status, written)) return true;
  if (written !== undefined && nowMs - writtenMs < periodMs) return false;
  return !holds(observed, status);
}

/** Fields that are ours alone; conditions are shared, by type. */
const ownFields = [
  'observedGeneration',
  'servedGeneration',
  'profile',
  'matchedNamespaces',
  'sessionDefaults',
  'policies',
] as const;

/** Whether the existing status has our values. Others may have added their own conditions. */
function holds(there: JsonObject | undefined, ours: JsonObject): boolean {
  const conditions = listOf(there?.['conditions']);
  return (
    ownFields.every((field) => there?.[field] === ours[field]) &&
    isDeepStrictEqual(there?.['coverage'], ours['coverage']) &&
    isDeepStrictEqual(there?.['agent'], ours['agent']) &&
    isDeepStrictEqual(there?.['report'], ours['report']) &&
    listOf(ours['conditions']).every((own) => conditions.some((other) => isDeepStrictEqual(other, own)))
  );
}

function count(statuses: readonly PolicyStatus[], metrics: StatusPassOptions['metrics']): void {
  for (const type of conditionTypes) {
    for (const status of ['True', 'False', 'Unknown'] as const) {
      const has = ({ conditions }: PolicyStatus): boolean =>
        conditions.some((condition) => condition.type === type && condition.status === status);
      metrics.setPolicyCondition(type, status, statuses.filter(has).length);
    }
  }
}
