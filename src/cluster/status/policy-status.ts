import type { ErrorCode } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import { isStrict } from '../../model/policy.js';
import { conditionTypes, isConditionReason, type ConditionReason, type PolicyStatus } from '../../model/status.js';
import type { FoundWays } from '../../model/ways.js';
import type { PolicyState, ProfileState } from '../state/cluster-configuration.js';
import { weaknessesOf, weaknessText } from '../../policy/weak.js';
import { conditionsOf, someOf, type Found } from './conditions.js';
import { coverageOf, covered } from './covered.js';
import { reportOf, reportSentence } from './reported.js';
import type {
  AgentState,
  ClaimedByState,
  CoverageFound,
  CredentialsState,
  DefaultsState,
  InForceState,
  WebhookState,
} from './facts.js';
import { inForce } from './in-force.js';
import type { Overlap, Reach } from './reach.js';
import { blocksRecovery } from './recovery.js';
import { takenBack, type NotLookedFor, type TakenBackFound } from './taken-back.js';
import { asksAboutSessions, lacksBreakGlass } from './ways.js';

/** The inputs of a policy's status, besides the policy. */
export interface PolicyFacts {
  /** The users' profiles. */
  readonly profiles: readonly ProfileState[];
  /** `undefined` if not even the selectors are known. */
  readonly reach: Reach | undefined;
  /** `undefined`: not known yet. */
  readonly webhook: WebhookState | undefined;
  /** `undefined`: not known yet. */
  readonly inForce: InForceState | undefined;
  /** `undefined`: not known yet. */
  readonly credentials: CredentialsState | undefined;
  /** `undefined`: not known yet. */
  readonly defaults: DefaultsState | undefined;
  /** `undefined`: not known yet, or its pods get no keeper. */
  readonly agent: AgentState | undefined;
  /** `off`: the API server does not instrument pods. `undefined`: not known yet. */
  readonly claimed: ClaimedByState | 'off' | undefined;
  /** `undefined`: running pods are not swept. */
  readonly coverage: CoverageFound | undefined;
  /** Workloads that it was taken back from. `off`: nobody looks. `undefined`: not known yet. */
  readonly takenBack: TakenBackFound | NotLookedFor | 'off' | undefined;
  /** Whether the served version takes an access key, or mirrors pull secrets. */
  readonly takesKey: boolean;
  /** Whether the platform gives all containers of a namespace one user. */
  readonly sharedUser: boolean;
  /** The status that the policy has in the API server. */
  readonly before: JsonObject | undefined;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Computes the status of a policy. Pure. */
export function policyStatus(policy: PolicyState, facts: PolicyFacts): PolicyStatus {
  const mode = policy.policy?.spec.mode;
  // Pods of such a policy are not looked at.
  const coverage = mode === undefined || mode === 'Off' ? undefined : coverageOf(facts.coverage, facts.before);
  const report = mode === 'Report' ? reportOf(facts.coverage, policy.servedGeneration, facts.before) : undefined;
  const found = {
    ProfileResolved: profileResolved(policy, facts.profiles),
    WebhookConfigured: webhookConfigured(facts.webhook),
    InForce: inForce(policy, facts),
    CredentialsPresent: hasKey(policy, facts),
    Overlapping: overlapping(facts.reach?.overlap),
    BlocksRecovery: blocksRecovery(policy, facts.reach?.recovery ?? []),
    Weak: weak(policy, facts.sharedUser),
    Covered:
      mode === undefined
        ? noVersion
        : mode === 'Off'
          ? off
          : covered(coverage, facts.coverage !== undefined, reportSentence(report)),
    TakenBack: mode === undefined ? noVersion : mode === 'Off' ? off : takenBack(facts.takenBack),
    UnknownDefaults: unknownDefaults(policy, facts.defaults),
    Sessions: ofWays(policy, facts.webhook, (ways) => asksAboutSessions(policy, ways)),
    NoBreakGlass: ofWays(policy, facts.webhook, lacksBreakGlass),
    ApiServerInjects: facts.claimed === 'off' ? pending : (facts.claimed ?? pending),
  };
  const ready = isReady(policy, found);
  const findings = conditionTypes
    .filter((type) => type !== 'ApiServerInjects' || facts.claimed !== 'off')
    .map((type) => ({ type, ...(type === 'Ready' ? ready : found[type]) }));
  const { servedGeneration, profile, generation } = policy;
  return {
    observedGeneration: generation,
    ...(servedGeneration === undefined ? {} : { servedGeneration }),
    ...(profile === undefined ? {} : { profile: `${profile.metadata.name}/${profile.spec.version}` }),
    ...(facts.reach === undefined ? {} : { matchedNamespaces: facts.reach.matchedNamespaces }),
    sessionDefaults: policy.sessionDefaults,
    ...(facts.agent === undefined ? {} : { agent: agentOf(facts.agent) }),
    ...(coverage === undefined ? {} : { coverage }),
    ...(report === undefined ? {} : { report }),
    conditions: conditionsOf(findings, generation, facts.before, facts.wallMs),
  };
}

const longestProblem = 1024;

function agentOf({ image, found, problem, given }: AgentState): NonNullable<PolicyStatus['agent']> {
  // The operator's setting wins. Pods do not use what was looked up before.
  const { digest, foundAt } = (given ? undefined : found) ?? {};
  return {
    image,
    argvKnown: given || found !== undefined,
    ...(digest === undefined ? {} : { digest }),
    ...(foundAt === undefined ? {} : { foundAt }),
    ...(given || problem === undefined ? {} : { problem: problem.slice(0, longestProblem) }),
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

/** What happens to the pods of a policy without a served version. */
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

/** Only for a version in use is it known which key the policy needs. */
function hasKey({ policy }: PolicyState, { takesKey, credentials }: PolicyFacts): Found {
  if (policy === undefined) return noVersion;
  return takesKey ? credentialsPresent(credentials) : noKey;
}

function credentialsPresent(credentials: CredentialsState | undefined): Found {
  if (credentials === undefined) return pending;
  const { status, reason, message } = credentials;
  return { status, reason: isConditionReason(reason) ? reason : 'NotRead', message: sentence(message) };
}

/** Makes another part's text a sentence, as a condition's message needs it. */
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

/** How a pod's author could bypass the version in use. */
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

/** What the API server fills in, and what that means for pods. */
function unknownDefaults({ policy }: PolicyState, defaults: DefaultsState | undefined): Found {
  if (policy === undefined) return noVersion;
  if (defaults === undefined) return pending;
  if (defaults.status !== 'True' || policy.spec.mode !== 'Inject') return defaults;
  const fate = isStrict(policy.spec) ? 'are denied' : 'count as partly instrumented';
  return { ...defaults, message: `${defaults.message} Pods with that ${fate}.` };
}

function ofWays(
  { policy, known }: PolicyState,
  webhook: WebhookState | undefined,
  found: (ways: FoundWays) => Found,
): Found {
  if (policy === undefined && known === undefined) return noVersion;
  return webhook?.ways === undefined ? pending : found(webhook.ways);
}

function countOf({ length }: readonly string[]): string {
  return length === 1 ? 'one namespace' : `${length} namespaces`;
}
