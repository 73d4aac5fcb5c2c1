import { unchangingTags } from '../../model/unchanging-tags.js';
import { choice, decimal, duration, flag, integer, list, listOf } from '../setting.js';

/** What replicas do in a cluster besides answering reviews. */
export const inClusterRows = {
  leaseSeconds: integer({
    flag: 'lease-seconds',
    placeholder: 'SECONDS',
    default: 15,
    min: 3,
    max: 300,
    help: 'How long after its last sign of life a leader is taken for gone.',
  }),
  relistMinutes: integer({
    flag: 'relist-minutes',
    placeholder: 'MINUTES',
    default: 10,
    min: 1,
    max: 24 * 60,
    help: 'How often what is watched is also listed again.',
  }),
  probeSeconds: integer({
    flag: 'probe-seconds',
    placeholder: 'SECONDS',
    default: 60,
    min: 0,
    max: 3600,
    help: 'How often the leader proves that the API server reaches the webhook. 0: only after changes.',
  }),
  auditMinutes: decimal({
    flag: 'audit-minutes',
    placeholder: 'MINUTES',
    default: 10,
    min: 0,
    max: 24 * 60,
    help: 'How often the leader checks whether running pods have what their policies ask for. 0: never.',
  }),
  takeBackAfter: duration({
    flag: 'take-back-after',
    default: '5m',
    min: '1s',
    max: '30m',
    help: 'How long our own containers keep a workload’s pods from running before later pods are left alone, under policies that prefer Availability and let pods opt out. It is tried again after the same time, which doubles up to 72 times as long. 0: never.',
  }),
  pullSecrets: flag({
    flag: 'pull-secrets',
    default: true,
    help: 'With --cluster, read pull secrets and ServiceAccounts for look-ups, on demand.',
  }),
  mirrorSecrets: flag({
    flag: 'mirror-secrets',
    default: true,
    help: 'With --cluster, copy access keys and pull secrets into namespaces for policies that say credentials.mirror or agent.mirrorPullSecrets.',
  }),
  events: flag({
    flag: 'events',
    default: true,
    help: 'With --cluster, write Events about skips that matter, partial injections and denials.',
  }),
  sessions: flag({
    flag: 'sessions',
    default: true,
    help: 'With --cluster, judge exec and attach sessions of policies that say so. Needs the right to get pods, one for each session.',
  }),
  breakGlassGroups: list({
    flag: 'break-glass-groups',
    placeholder: 'GROUPS',
    default: ['system:masters'],
    help: 'Groups whose sessions and updates of pods are let through under every policy, also while no replica answers. Without any, nothing of that fails closed.',
  }),
  apiServerPolicies: choice({
    flag: 'api-server-policies',
    default: 'Off',
    of: ['Off', 'Auto'],
    help: 'With --cluster, let the API server inject what it can by itself, also while no replica answers. Auto: where it serves MutatingAdmissionPolicy v1, from Kubernetes 1.36.',
  }),
  immutableTags: listOf({
    flag: 'immutable-tags',
    placeholder: 'PATTERNS',
    default: unchangingTags,
    read: (pattern) => (isPattern(pattern) ? pattern : undefined),
    write: (pattern) => pattern,
    allowed: 'a list of regular expressions',
    help: 'Tags that are never given to another image, as regular expressions: the API server is told what such images start.',
  }),
  planBytes: integer({
    flag: 'plan-bytes',
    placeholder: 'BYTES',
    default: 65_536,
    min: 16_384,
    max: 1_000_000,
    help: 'Largest InstrumentationPlan, of which there is one for each policy and namespace. The API server takes about ten times that of memory.',
  }),
  planTotalBytes: integer({
    flag: 'plan-total-bytes',
    placeholder: 'BYTES',
    default: 16_777_216,
    min: 65_536,
    max: 268_435_456,
    help: 'What all InstrumentationPlans may take. Images that were used longest ago leave first.',
  }),
} as const;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
