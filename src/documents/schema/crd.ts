import { stringify } from 'yaml';
import type { z } from 'zod';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { apiVersion } from '../../model/names.js';
import { instrumentationPlanSchema } from '../../model/instrumentation-plan.js';
import { policySchema } from '../../model/policy.js';
import { profileSchema } from '../../model/profile.js';
import { policyStatusSchema, profileStatusSchema } from '../../model/status.js';
import { jsonSchemaOf } from './guide.js';
import { structuralSchema } from './structural.js';

const [group = '', version = ''] = apiVersion.split('/');

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1: shown by `kubectl get -o wide` only. */
  readonly priority?: 1;
}

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly schema: z.ZodType;
  /** Absent: it has none. */
  readonly status?: z.ZodType;
  /** The fields next to the spec, if there are any. The spec is then optional. */
  readonly others?: readonly string[];
  readonly scope: 'Cluster' | 'Namespaced';
  readonly columns: readonly Column[];
}

const coverageColumns: readonly Column[] = [
  {
    name: 'Covered',
    type: 'string',
    jsonPath: ".status.conditions[?(@.type=='Covered')].status",
    description: 'Whether its running pods have what it asks for.',
  },
  {
    name: 'Pods',
    type: 'integer',
    jsonPath: '.status.coverage.pods',
    description: 'Running pods of the policy.',
    priority: 1,
  },
  {
    name: 'Instrumented',
    type: 'integer',
    jsonPath: '.status.coverage.instrumented',
    description: 'Those that have every part.',
    priority: 1,
  },
  {
    name: 'Stale',
    type: 'integer',
    jsonPath: '.status.coverage.stale',
    description: 'Those that are instrumented as something was before.',
    priority: 1,
  },
  {
    name: 'Missed',
    type: 'integer',
    jsonPath: '.status.coverage.missed',
    description: 'Those that run uninstrumented, and should not.',
    priority: 1,
  },
];

const readyColumns: readonly Column[] = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: ".status.conditions[?(@.type=='Ready')].status",
    description: 'Whether it is carried out as it stands.',
  },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: ".status.conditions[?(@.type=='Ready')].reason",
    description: 'Why it is ready, or is not.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since it was created.' },
];

const kinds: readonly Kind[] = [
  {
    kind: 'InstrumentationPolicy',
    plural: 'instrumentationpolicies',
    shortName: 'ipol',
    description: 'Who gets which profile, and how strictly. Exactly one policy wins for a pod.',
    scope: 'Cluster',
    schema: policySchema,
    status: policyStatusSchema,
    columns: [
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'Off, Report or Inject.' },
      { name: 'Prefer', type: 'string', jsonPath: '.spec.prefer', description: 'What gives way on trouble.' },
      {
        name: 'Precedence',
        type: 'integer',
        jsonPath: '.spec.precedence',
        description: 'The highest wins for a pod.',
        priority: 1,
      },
      { name: 'Profile', type: 'string', jsonPath: '.spec.profile.name', description: 'Which agent.' },
      {
        name: 'In force',
        type: 'string',
        jsonPath: ".status.conditions[?(@.type=='InForce')].status",
        description: 'Whether the API server is known to call for its pods.',
      },
      ...readyColumns.slice(0, -1),
      ...coverageColumns,
      ...readyColumns.slice(-1),
    ],
  },
  {
    kind: 'InstrumentationProfile',
    plural: 'instrumentationprofiles',
    shortName: 'iprof',
    description: 'A vendor’s recipe, as data: what an instrumented pod gets.',
    scope: 'Cluster',
    schema: profileSchema,
    status: profileStatusSchema,
    columns: [
      { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'Version of the recipe.' },
      ...readyColumns,
    ],
  },
  {
    kind: 'InstrumentationPlan',
    plural: 'instrumentationplans',
    shortName: 'iplan',
    description:
      'What the API server gives pods of a namespace by itself, and what is known of images there. Only Outrider writes it.',
    scope: 'Namespaced',
    schema: instrumentationPlanSchema,
    others: ['learned'],
    columns: readyColumns.slice(-1),
  },
];

/** The custom resource definitions, from the schemas that files are read with. The same build gives the same objects. */
export function customResourceDefinitions(): readonly JsonObject[] {
  return kinds.map(({ kind, plural, shortName, description, schema, status, others = [], scope, columns }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/name': 'outrider' } },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['outrider'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(status === undefined ? {} : { subresources: { status: {} } }),
          additionalPrinterColumns: columns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: rootSchema(schema, status, others, description) },
        },
      ],
    },
  }));
}

/** The definitions as YAML, one document each, by the name of the object. */
export function definitionsAsYaml(): ReadonlyMap<string, string> {
  const texts = customResourceDefinitions().map((definition): [string, string] => [
    stringOf(objectOf(definition['metadata'])?.['name']) ?? '',
    stringify(definition, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }),
  ]);
  return new Map(texts);
}

function rootSchema(
  schema: z.ZodType,
  status: z.ZodType | undefined,
  others: readonly string[],
  description: string,
): JsonObject {
  const properties = objectOf(jsonSchemaOf(schema)['properties']);
  const schemaOf = (field: string): JsonObject => structuralSchema(objectOf(properties?.[field]) ?? {});
  return {
    description,
    type: 'object',
    ...(others.length === 0 ? { required: ['spec'] } : {}),
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object' },
      spec: schemaOf('spec'),
      ...Object.fromEntries(others.map((field) => [field, schemaOf(field)])),
      ...(status === undefined ? {} : { status: statusPart(status) }),
    },
  };
}

/** A condition is known by its type, so that several writers can each keep their own. */
function statusPart(schema: z.ZodType): JsonObject {
  const status = structuralSchema(jsonSchemaOf(schema));
  const { conditions, ...properties } = objectOf(status['properties']) ?? {};
  const byType = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] };
  return {
    description: 'What Outrider’s leader says of it.',
    ...status,
    properties: { ...properties, conditions: { ...objectOf(conditions), ...byType } },
  };
}
