/*
 * Finds out what an API server has loaded. An API server reads its own policies with watches, a moment after they are
 * written, and puts all of them in force together. So the probe is a policy that is written last. It refuses a PodTemplate
 * in the installation's namespace with a word that changes with what was written before it. That refusal proves that the
 * other policies are in force too.
 */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import type { PolicyObject } from './policy-object.js';
import { probeName } from './slots.js';

/** The installation. */
export interface ProbedInstallation {
  readonly instance: string;
  readonly ownNamespace: string;
}

/** A word for what has been written. It changes with each write. */
export function wordOf(written: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(written)).digest('hex').slice(0, 16);
}

/** The probe's policy and binding, in the order in which they are written. */
export function probeObjects({ instance, ownNamespace }: ProbedInstallation, word: string): readonly PolicyObject[] {
  const name = probeName(instance);
  const templates = resources.podTemplates;
  return [
    {
      kind: 'validatingPolicies',
      name,
      policy: word,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [templates.group],
              apiVersions: [templates.version],
              operations: ['CREATE'],
              resources: [templates.plural],
              scope: 'Namespaced',
            },
          ],
        },
        validations: [{ expression: 'false', message: textOf(word), reason: 'Forbidden' }],
      },
    },
    {
      kind: 'validatingPolicyBindings',
      name,
      policy: word,
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: {
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [ownNamespace] }],
          },
          objectSelector: { matchLabels: { [names.selfTest]: word } },
        },
      },
    },
  ];
}

/**
 * Asks one API server, on a new connection, whether it has loaded the probe with a word.
 * @returns why it has not; `undefined` if it has
 */
export async function probe(
  client: Pick<ApiClient, 'create'>,
  { instance, ownNamespace }: ProbedInstallation,
  word: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const templates = resources.podTemplates;
  const template: JsonObject = {
    apiVersion: apiVersionOf(templates),
    kind: templates.kind,
    metadata: {
      generateName: `${instance}-probe-`,
      namespace: ownNamespace,
      labels: { [names.selfTest]: word },
    },
    template: { spec: { containers: [{ name: 'probe', image: 'probe' }] } },
  };
  try {
    const query = { dryRun: 'All' };
    await client.create(pathOf(templates, { namespace: ownNamespace }), template, {
      query,
      signal,
      newConnection: true,
    });
    return 'an API server let a dry run through that it has to refuse: it has not loaded what was written';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message.includes(textOf(word)) ? undefined : `the dry run failed otherwise: ${error.message}`;
  }
}

function textOf(word: string): string {
  return `outrider probe ${word}`;
}
