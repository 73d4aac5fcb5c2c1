import { pointerToken } from '../../model/json-pointer.js';
import type { Operation } from '../../model/patch.js';
import type { Plan, PlannedMember } from './plan.js';
import type { PodView } from './view.js';

/**
 * A webhook that gives every container of a pod the token of a cloud identity, except those that an annotation of the pod
 * names. The API server calls it again after us. If it then gives our containers a token, the API server calls us again.
 */
interface IdentityWebhook {
  readonly annotation: string;
  readonly separator: string;
  /** Whether the pod shows that the webhook is called for it. */
  readonly isCalledFor: (view: PodView) => boolean;
}

/**
 * Read in the sources of azure-workload-identity 1.5.1 and its main branch, amazon-eks-pod-identity-webhook 0.6.8 and
 * gcp-workload-identity-federation-webhook. The last two only show by a volume, so only if they run before us.
 */
const webhooks: readonly IdentityWebhook[] = [
  {
    annotation: 'azure.workload.identity/skip-containers',
    separator: ';',
    isCalledFor: ({ labels }) => labels['azure.workload.identity/use'] === 'true',
  },
  {
    annotation: 'eks.amazonaws.com/skip-containers',
    separator: ',',
    isCalledFor: (view) => hasVolume(view, 'aws-iam-token') || hasVolume(view, 'eks-pod-identity-token'),
  },
  {
    annotation: 'cloud.google.com/skip-containers',
    separator: ',',
    isCalledFor: (view) => hasVolume(view, 'gcp-iam-token'),
  },
];

function hasVolume({ volumes }: PodView, name: string): boolean {
  for (const volume of volumes) if (volume['name'] === name) return true;
  return false;
}

/**
 * Tells such webhooks to leave out the containers that a plan adds. The author's text stays first. Nothing depends on it: if
 * our containers get a token anyway, it is tolerated if its volume is known.
 *
 * @param ops after what makes the pod's annotations
 */
export function keepIdentitiesOut(
  ops: Operation[],
  { initContainers, containers }: Pick<Plan, 'initContainers' | 'containers'>,
  view: PodView,
): void {
  for (const { annotation, separator, isCalledFor } of webhooks) {
    if (!isCalledFor(view)) continue;
    const present = view.annotations[annotation];
    const listed = (present ?? '').split(separator).map((name) => name.trim());
    const added = [...initContainers, ...containers].filter(isAdded).map(({ name }) => name);
    const lacking = added.filter((name) => !listed.includes(name)).join(separator);
    if (lacking === '') continue;
    const value = present === undefined || present === '' ? lacking : `${present}${separator}${lacking}`;
    ops.push({
      op: present === undefined ? 'add' : 'replace',
      path: `/metadata/annotations/${pointerToken(annotation)}`,
      value,
    });
  }
}

function isAdded({ present }: PlannedMember): boolean {
  return present === undefined;
}
