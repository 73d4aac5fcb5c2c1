/*
 * Finds out what an API server has loaded. An API server reads its own policies with watches, a moment after they are
 * written, and puts all of one kind in force together. So the probe of a kind is a policy that is written last. It refuses a
 * PodTemplate in the installation's namespace, or annotates it, with a word that changes with what was written before it. That
 * answer proves that the other policies of the kind are in force too.
 */
import { createHash } from 'node:crypto';
import { objectOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import type { PolicyObject } from './policy-object.js';
import { probeName } from './slots.js';

const templates = resources.podTemplates;
const matchConstraints: JsonObject = {
  resourceRules: [
    {
      apiGroups: [templates.group],
      apiVersions: [templates.version],
      operations: ['CREATE'],
      resources: [templates.plural],
      scope: 'Namespaced',
    },
  ],
};

/** The installation. */
export interface ProbedInstallation {
  readonly instance: string;
  readonly ownNamespace: string;
}

/** Policies that judge pods are loaded apart from those that instrument them. */
export type ProbedSide = 'judging' | 'instrumenting';

/** A word for what has been written. It changes with each write. */
export function wordOf(written: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(written)).digest('hex').slice(0, 16);
}

/** The probe's policy and binding, in the order in which they are written. */
export function probeObjects(
  { instance, ownNamespace }: ProbedInstallation,
  side: ProbedSide,
  word: string,
): readonly PolicyObject[] {
  const name = probeName(instance);
  const common = { name, policy: word };
  const matchResources: JsonObject = {
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [ownNamespace] }],
    },
    objectSelector: { matchLabels: { [names.selfTest]: word } },
  };
  if (side === 'judging') {
    const validations = [{ expression: 'false', message: textOf(word), reason: 'Forbidden' }];
    const validationActions = ['Deny'];
    return [
      { ...common, kind: 'validatingPolicies', spec: { failurePolicy: 'Fail', matchConstraints, validations } },
      {
        ...common,
        kind: 'validatingPolicyBindings',
        spec: { policyName: name, validationActions, matchResources },
      },
    ];
  }
  const expression = `Object{metadata: Object.metadata{annotations: {"${names.selfTest}": "${word}"}}}`;
  const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }];
  const reinvocationPolicy = 'Never';
  return [
    {
      ...common,
      kind: 'mutatingPolicies',
      spec: { failurePolicy: 'Ignore', reinvocationPolicy, matchConstraints, mutations },
    },
    { ...common, kind: 'mutatingPolicyBindings', spec: { policyName: name, matchResources } },
  ];
}

/**
 * Asks one API server, on a new connection, whether it has loaded the probe with a word.
 * @returns why it has not; `undefined` if it has
 */
export async function probe(
  client: Pick<ApiClient, 'create'>,
  { instance, ownNamespace }: ProbedInstallation,
  side: ProbedSide,
  word: string,
  signal: AbortSignal,
): Promise<string | undefined> {
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
    const made = await client.create(pathOf(templates, { namespace: ownNamespace }), template, {
      query,
      signal,
      newConnection: true,
    });
    if (side === 'judging') {
      return 'an API server let a dry run through that it has to refuse: it has not loaded what was written';
    }
    const isAnnotated = objectOf(objectOf(made['metadata'])?.['annotations'])?.[names.selfTest] === word;
    return isAnnotated ? undefined : 'an API server left a dry run as it was: it has not loaded what was written';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (side === 'judging' && error.message.includes(textOf(word))) return undefined;
    return `the dry run failed otherwise: ${error.message}`;
  }
}

function textOf(word: string): string {
  return `outrider probe ${word}`;
}
