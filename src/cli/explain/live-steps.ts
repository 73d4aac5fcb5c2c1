import type { Standstill } from '../../cluster/live/read-standstill.js';
import { pauseSentence, untilText } from '../../cluster/registration/pause-record.js';
import { workloadKind } from '../../model/workload-kinds.js';
import type { ExplainedStep, Explanation, LiveState } from './explanation.js';
import { createSecret } from '../text/phrases.js';
import { templateName } from '../files/template-names.js';

/** The steps about an object in a cluster, in addition to those about its manifest. */
export function liveSteps(
  { cluster, secret, pods, way }: LiveState,
  about: {
    readonly explanation: Explanation;
    readonly standstill: Standstill | undefined;
    /** The settings of the installation that this user cannot read. */
    readonly unread: readonly string[];
    readonly programName: string;
  },
): readonly ExplainedStep[] {
  const { explanation, standstill, unread, programName } = about;
  const steps: ExplainedStep[] = unread.map((what) => ({
    subject: 'installation',
    result: 'note',
    detail: `${what} may not be read: what it says is taken to be the default`,
  }));
  if (standstill !== undefined) steps.push(standstillStep(standstill, programName));
  if (cluster.nodes === undefined) steps.push(nodesStep(cluster));
  if (way !== undefined)
    steps.push({ subject: 'a new pod', result: 'note', detail: `is instrumented by ${way.detail}` });
  if (pods !== undefined && pods.seen > 0) steps.push(podsStep(pods, explanation));
  if (secret !== undefined) steps.push(secretStep(secret));
  return steps;
}

function nodesStep({ nativeSidecars, imageVolumes }: LiveState['cluster']): ExplainedStep {
  const can = `${nativeSidecars ? 'native' : 'no native'} sidecars, ${imageVolumes ? '' : 'no '}image volumes`;
  return { subject: 'nodes', result: 'note', detail: `may not be read; taken to have ${can}` };
}

function secretStep(secret: NonNullable<LiveState['secret']>): ExplainedStep {
  const { namespace, name, key, state } = secret;
  const subject = 'access key';
  const what = `Secret ${namespace}/${name}`;
  if (state === 'present') return { subject, result: 'pass', detail: `${what} has ${key}` };
  if (state === 'unknown') {
    return { subject, result: 'note', detail: `${what} may not be read, so nobody can tell whether it has ${key}` };
  }
  return { subject, result: 'stop', detail: `${what} has no ${key}, or is not there`, remedy: createSecret(secret) };
}

function podsStep({ seen, instrumented }: NonNullable<LiveState['pods']>, explanation: Explanation): ExplainedStep {
  const subject = 'pods now';
  const detail = `${instrumented} of ${seen} ${seen === 1 ? 'is' : 'are'} instrumented`;
  const wanted = explanation.decision === 'inject' || explanation.decision === 'partial';
  if (instrumented === seen || !wanted) return { subject, result: 'note', detail };
  const { kind, apiVersion, namespace = 'default' } = explanation;
  const restarts = workloadKind(kind, apiVersion)?.restarts === true;
  return {
    subject,
    result: 'note',
    detail: `${detail}; the others were created before, or lost a part since`,
    remedy: restarts
      ? `kubectl -n ${namespace} rollout restart ${templateName(explanation)}`
      : 'delete the others, once their work is done',
  };
}

function standstillStep(standstill: Standstill, programName: string): ExplainedStep {
  const subject = 'webhook';
  if (standstill.cause === 'paused') {
    const { pause } = standstill;
    const detail = `paused ${pauseSentence({ ...pause, until: untilText(pause) })}: pods are created as they are`;
    return { subject, result: 'stop', detail, remedy: `${programName} resume` };
  }
  if (standstill.cause === 'unread') {
    const detail = 'its configuration may not be read, so nobody can tell whether pods are sent to it';
    return { subject, result: 'note', detail };
  }
  const detail = 'the API server has no webhook configuration of this installation: pods are created as they are';
  return { subject, result: 'stop', detail, remedy: `${programName} status` };
}
