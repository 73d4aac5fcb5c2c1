import { compareSample, type Sample } from '../../inject/pod/sample.js';
import { objectOf } from '../../model/json.js';
import type { ConditionReason, ConditionStatus } from '../../model/status.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError, type ApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';

/** How an API server fills in the parts that a policy adds: the condition `UnknownDefaults`. */
export interface DefaultsFound {
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  /** What was looked at, and what was found, for people. */
  readonly message: string;
}

/** What is needed to show a sample. */
export interface ShowSampleOptions {
  readonly client: Pick<ApiClient, 'create'>;
  readonly instance: string;
  readonly ownNamespace: string;
}

const templates = resources.podTemplates;

/**
 * Shows a sample to the API server, in a dry run with a PodTemplate. Its spec gets the same defaults as a pod's, no pod is
 * made, and no admission plug-in for pods runs. So it does not show what the API server only fills in for pods, such as a
 * token's mount.
 *
 * @param version the API server's; `undefined` while it is not known
 * @throws ApiError if the sample cannot be shown
 */
export async function showSample(
  { client, instance, ownNamespace }: ShowSampleOptions,
  sample: Sample,
  version: string | undefined,
  signal: AbortSignal,
): Promise<DefaultsFound> {
  const template = {
    apiVersion: apiVersionOf(templates),
    kind: templates.kind,
    metadata: { generateName: `${instance}-defaults-`, namespace: ownNamespace },
    template: { spec: sample.spec },
  };
  const path = pathOf(templates, { namespace: ownNamespace });
  const answer = await client.create(path, template, { query: { dryRun: 'All' }, signal });
  const server = version === undefined ? 'the API server, of a version not known yet,' : `Kubernetes ${version}`;
  const spec = objectOf(objectOf(answer['template'])?.['spec']);
  const outcome = compareSample(sample, spec ?? {});
  if ('lacking' in outcome) {
    return notLookedAt(`the answer of ${server} to the dry run of a PodTemplate lacks ${outcome.lacking}`);
  }
  if (outcome.differing === undefined) {
    return {
      status: 'False',
      reason: 'AsKnown',
      message: `In the dry run of a PodTemplate, ${server} filled in nothing but what is known.`,
    };
  }
  return {
    status: 'True',
    reason: 'FilledIn',
    message: `As ${server} filled them in in the dry run of a PodTemplate, ${outcome.differing}.`,
  };
}

/** The message if an API server could not be asked. */
export function refusedSample(error: ApiError): DefaultsFound {
  const right = isApiError(error, 'Forbidden') ? '; the right that is needed is to create podtemplates there' : '';
  return notLookedAt(`the dry run of a PodTemplate failed: ${error.message}${right}`);
}

/** The message if there was nothing to see. */
export function notLookedAt(why: string): DefaultsFound {
  return { status: 'Unknown', reason: 'NotLookedAt', message: `It is not known: ${why}.` };
}
