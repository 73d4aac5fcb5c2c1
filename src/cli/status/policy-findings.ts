import { keyOf } from '../../cluster/live/read-secret.js';
import type { Snapshot } from '../../cluster/overview/snapshot.js';
import { rulesOfPolicy } from '../../engine/rules.js';
import { canDeny } from '../../model/policy.js';
import { names } from '../../model/names.js';
import { oneLine } from '../errors.js';
import { createSecret } from '../text/phrases.js';
import { unknown, type StatusParts } from './findings.js';
import type { PolicyReport, StatusFinding } from './report.js';

/** The most namespaces that one finding names. */
const mostNamed = 5;

/** The findings about policies, the Secrets that they refer to, and namespaces' labels. */
export function policyFindings(parts: StatusParts, snapshot: Snapshot, programName: string): readonly StatusFinding[] {
  const { policies } = parts;
  if (!policies.known) return [unreadable(policies, programName)];
  if (policies.value.length === 0) return [noPolicy, ...namespaceFindings(parts)];
  const findings = policies.value.flatMap((policy) => {
    const keys = keyFindings(policy, snapshot);
    return [
      ...stateFindings(policy, parts, keys.length > 0),
      ...coverageFindings(policy, snapshot, programName),
      ...keys,
    ];
  });
  return [...findings, ...denierFindings(parts, snapshot), ...namespaceFindings(parts)];
}

const noPolicy: StatusFinding = {
  about: 'policies',
  severity: 'problem',
  detail: 'there is none, so nothing is injected',
  next: ['kubectl apply -f POLICY.yaml'],
};

function unreadable(policies: Extract<StatusParts['policies'], { known: false }>, programName: string): StatusFinding {
  if (policies.cause !== 'absent') return unknown('policies', policies);
  return {
    about: 'policies',
    severity: 'problem',
    detail: 'the API server does not know InstrumentationPolicy and InstrumentationProfile',
    next: [`${programName} crds | kubectl apply --server-side -f -`],
  };
}

/** Conditions whose status False is a separate problem if Ready does not report it. */
const mustHold = new Set(['ProfileResolved', 'WebhookConfigured', 'InForce', 'CredentialsPresent', 'Sessions']);

/** Conditions whose status True is worth knowing but does not keep anything from working. */
const mustNotHold = new Set(['Overlapping', 'BlocksRecovery', 'Weak', 'NoBreakGlass']);

/** Conditions whose status True is a problem: pods are not, or soon will not be, treated as the policy says. */
const mustBeFalse = new Set(['UnknownDefaults']);

/** Reasons of the condition `TakenBack` for which pods do not run, and nothing is taken back. */
const partsFail = new Set(['PartsFail', 'TakenBackFull']);

/** Conditions that other replicas may delay. */
const mayWait = new Set(['InForce', 'Sessions']);

/** Reasons why it is not known yet whether a policy is in force. Nothing is wrong. */
const notKnownYet = new Set(['Proving', 'Pending', 'OlderReplicas']);

function stateFindings(policy: PolicyReport, parts: StatusParts, keysSaid: boolean): readonly StatusFinding[] {
  const { pause, selfTest } = parts;
  const { name, ready, current, conditions, problem, servesEarlier } = policy;
  const about = `policy ${name}`;
  const next = [`kubectl describe instrumentationpolicy ${name}`];
  if (problem !== undefined) {
    const served = servesEarlier ? '; its last valid version goes on' : '';
    return [{ about, severity: 'problem', detail: `is not valid${served}: ${oneLine(problem)}`, next }];
  }
  if (ready === undefined) {
    return [{ about, severity: 'problem', detail: 'no leader has looked at it yet', next }];
  }
  if (!current) {
    return [{ about, severity: 'note', detail: 'was changed since the leader last looked at it', next }];
  }
  const paused = pause.known && pause.value.paused;
  const findings: StatusFinding[] = [];
  const unreached = selfTest.known && selfTest.value.reachable === false;
  for (const { type, status, reason, message } of conditions) {
    const said =
      (type === 'CredentialsPresent' && keysSaid) ||
      (type === 'WebhookConfigured' && paused) ||
      (type === 'InForce' && (paused || (unreached && reason === 'Unreachable')));
    if (type === 'Ready' && status === 'False' && !paused && !keysSaid) {
      findings.push({ about, severity: 'problem', detail: `is not ready: ${message}`, next });
    } else if (mustHold.has(type) && status === 'False' && ready === 'True' && !said) {
      const severity = mayWait.has(type) && notKnownYet.has(reason) ? 'note' : 'problem';
      findings.push({ about, severity, detail: `${type}: ${message}`, next });
    } else if (mustBeFalse.has(type) && status === 'True') {
      findings.push({ about, severity: 'problem', detail: `${type}: ${message}`, next });
    } else if (type === 'TakenBack' && partsFail.has(reason)) {
      findings.push({ about, severity: 'problem', detail: message, next });
    } else if (mustNotHold.has(type) && status === 'True') {
      findings.push({ about, severity: 'note', detail: message, next });
    }
  }
  return findings;
}

/**
 * How long pods of a policy that prefers Availability may be missed before that needs attention. The same as in the alert.
 */
const missedMs = 30 * 60_000;

/** The findings about running pods, by the rules of the alerts. */
function coverageFindings(
  { name, current, prefer, conditions }: PolicyReport,
  { nowMs }: Snapshot,
  programName: string,
): readonly StatusFinding[] {
  const covered = conditions.find(({ type }) => type === 'Covered');
  if (!current || covered === undefined || covered.status === 'True') return [];
  const { status, reason, message, lastTransitionTime } = covered;
  // The finding about Ready already says that nothing is served or that something has to be done.
  if (reason === 'Off' || reason === 'PolicyInvalid') return [];
  const isOld = nowMs - Date.parse(lastTransitionTime) >= missedMs;
  const isProblem = status === 'False' && (reason === 'PodsForged' || prefer === 'Security' || isOld);
  const next = status === 'False' || reason === 'PodsUnproven' ? [`${programName} coverage -A`] : [];
  return [{ about: `policy ${name}`, severity: isProblem ? 'problem' : 'note', detail: `what runs: ${message}`, next }];
}

/** The Secrets that the policy's pods need and that are missing, as far as Secrets' names can be read. */
function keyFindings({ name, namespaces }: PolicyReport, snapshot: Snapshot): readonly StatusFinding[] {
  const { compiled, secrets, ownNamespace } = snapshot;
  if (!compiled.known) return [];
  const { rules } = compiled.value;
  const ranked = rules.policies.ranked.find((policy) => policy.name === name);
  const rule = rules.byPolicy.get(name);
  if (ranked?.valid !== true || ranked.spec.mode === 'Off' || rule === undefined) return [];
  const seen = new Set<string>();
  return rulesOfPolicy(rule).flatMap((one): readonly StatusFinding[] => {
    const key = keyOf(one);
    const there = key === undefined ? undefined : secrets.get(key.name);
    if (key === undefined || seen.has(key.name) || there?.known !== true) return [];
    seen.add(key.name);
    // A mirrored key is copied from the installation's namespace.
    const needed = one.mirror !== undefined ? [ownNamespace] : (namespaces ?? []);
    const missing = needed.filter((namespace) => !there.value.has(namespace));
    if (missing.length === 0) return [];
    return [
      {
        about: `policy ${name}`,
        severity: 'problem',
        detail: `Secret ${key.name} is missing in ${named(missing)}`,
        next: missing.slice(0, mostNamed).map((namespace) => createSecret({ namespace, ...key })),
      },
    ];
  });
}

/** A policy that can deny needs the validating webhook configuration. */
function denierFindings({ webhooks, pause, namespace, instance }: StatusParts, snapshot: Snapshot) {
  const { validating } = webhooks;
  if (validating.known || validating.cause !== 'absent' || !snapshot.compiled.known) return [];
  if (pause.known && pause.value.paused) return [];
  const deniers = snapshot.compiled.value.rules.policies.ranked.filter((policy) =>
    policy.valid ? policy.spec.mode === 'Inject' && canDeny(policy.spec) : policy.prefer === 'Security',
  );
  if (deniers.length === 0) return [];
  const finding: StatusFinding = {
    about: 'webhooks',
    severity: 'problem',
    detail: `there is no ValidatingWebhookConfiguration ${instance}, so ${named(deniers.map(({ name }) => name))} cannot deny`,
    next: [`kubectl -n ${namespace} logs deployment/${instance} --tail=100`],
  };
  return [finding];
}

function namespaceFindings({ namespaces }: StatusParts): readonly StatusFinding[] {
  const about = 'namespaces';
  if (!namespaces.known) return namespaces.cause === 'absent' ? [] : [unknown(about, namespaces)];
  const { unmatched, excluded, odd } = namespaces.value;
  const findings: StatusFinding[] = [];
  if (unmatched.length > 0) {
    findings.push({
      about,
      severity: 'problem',
      detail: `${named(unmatched)} ${unmatched.length === 1 ? 'is' : 'are'} labelled ${names.inject}=enabled, and no policy selects ${unmatched.length === 1 ? 'it' : 'them'}`,
      next: ['kubectl get instrumentationpolicies -o yaml', 'kubectl apply -f POLICY.yaml'],
    });
  }
  for (const { name, value } of odd.slice(0, mostNamed)) {
    findings.push({
      about,
      severity: 'problem',
      detail: `${name} is labelled ${names.inject}=${value}, which is neither enabled nor disabled`,
      next: [`kubectl label namespace ${name} --overwrite ${names.inject}=enabled`],
    });
  }
  if (excluded.length > 0) {
    findings.push({
      about,
      severity: 'note',
      detail: `${named(excluded)} ${excluded.length === 1 ? 'is' : 'are'} labelled ${names.inject}=enabled, and never touched`,
      next: [],
    });
  }
  return findings;
}

function named(all: readonly string[]): string {
  const more = all.length - mostNamed;
  return all.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
