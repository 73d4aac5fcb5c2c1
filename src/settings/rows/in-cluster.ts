import { decimal, flag, integer } from '../setting.js';

/** What replicas do in a cluster beside answering reviews. */
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
    help: 'How often what is watched is also listed anew.',
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
    help: 'How often the leader looks whether running pods have what their policies ask for. 0: never.',
  }),
  pullSecrets: flag({
    flag: 'pull-secrets',
    default: true,
    help: 'With --cluster, read pull secrets and ServiceAccounts for look-ups, on demand.',
  }),
  mirrorSecrets: flag({
    flag: 'mirror-secrets',
    default: true,
    help: 'With --cluster, copy access keys into namespaces for policies that say credentials.mirror.',
  }),
  events: flag({
    flag: 'events',
    default: true,
    help: 'With --cluster, write Events about skips that matter, partial injections and denials.',
  }),
} as const;
