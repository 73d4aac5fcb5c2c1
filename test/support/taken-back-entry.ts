import type { TakenBackEntry } from '../../src/model/taken-back.js';

/** When tests about entries look: five minutes after the usual one was taken back. */
export const lookMs = Date.parse('2026-01-01T00:05:00Z');

/** The entry of a Deployment, left alone for another five minutes. */
export function entryOf(over: Partial<TakenBackEntry> = {}): TakenBackEntry {
  return {
    namespace: 'shop',
    kind: 'Deployment',
    name: 'web',
    apiVersion: 'apps/v1',
    policy: 'default',
    plan: 'sysdig@1+0123abcd',
    template: { revision: '5d8f7c9b6', containers: ['0123abcd'] },
    evidence: {
      trouble: 'image_not_pulled',
      container: 'sysdig-workload-agent-copy',
      image: 'quay.io/sysdig/workload-agent:6.3.0',
      words: 'ImagePullBackOff',
      pods: ['web-1', 'web-2'],
    },
    since: '2026-01-01T00:00:00Z',
    tries: 0,
    stage: 'LeftAlone',
    at: '2026-01-01T00:10:00Z',
    ...over,
  };
}
