import { mostSkewMs } from '../../cluster/client/server-clock.js';
import type { Part } from '../../cluster/overview/part.js';
import { pauseSentence } from '../../cluster/registration/pause-record.js';
import { names } from '../../model/names.js';
import { takenBackName } from '../../model/taken-back.js';
import type { ReplicaClock, StatusFinding, StatusReport } from './report.js';
import { clockText, durationText } from '../text/phrases.js';

/** The input of findings: the report before it has any. */
export type StatusParts = Omit<StatusReport, 'findings' | 'health'>;

const page = 'docs/operations.md';

// A certificate is renewed when a third of its lifetime is left. If only a sixth is left, the renewal has failed.
const lateShare = 1 / 6;
// For a leader that did not say when it began.
const lateSeconds = 24 * 60 * 60;
const slowMs = 1_000;
/** The self-test runs every minute, unless the installation sets another interval, which is at most an hour. */
const oldTestSeconds = 2 * 60 * 60;

/** The findings about the installation itself: its replicas, leader, self-test, certificate, configurations. */
export function installationFindings(parts: StatusParts, programName: string): readonly StatusFinding[] {
  if (isAbsent(parts)) return [absent(parts, programName)];
  return [
    ...replicaFindings(parts, programName),
    ...leaderFindings(parts),
    ...clockFindings(parts),
    ...selfTestFindings(parts),
    ...certificateFindings(parts),
    ...portFindings(parts),
    ...pauseFindings(parts, programName),
    ...webhookFindings(parts),
    ...takenBackFindings(parts, programName),
  ];
}

/**
 * Whether nothing of the installation is in the namespace: no Deployment, no pod, no leader. Webhook configurations have no
 * namespace, and may belong to an installation with the same name elsewhere (U8).
 */
export function isAbsent({ replicas, leader, webhooks, elsewhere }: StatusParts): boolean {
  return (
    replicas.known &&
    replicas.value.deployments === 0 &&
    replicas.value.pods.known &&
    replicas.value.pods.value.length === 0 &&
    isMissing(leader) &&
    (isMissing(webhooks.mutating) || elsewhere !== undefined)
  );
}

function absent({ instance, namespace, elsewhere }: StatusParts, programName: string): StatusFinding {
  if (elsewhere !== undefined) {
    return {
      about: 'installation',
      severity: 'problem',
      detail: `there is no installation ${instance} in namespace ${namespace}: its webhooks call a Service in namespace ${elsewhere}`,
      next: [`${programName} status -n ${elsewhere}${instance === 'outrider' ? '' : ` --instance ${instance}`}`],
    };
  }
  return {
    about: 'installation',
    severity: 'problem',
    detail: `there is no installation ${instance} in namespace ${namespace}`,
    next: [
      `helm install ${instance} deploy/helm/outrider --namespace ${namespace} --create-namespace`,
      `${programName} status --own-namespace NAMESPACE --instance NAME`,
    ],
  };
}

function replicaFindings(
  { replicas, namespace, instance }: StatusParts,
  programName: string,
): readonly StatusFinding[] {
  const about = 'replicas';
  if (!replicas.known) return [unknown(about, replicas)];
  const { wanted, ready, deployments } = replicas.value;
  const gone = deployments === 0 && ready === 0;
  if (ready >= wanted && ready > 0) return [];
  const selector = `app.kubernetes.io/name=outrider,app.kubernetes.io/instance=${instance}`;
  return [
    {
      about,
      severity: 'problem',
      detail: gone
        ? `there is no Deployment of ${instance} in namespace ${namespace}`
        : wanted === 0
          ? 'the Deployment asks for none'
          : `${ready} of ${wanted} are ready`,
      next: gone
        ? [`helm status ${instance} --namespace ${namespace}`, `${programName} status -n NAMESPACE`]
        : wanted === 0
          ? [`kubectl -n ${namespace} scale deployment/${instance} --replicas=2`]
          : [
              `kubectl -n ${namespace} get pods -l ${selector}`,
              `kubectl -n ${namespace} logs -l ${selector} --tail=50 --prefix`,
            ],
    },
  ];
}

function leaderFindings({ leader, namespace, instance }: StatusParts): readonly StatusFinding[] {
  const about = 'leader';
  if (!leader.known && leader.cause !== 'absent') return [unknown(about, leader)];
  if (leader.known && !leader.value.expired) return [];
  const gone = leader.known
    ? `${leader.value.holder} gave no sign of life for ${durationText(leader.value.renewedSecondsAgo)}`
    : 'there is none';
  return [
    {
      about,
      severity: 'problem',
      detail: `${gone}: webhook configurations, certificates and statuses are not kept`,
      next: [`kubectl -n ${namespace} get lease ${instance} -o yaml`, `${page}#no-leader`],
    },
  ];
}

/** The clocks that differ so much from the API server's that their replicas do not lead. */
export function wrongClocks({ clocks }: Pick<StatusParts, 'clocks'>): readonly ReplicaClock[] {
  return clocks.filter(({ secondsAhead }) => Math.abs(secondsAhead) * 1000 > mostSkewMs);
}

function clockFindings(parts: StatusParts): readonly StatusFinding[] {
  const wrong = wrongClocks(parts);
  if (wrong.length === 0) return [];
  const told = wrong.map((clock) => clockText(clock)).join(', ');
  const detail = `too far from the API server’s: ${told}; such a replica does not lead and issues no certificate`;
  return [{ about: 'clocks', severity: 'problem', detail, next: [`${page}#clocks`] }];
}

function selfTestFindings({ selfTest, pause }: StatusParts): readonly StatusFinding[] {
  const about = 'API server';
  // A paused installation has no webhook to reach, and a missing Lease has its own finding.
  if ((pause.known && pause.value.paused) || !selfTest.known) return [];
  const { reachable, latencyMs, secondsAgo, why } = selfTest.value;
  const next = [`${page}#the-api-server-does-not-reach-the-webhook`];
  if (reachable === undefined)
    return [{ about, severity: 'unknown', detail: why ?? 'the self-test says nothing', next }];
  if (!reachable) {
    const detail = `does not reach the webhook${why === undefined ? '' : `: ${why}`}; nothing is injected`;
    return [{ about, severity: 'problem', detail, next }];
  }
  if (secondsAgo > oldTestSeconds) {
    const detail = `was last seen to reach the webhook ${durationText(secondsAgo)} ago`;
    return [{ about, severity: 'note', detail, next: [] }];
  }
  if (latencyMs <= slowMs) return [];
  const detail = `takes ${Math.round(latencyMs)} ms for a call of the webhook`;
  return [{ about, severity: 'note', detail, next }];
}

function certificateFindings({ certificate, namespace, instance }: StatusParts): readonly StatusFinding[] {
  if (!certificate.known) return [];
  const { notBefore, notAfter, secondsLeft } = certificate.value;
  const life = notBefore === undefined ? undefined : (Date.parse(notAfter) - Date.parse(notBefore)) / 1000;
  if (secondsLeft > (life === undefined ? lateSeconds : life * lateShare)) return [];
  const state = secondsLeft <= 0 ? `expired at ${notAfter}` : `ends in ${durationText(secondsLeft)}`;
  return [
    {
      about: 'certificate',
      severity: 'problem',
      detail: `${state} and was not renewed`,
      next: [`kubectl -n ${namespace} describe secret ${instance}-certificate`, `${page}#certificates`],
    },
  ];
}

function portFindings({ port }: StatusParts): readonly StatusFinding[] {
  if (!port.known || port.value.proof !== 'none') return [];
  const { why } = port.value;
  const detail = `answers whoever reaches it as it answers the API server${why === undefined ? '' : `: ${why}`}`;
  return [{ about: 'port', severity: 'note', detail, next: [`${page}#the-ports-proof`] }];
}

function pauseFindings(
  { pause, webhooks, namespace, instance }: StatusParts,
  programName: string,
): readonly StatusFinding[] {
  const about = 'pause';
  if (!pause.known) return [unknown(about, pause)];
  if (!pause.value.paused) {
    if (pause.value.ignoredMarker !== true) return [];
    const detail = `the ConfigMap ${instance} carries the marker of an earlier version, which pauses nothing`;
    const remove = `kubectl -n ${namespace} annotate configmap ${instance} ${names.pausedUntil}- ${names.pauseReason}-`;
    return [{ about, severity: 'note', detail, next: [remove, `${page}#pausing`] }];
  }
  const left = [webhooks.mutating, webhooks.validating].reduce((sum, part) => sum + (part.known ? part.value : 0), 0);
  const what =
    left === 0
      ? 'pods are created as they are'
      : `nothing is repaired, and ${left} webhooks are still there: whoever paused did not take them out`;
  const renew =
    pause.value.marker === 'ConfigMap'
      ? [`by the marker of an earlier version, which ${programName} pause renews`]
      : [];
  const detail = [`paused ${pauseSentence(pause.value)}: ${what}`, ...renew].join('; ');
  return [{ about, severity: 'problem', detail, next: [`${programName} resume`] }];
}

function webhookFindings({ webhooks, pause, policies, namespace, instance }: StatusParts): readonly StatusFinding[] {
  const about = 'webhooks';
  if (pause.known && pause.value.paused) return [];
  if (policies.known && policies.value.length === 0) return [];
  const { mutating } = webhooks;
  if (mutating.known && mutating.value > 0) return [];
  if (!mutating.known && mutating.cause !== 'absent') return [unknown(about, mutating)];
  const what = mutating.known ? 'no webhook in the' : 'no';
  return [
    {
      about,
      severity: 'problem',
      detail: `there is ${what} MutatingWebhookConfiguration ${instance}: pods are created as they are`,
      next: [`kubectl -n ${namespace} logs deployment/${instance} --tail=100`],
    },
  ];
}

function takenBackFindings(
  { takenBack, namespace, instance }: StatusParts,
  programName: string,
): readonly StatusFinding[] {
  const about = 'taken back';
  if (!takenBack.known) return [unknown(about, takenBack)];
  const { workloads, invalid } = takenBack.value;
  const findings: StatusFinding[] = [];
  if (workloads > 0) {
    const of = workloads === 1 ? 'one workload runs' : `${workloads} workloads run`;
    const detail = `${of} uninstrumented, because parts of ours kept their pods from running`;
    findings.push({ about, severity: 'problem', detail, next: [`${programName} coverage -A`] });
  }
  if (invalid > 0) {
    const name = `ConfigMap ${namespace}/${takenBackName(instance)}`;
    const detail = `${name} has ${invalid === 1 ? 'an entry' : `${invalid} entries`} that Outrider did not write, and ignores`;
    const next = [`kubectl -n ${namespace} get configmap ${takenBackName(instance)} -o yaml --show-managed-fields`];
    findings.push({ about, severity: 'problem', detail, next });
  }
  return findings;
}

function isMissing(part: Part<unknown>): boolean {
  return !part.known && part.cause === 'absent';
}

/** The finding for a part that may not be read, or did not answer. */
export function unknown(about: string, part: Extract<Part<unknown>, { known: false }>): StatusFinding {
  const next = part.cause === 'forbidden' ? [`${page}#what-status-reads`] : [];
  return { about, severity: 'unknown', detail: part.why, next };
}
