import type { JsonObject } from '../../../src/model/json.js';
import { accessKey, namespace, policy } from './objects.js';

/** What refuses pods in a namespace. */
export type Refusing = 'nobody' | 'security' | 'limits' | 'quota' | 'webhook' | 'policy';

const turns: readonly Refusing[] = ['nobody', 'security', 'limits', 'quota', 'webhook', 'policy', 'nobody', 'security'];
export const namespaces = 40;
export const perNamespace = 25;
export const templates = 100;

/** A namespace with workloads. */
export interface Place {
  readonly name: string;
  readonly refusing: Refusing;
}

export const places: readonly Place[] = Array.from({ length: namespaces }, (_, index) => ({
  name: `team-${index}`,
  refusing: turns[index % turns.length] ?? 'nobody',
}));

/** A workload, and the template in it. */
export interface SceneWorkload {
  readonly place: Place;
  readonly path: string;
  readonly object: JsonObject;
  readonly template: JsonObject;
}

/** Of each namespace the one with the most memory comes first, so that it meets a quota that is not used yet. */
export const workloads: readonly SceneWorkload[] = places.flatMap((place, index) =>
  Array.from({ length: perNamespace }, (_, nth) => workloadOf(place, (index * perNamespace + nth) % templates, nth)),
);

/** The template of a number: they differ in what they start, in memory, and a few in rights. */
function templateOf(number: number): JsonObject {
  const isHuge = number % perNamespace === 0;
  const memory = isHuge ? '99900Mi' : `${64 + (number % 10) * 64}Mi`;
  const isPrivileged = number % 10 === 9;
  return {
    metadata: { labels: { app: `app-${number}` } },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'registry.example/app:1',
          command: ['/bin/app', `--number=${number}`],
          resources: { requests: { cpu: '10m', memory }, limits: { cpu: '20m', memory } },
          ...(isPrivileged ? { securityContext: { privileged: true } } : {}),
        },
      ],
    },
  };
}

function workloadOf(place: Place, number: number, nth: number): SceneWorkload {
  const template = templateOf(number);
  const name = `app-${number}`;
  const at = (plural: string, group: string): string => `/apis/${group}/v1/namespaces/${place.name}/${plural}`;
  const selector = { matchLabels: { app: name } };
  const common = { metadata: { name, namespace: place.name } };
  switch (nth % 5) {
    case 1:
      return {
        place,
        path: at('statefulsets', 'apps'),
        object: {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          ...common,
          spec: {
            replicas: 2,
            serviceName: name,
            selector,
            template,
            volumeClaimTemplates: [
              {
                metadata: { name: 'data' },
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
              },
            ],
          },
        },
        template,
      };
    case 2:
      return {
        place,
        path: at('daemonsets', 'apps'),
        object: { apiVersion: 'apps/v1', kind: 'DaemonSet', ...common, spec: { selector, template } },
        template,
      };
    case 3: {
      const spec = { ...(template['spec'] as JsonObject), restartPolicy: 'Never' };
      const job = { spec: { template: { ...template, spec } } };
      return {
        place,
        path: at('cronjobs', 'batch'),
        object: {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          ...common,
          spec: { schedule: '0 4 * * *', jobTemplate: job },
        },
        template: { ...template, spec },
      };
    }
    default:
      return {
        place,
        path: at('deployments', 'apps'),
        object: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          ...common,
          spec: { replicas: 3, selector, template },
        },
        template,
      };
  }
}

export const selecting = { 'example.com/traced': 'yes' };
export const webhookName = 'budget.example.com';

/** The policy in question: it adds a capability whatever the namespace enforces. */
export const wanted = policy('traced', selecting, { capability: 'Always', delivery: 'Copy' });

/** The namespaces, and in each what refuses. */
export function groundOf(): readonly JsonObject[] {
  return [
    ...places.flatMap(({ name, refusing }) => [
      namespace(name, {
        ...selecting,
        refusing,
        ...(refusing === 'security' ? { 'pod-security.kubernetes.io/enforce': 'baseline' } : {}),
      }),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
      accessKey(name),
      ...(refusing === 'limits' ? [limits(name)] : []),
      ...(refusing === 'quota' ? [quota(name)] : []),
    ]),
    ...validatingPolicy(),
  ];
}

/** What is added keeps to it; some of the templates do not. */
function limits(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'containers', namespace: name },
    spec: { limits: [{ type: 'Container', max: { memory: '500Mi' } }] },
  };
}

function quota(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'memory', namespace: name },
    spec: { hard },
  };
}

const hard = { 'requests.memory': '100000Mi' };

/** What the controller of quotas, which does not run here, writes about a new one: without it, none is in force. */
export const quotaStatus = { status: { hard, used: { 'requests.memory': '0' } } };

function validatingPolicy(): readonly JsonObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'own-processes' },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [
          {
            expression: '!has(object.spec.shareProcessNamespace) || !object.spec.shareProcessNamespace',
            messageExpression: "'pod ' + object.metadata.name + ' shares processes'",
          },
        ],
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'own-processes' },
      spec: {
        policyName: 'own-processes',
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { refusing: 'policy' } } },
      },
    },
  ];
}
