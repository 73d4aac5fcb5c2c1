import type { PodTemplate } from '../documents/manifest-templates.js';

/** kubectl's short names, as people write them. */
const short: Readonly<Record<string, string>> = {
  Deployment: 'deploy',
  StatefulSet: 'sts',
  DaemonSet: 'ds',
  ReplicaSet: 'rs',
  ReplicationController: 'rc',
};

/** A template as people call it: `deploy/web`. */
export function templateName({ kind, name }: Pick<PodTemplate, 'kind' | 'name'>): string {
  return `${short[kind] ?? kind.toLowerCase()}/${name ?? '(no name)'}`;
}
