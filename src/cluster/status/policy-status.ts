import type { ErrorCode } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import { isStrict } from '../../model/policy.js';
import { conditionTypes, isConditionReason, type ConditionReason, type PolicyStatus } from '../../model/status.js';
import type { PolicyState, ProfileState } from '../state/cluster-configuration.js';
import { weaknessesOf, weaknessText } from '../../policy/weak.js';
import { conditionsOf, someOf, type Found } from './conditions.js';
import { coverageOf, covered } from './covered.js';
import type { CoverageFound, CredentialsState, DefaultsState, InForceState, WebhookState } from './facts.js';
import { inForce } from './in-force.js';
import type { Overlap, Reach } from './reach.js';
import { blocksRecovery } from './recovery.js';

/** What a policy's status is made of, beside the policy. */
export interface PolicyFacts {
  /** The users' profiles. */
  readonly profiles: readonly ProfileState[];
  /** `undefined` where not even the selectors are known. */
  readonly reach: Reach | undefined;
  /** `undefined`: not known yet. */
  readonly webhook: WebhookState | undefined;
  /** `undefined`: not known yet. */
  readonly inForce: InForceState | undefined;
  /** `undefined`: not known yet. */
  readonly credentials: CredentialsState | undefined;
  /** `undefined`: not known yet. */
  readonly defaults: DefaultsState | undefined;
  /** `undefined`: nobody looks at running pods. */
  readonly coverage: CoverageFound | undefined;
  /** Whether the served version takes an access key. */
  readonly takesKey: boolean;
  /** Whether the platform gives all containers of a namespace one user. */
  readonly sharedUser: boolean;
  /** The status that the policy has in the API server. */
  readonly before: JsonObject | undefined;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Says how a policy stands. Pure. */
export function policyStatus(policy: PolicyState, facts: PolicyFacts): PolicyStatus {
  const mode = policy.policy?.spec.mode;
  // Pods of such a policy are not looked at.
  const coverage = mode === undefined || mode === 'Off' ? undefined : coverageOf(facts.coverage, facts.before);
  const found = {
    ProfileResolved: profileResolved(policy, facts.profiles),
    WebhookConfigured: webhookConfigured(facts.webhook),
    InForce: inForce(policy, facts),
    CredentialsPresent: facts.takesKey ? credentialsPresent(facts.credentials) : noKey,
    Overlapping: overlapping(facts.reach?.overlap),
    BlocksRecovery: blocksRecovery(policy, facts.reach?.recovery ?? []),
    Weak: weak(policy, facts.sharedUser),
    Covered: mode === undefined ? noVersion : mode === 'Off' ? off : covered(coverage, facts.coverage !== undefined),
    UnknownDefaults: unknownDefaults(policy, facts.defaults),
  };
  const ready = isReady(policy, found);
  const findings = conditionTypes.map((type) => ({ type, ...(type === 'Ready' ? ready : found[type]) }));
  const { servedGeneration, profile, generation } = policy;
  return {
    observedGeneration: generation,
    ...(servedGeneration === undefined ? {} : { servedGeneration }),
    ...(profile === undefined ? {} : { profile: `${profile.metadata.name}/${profile.spec.version}` }),
    ...(facts.reach === undefined ? {} : { matchedNamespaces: facts.reach.matchedNamespaces }),
    ...(coverage === undefined ? {} : { coverage }),
    conditions: conditionsOf(findings, generation, facts.before, facts.wallMs),
  };
}

type Others = Readonly<Record<'ProfileResolved' | 'WebhookConfigured' | 'CredentialsPresent', Found>>;

function isReady(policy: PolicyState, others: Others): Found {
  const { problem, served, servedGeneration } = policy;
  const { ProfileResolved, WebhookConfigured, CredentialsPresent } = others;
  if (problem !== undefined && served !== 'Current') {
    const reason = problem.code === 'policy_invalid' ? 'PolicyInvalid' : ProfileResolved.reason;
    const rest = served === 'LastValid' ? `Generation ${servedGeneration ?? 0} goes on.` : withoutAny(policy);
    return { status: 'False', reason, message: `${problem.message} ${rest}` };
  }
  if (ProfileResolved.status !== 'True') return { ...ProfileResolved, status: 'False' };
  const mode = policy.policy?.spec.mode;
  if (mode === 'Off')
    return { status: 'True', reason: 'Off', message: 'Its mode is Off: nothing is done to its pods.' };
  if (WebhookConfigured.status !== 'True') return WebhookConfigured;
  if (CredentialsPresent.status === 'False') return CredentialsPresent;
  if (mode === 'Report') {
    return {
      status: 'True',
      reason: 'Reporting',
      message: 'Its mode is Report: pods are decided on and left as they are.',
    };
  }
  return {
    status: 'True',
    reason: 'Served',
    message: 'New pods are instrumented as the policy says; Covered is about those that run.',
  };
}

/** What becomes of the pods of a policy of which no version is served. */
function withoutAny({ known }: PolicyState): string {
  if (known === undefined) return 'It is not carried out: whom it is for cannot be read.';
  if (known.mode !== 'Inject') return `It is not carried out; mode is ${known.mode}.`;
  return known.prefer === 'Security'
    ? 'There is no earlier version: its pods are denied (policy_invalid).'
    : 'There is no earlier version: its pods run uninstrumented (policy_invalid).';
}

const reasonOfCode: Partial<Record<ErrorCode, ConditionReason>> = {
  profile_unknown: 'ProfileUnknown',
  settings_invalid: 'SettingsInvalid',
};

function profileResolved({ problem, served, profile }: PolicyState, profiles: readonly ProfileState[]): Found {
  if (problem?.code === 'policy_invalid') {
    return {
      status: 'Unknown',
      reason: 'PolicyInvalid',
      message: 'It is not looked at while the policy is not valid.',
    };
  }
  if (problem !== undefined) {
    const reason = served === 'Current' ? 'ProfileDeleted' : (reasonOfCode[problem.code] ?? 'ProfileInvalid');
    return { status: 'False', reason, message: problem.message };
  }
  const name = profile?.metadata.name ?? '';
  const state = profiles.find((other) => other.name === name && other.profile === profile);
  if (state?.problem !== undefined) {
    const rest = `Generation ${state.servedGeneration ?? 0} of the profile goes on.`;
    return { status: 'False', reason: 'ProfileInvalid', message: `${state.problem.message} ${rest}` };
  }
  return { status: 'True', reason: 'Resolved', message: `Profile ${name}, version ${profile?.spec.version ?? '?'}.` };
}

const pending: Found = { status: 'Unknown', reason: 'Pending', message: 'It has not been looked at yet.' };
const noKey: Found = { status: 'True', reason: 'NotNeeded', message: 'The profile takes no access key.' };

function webhookConfigured(webhook: WebhookState | undefined): Found {
  if (webhook === undefined) return pending;
  const { configured, reason, message } = webhook;
  const status = configured ? 'True' : reason === 'CertificatePending' ? 'Unknown' : 'False';
  return { status, reason: isConditionReason(reason) ? reason : 'NotWritten', message: sentence(message) };
}

function credentialsPresent(credentials: CredentialsState | undefined): Found {
  if (credentials === undefined) return pending;
  const { status, reason, message } = credentials;
  return { status, reason: isConditionReason(reason) ? reason : 'NotRead', message: sentence(message) };
}

/** A text of another part as the sentence that a condition's message is. */
function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function overlapping(overlap: Overlap | undefined): Found {
  if (overlap === undefined) {
    return { status: 'False', reason: 'NoOverlap', message: 'It stops no pod that another policy would win.' };
  }
  const { policies, namespaces } = overlap;
  const who = `${policies.length === 1 ? 'Policy' : 'Policies'} ${someOf(policies)}`;
  const wins = policies.length === 1 ? 'wins' : 'win';
  const where = `${countOf(namespaces)} (${someOf(namespaces)})`;
  return {
    status: 'True',
    reason: 'BlocksOthersPods',
    message: `${who} ${wins} for pods in ${where}, which this policy’s validating entry stops too while Outrider is down; narrow its selectors, or give it the higher precedence.`,
  };
}

const noVersion: Found = {
  status: 'Unknown',
  reason: 'PolicyInvalid',
  message: 'No version of the policy is carried out.',
};

const off: Found = { status: 'Unknown', reason: 'Off', message: 'Its mode is Off: its pods are not looked at.' };

/** What a pod's author could do about the version that is carried out. */
function weak({ policy, profile }: PolicyState, shared: boolean): Found {
  if (policy === undefined) return noVersion;
  const sidecar = profile?.spec.sidecar;
  const asWorkload = sidecar?.runAs === 'Workload';
  const found = weaknessesOf(policy.spec, { asWorkload, shared: shared && sidecar !== undefined });
  if (found === undefined) {
    return { status: 'False', reason: 'TrustsAuthors', message: 'It does not mean to hold against a pod’s author.' };
  }
  if (found.length === 0) return { status: 'False', reason: 'NoWayRound', message: 'No way round it is known.' };
  return { status: 'True', reason: 'WaysRound', message: weaknessText(found) };
}

/** What the API server fills in, with what becomes of pods while it does. */
function unknownDefaults({ policy }: PolicyState, defaults: DefaultsState | undefined): Found {
  if (policy === undefined) return noVersion;
  if (defaults === undefined) return pending;
  if (defaults.status !== 'True' || policy.spec.mode !== 'Inject') return defaults;
  const fate = isStrict(policy.spec) ? 'are denied' : 'count as partly instrumented';
  return { ...defaults, message: `${defaults.message} Pods with that ${fate}.` };
}

function countOf({ length }: readonly string[]): string {
  return length === 1 ? 'one namespace' : `${length} namespaces`;
}
