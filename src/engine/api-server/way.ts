/*
 * Which way a new pod would be instrumented, as far as the policy's condition, the namespace's plan and the pod tell. The API
 * server's conditions say more of a pod than is looked at here: so that it does it is never said without that.
 */
import type { PlanParameters } from '../../model/instrumentation-plan.js';
import { isObject, listOf, objectOf, stringMembersOf, stringOf, stringsOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { StringMap } from '../../model/selector.js';
import { podSecurityLabel } from './conditions.js';

/** What is known about a pod that may come. */
export interface PodToCome {
  readonly pod: JsonObject;
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  /** The policy's condition `ApiServerInjects`. */
  readonly condition: { readonly status: string; readonly message: string };
  /** The parameters of policy and namespace; `undefined`: there are none. */
  readonly plan: PlanParameters | undefined;
}

/** The way, and for people why it is the webhook's, or under what it is the API server's. */
export interface Way {
  readonly by: 'api-server' | 'webhook';
  readonly detail: string;
}

/** Says which way a new pod would be instrumented. */
export function wayOf(about: PodToCome): Way {
  const why = whyWebhook(about);
  if (why !== undefined) return { by: 'webhook', detail: `the webhook: ${why}` };
  const detail =
    'the API server by itself, as far as was looked at (policy, namespace, labels, images): what else its conditions leave to the webhook was not';
  return { by: 'api-server', detail };
}

function whyWebhook({ pod, namespace, namespaceLabels, condition, plan }: PodToCome): string | undefined {
  if (condition.status !== 'True') return condition.message.slice(0, longest);
  if (plan === undefined) return `namespace ${namespace} has no plan for the policy`;
  return whyNamespace(namespace, namespaceLabels, plan) ?? whyMarked(pod) ?? whyImage(pod, plan);
}

/** Conditions hold words of the API server's. */
const longest = 300;

function whyNamespace(namespace: string, labels: StringMap, plan: PlanParameters): string | undefined {
  const inject = labels[names.inject];
  if (inject !== undefined && inject !== 'enabled') return `namespace ${namespace} has ${names.inject}=${inject}`;
  const level = labels[podSecurityLabel];
  if (level === '' || (level ?? '') !== plan.podSecurity) {
    return `the plan of namespace ${namespace} is for another level of Pod Security, or is being given up`;
  }
  return undefined;
}

function whyMarked(pod: JsonObject): string | undefined {
  const metadata = objectOf(pod['metadata']);
  const [label] = Object.entries(stringMembersOf(metadata?.['labels'])).filter(
    ([key, value]) => key.startsWith('outrider.dev/') && !(key === names.inject && value === 'enabled'),
  );
  if (label !== undefined) return `the pod has the label ${label.join('=')}`;
  const annotation = Object.keys(objectOf(metadata?.['annotations']) ?? {}).find((key) =>
    key.startsWith('outrider.dev/'),
  );
  return annotation === undefined ? undefined : `the pod has the annotation ${annotation}`;
}

function whyImage(pod: JsonObject, { images, plans: [current] }: PlanParameters): string | undefined {
  const spec = objectOf(pod['spec']);
  const traced = [
    ...listOf(spec?.['containers']),
    ...(current?.terms.coversInit === true ? listOf(spec?.['initContainers']) : []),
  ];
  for (const container of traced.filter(isObject)) {
    const image = stringOf(container['image']) ?? '';
    const isGiven = (stringsOf(container['command']) ?? []).length > 0;
    if (!isGiven && !Object.hasOwn(images, image)) {
      return `container ${stringOf(container['name']) ?? ''} gives no command, and its image is not in the namespace’s plan`;
    }
  }
  return undefined;
}
